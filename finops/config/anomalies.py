"""[anomalies]: what of daily cost is worth telling."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class AnomalyPolicy:
    """An event is told from `min_impact` on, in the currency of the bill; a day from `min_percent` of the ordinary on.

    `sigmas` is how rare a day has to be, in spreads of the series; `finops anomalies --replay` tells what each costs.
    """

    min_impact: Decimal = Decimal(10)
    min_percent: Decimal = Decimal(20)
    sigmas: Decimal = Decimal(7)
