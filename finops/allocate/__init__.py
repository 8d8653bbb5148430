"""Attribution: shared cost and split cost allocation, divided so that the total stays the bill to the last decimal."""

from finops.allocate.answer import allocated_spend
from finops.allocate.plan import dimensions_needed

__all__ = ["allocated_spend", "dimensions_needed"]
