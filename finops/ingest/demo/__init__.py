"""The demo estate: one deterministic ledger of an invented company, written in every shape AWS exports bills in.

Use it as a test kit: `write_export` lays out a tree as AWS would, with `truth.json` beside it, which says exactly what
a tool that reads the tree must find.
"""

from pathlib import Path
from typing import Any

from finops.errors import UsageError
from finops.ingest.demo.estate import settings_toml

__all__ = ["DELIVERIES", "SHAPES", "settings_toml", "truth", "write_export"]

SHAPES = ("legacy-csv", "legacy-parquet", "cur2-csv", "cur2-parquet", "focus", "focus-parquet")
DELIVERIES = ("first", "last")


def write_export(shape: str, out: Path, months: int = 3, delivery: str = "last") -> Path:
    """Writes one export tree and `truth.json` below `out`, which stands for the bucket; returns the export's folder.

    `months` counts back from the open month 2026-10 (1 to 24). `delivery="first"` writes the tree as it stood before
    2026-09 was restated. Raises UsageError for a shape, a delivery or a number of months that does not exist.
    """
    from finops.ingest.demo.files import write_json
    from finops.ingest.demo.ledger import ledger
    from finops.ingest.demo.periods import deliveries, periods
    from finops.ingest.demo.tree import SHAPES as KNOWN
    from finops.ingest.demo.tree import export_folder, write_delivery
    from finops.ingest.demo.truth import document, summary

    _check("shape", shape, SHAPES)
    _check("delivery", delivery, DELIVERIES)
    summaries = []
    for newest in periods(months, delivery):
        for period in deliveries(newest):
            lines = ledger(period)
            found = summary(period, lines)
            summaries.append(found)
            if period is newest or KNOWN[shape].create_new:
                write_delivery(KNOWN[shape], lines, period, found["rows"][shape], out)
    write_json(out / "truth.json", document(summaries))
    return export_folder(KNOWN[shape], out)


def truth(months: int = 3) -> dict[str, Any]:
    """What `truth.json` holds for an export of `months` months after the restatement; money is exact text."""
    from finops.ingest.demo.ledger import ledger
    from finops.ingest.demo.periods import deliveries, periods
    from finops.ingest.demo.truth import document, summary

    known = [period for newest in periods(months) for period in deliveries(newest)]
    return document([summary(period, ledger(period)) for period in known])


def _check(word: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"no {word} named {value!r} in the demo", fix=f"one of: {', '.join(known)}")
