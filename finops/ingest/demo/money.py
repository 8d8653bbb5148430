"""Exact arithmetic in whole units of 1e-10: dollars, rates and amounts of usage alike.

Integers are exact like Decimal and several times faster, and a tenth decimal is the finest the ledger keeps.
"""

SCALE = 10
ONE: int = 10**SCALE


def units(text: str) -> int:
    """The number `text` (plain decimal, at most ten decimals) in units of 1e-10."""
    sign = -1 if text.startswith("-") else 1
    whole, _, fraction = text.lstrip("-").partition(".")
    if len(fraction) > SCALE:
        raise ValueError(f"more than {SCALE} decimals: {text}")
    return sign * (int(whole) * ONE + int(fraction.ljust(SCALE, "0")))


def text(value: int) -> str:
    """`value` units of 1e-10 as a plain decimal without trailing zeros."""
    sign = "-" if value < 0 else ""
    whole, fraction = divmod(abs(value), ONE)
    if not fraction:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:010d}".rstrip("0")


def java_text(value: int) -> str:
    """`value` as Java's BigDecimal prints it, which legacy reports show: 1.81E-8 below a millionth."""
    if value == 0 or abs(value) >= 10_000:
        return text(value)
    digits = str(abs(value)).rstrip("0")
    exponent = len(str(abs(value))) - 1 - SCALE
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{'-' if value < 0 else ''}{mantissa}E{exponent}"


def divide(numerator: int, denominator: int) -> int:
    """The quotient, half rounded to even; `denominator` must be positive."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient % 2):
        return quotient + 1
    return quotient


def times(left: int, right: int) -> int:
    """The product of two numbers in units of 1e-10, half rounded to even."""
    return divide(left * right, ONE)
