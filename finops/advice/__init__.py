"""The mathematics that SQL cannot state: pure functions, numbers in, numbers out."""
