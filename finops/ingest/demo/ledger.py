"""The one ledger all exports are written from: the line items of a billing period in order of time."""

from functools import lru_cache
from operator import attrgetter

from finops.ingest.demo.charges import charge_lines, tax_lines
from finops.ingest.demo.discounts import apply_discounts
from finops.ingest.demo.line import Line
from finops.ingest.demo.periods import Period
from finops.ingest.demo.reservations import apply_reservations
from finops.ingest.demo.savings_plans import apply_savings_plans
from finops.ingest.demo.usage import usage_lines

# The truth and the files of an export need the same three months, one of them twice.
_KEPT = 4


@lru_cache(maxsize=_KEPT)
def ledger(period: Period) -> tuple[Line, ...]:
    """Every line item of one delivery of a period, by start."""
    lines = apply_reservations(period, list(usage_lines(period)))
    lines = apply_savings_plans(period, lines)
    lines = apply_discounts(period, [*lines, *charge_lines(period)])
    lines.extend(tax_lines(period, lines))
    lines.sort(key=attrgetter("start"))
    return tuple(lines)
