"""From the `[units]` table to the measures of business; here is what no schema can say of them."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from finops.config.lines import Path
from finops.config.parts import environment_words, part_where
from finops.config.schema import PERCENT_OF, Mismatch
from finops.config.settings import Environment, TagPolicy, UnitMetric, Units


def units(
    table: Mapping[str, Any], environments: Sequence[Environment], policy: TagPolicy, line_of: Callable[[Path], int]
) -> Units:
    """The measures of a checked table. Raises Mismatch for a target that does not fit its measure."""
    words = environment_words(environments, policy)
    metrics = tuple(
        _metric(name.strip(), row, words, policy, line_of) for name, row in table.get("metrics", {}).items()
    )
    return Units(table.get("file", ""), metrics)


def _metric(
    name: str, row: Mapping[str, Any], words: Mapping[str, str], policy: TagPolicy, line_of: Callable[[Path], int]
) -> UnitMetric:
    path: Path = ("units", "metrics", name)
    currency = row.get("currency", "")
    return UnitMetric(
        name=name,
        where=part_where(row.get("where", {}), (*path, "where"), words, policy),
        currency=currency,
        target=_target(row["target"], (*path, "target"), currency) if "target" in row else None,
        line=line_of(path),
    )


def _target(value: Any, path: Path, currency: str) -> Decimal:
    """An amount per unit; of money a number of percent."""
    share = PERCENT_OF.fullmatch(value) if isinstance(value, str) else None
    if share and not currency:
        raise Mismatch(
            path, "a share is of money, and this measure has no currency", 'currency = "USD", or target = 0.05'
        )
    if currency and not share:
        raise Mismatch(path, "of money the target is a share", 'target = "20%"')
    return Decimal(share[1]) if share else Decimal(value)
