"""Whether everything is set up so that figures can be trusted: the machine, the ledger, AWS. Changes nothing."""

from finops.doctor.case import Case
from finops.doctor.examine import doctor, exit_code, open_case

__all__ = ["Case", "doctor", "exit_code", "open_case"]
