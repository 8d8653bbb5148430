"""The mathematics SQL cannot state: pure functions, numbers in, numbers out."""
