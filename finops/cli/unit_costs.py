"""What `finops spend --per METRIC` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finops.dimensions import Dimension
    from finops.reader import Ask


def show_unit_costs(
    per: str, by: Sequence[Dimension], ask: Ask, form: str, output: Path | None, db: Path | None, config: Path | None
) -> None:
    """Print what a unit of the metric costs; the filter of the metric narrows that of the question."""
    from finops.cli.reading import opened
    from finops.config import load_settings
    from finops.output import write
    from finops.units.document import metric_named, unit_costs, where_of

    metric, measures = metric_named(load_settings(config), per)
    with opened(replace(ask, where=(*ask.where, *where_of(metric))), db, config) as ledger:
        write(unit_costs(ledger, by, metric, measures), form, output)
