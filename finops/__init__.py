"""finops: a bill you can trust, on a laptop, in one minute."""

__version__ = "0.1.0"
