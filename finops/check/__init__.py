"""One answer for CI: what is over, what is as it should be, and what could not be checked."""

from finops.check.case import Case
from finops.check.run import check, exit_code

__all__ = ["Case", "check", "exit_code"]
