"""The billing periods of a delivery: each with its rows in the store, and how its marts are built."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.engines.layout import Layout
from finops.engines.source import period_column
from finops.errors import DataError
from finops.ingest.discover import Found, are_chunks
from finops.ingest.listing import shown
from finops.ingest.rows import Rows, split_by_period, store_rows
from finops.ledger.build import Built, build

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# What is done, in words, and how many bytes of the delivery that was.
Step = Callable[[str, int], None]


@dataclass(frozen=True)
class Part:
    """One billing period of a delivery, its rows in `files`. `build(folder, delivery_id)` writes `folder`/marts.

    `originals` are its own files where those are not the rows already.
    """

    period: str
    files: Sequence[Path]
    format: str
    shape: str
    layout: dict[str, Any]
    build: Callable[[Path, str], Built]
    originals: Sequence[Path] = ()


# From the files of a delivery on this machine to its billing periods, in a folder.
Parts = Callable[["DuckDBPyConnection", Found, Sequence[Path], Path, Step], Generator[Part, None, None]]


def export_parts(
    connection: DuckDBPyConnection, found: Found, files: Sequence[Path], folder: Path, step: Step
) -> Generator[Part, None, None]:
    """The billing periods in the files of an export. Raises DataError for files that are no export of one."""
    rows = store_rows(connection, files, folder / "rows", partial(_read, found, step), ours=bool(found.fetch))
    for period, part in _periods(connection, found, rows, folder):
        yield part_of(connection, period, part)


def part_of(connection: DuckDBPyConnection, period: str, rows: Rows) -> Part:
    """One billing period whose rows are in the store."""
    layout = replace(rows.layout, types=dict(rows.layout.types), columns=dict(rows.layout.columns))
    built = partial(_build_export, connection, rows, period)
    return Part(period, rows.files, rows.format, rows.layout.shape, asdict(layout), built, rows.originals)


def _build_export(connection: DuckDBPyConnection, rows: Rows, period: str, folder: Path, delivery_id: str) -> Built:
    return build(connection, rows.layout, rows.files, folder / "marts", delivery_id, period)


def _read(found: Found, step: Step, path: Path) -> None:
    # Of what was fetched the bytes were told as they came.
    step(
        f"{found.export} {found.period}: rows" if found.fetch else path.name, 0 if found.fetch else path.stat().st_size
    )


def _periods(connection: DuckDBPyConnection, found: Found, rows: Rows, folder: Path) -> Iterator[tuple[str, Rows]]:
    """The billing periods in the rows, each with its own rows: one where a manifest or path names it."""
    if found.period is not None:
        yield found.period, rows
        return
    require_period_column(found, rows.layout)
    parts = split_by_period(connection, rows, folder)
    refuse_versions(found, len(parts))
    yield from ((period, part) for period, part in parts)


def require_period_column(found: Found, layout: Layout) -> None:
    """Raises DataError where nothing tells the billing period of a row."""
    if not layout.has(period_column(layout)):
        raise DataError(
            "the billing period is in no column, manifest or folder name",
            shown(found.files[0]),
            "put the files into a folder named like BILLING_PERIOD=2026-10",
        )


def refuse_versions(found: Found, periods: int) -> None:
    """Raises DataError where files that merely lie in one folder may be versions of the same billing periods."""
    # Files given by name are taken together.
    if found.reason.startswith("exactly") or len(found.files) == 1 or are_chunks(found.files):
        return
    if periods < len(found.files):
        raise DataError(
            f"{len(found.files)} files hold {periods} billing periods: parts of a delivery, or versions of it?",
            str(found.source),
            "name the files of one delivery",
        )
