"""Writes one export of the company, tree and manifests, and the truth beside it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from finops.errors import UsageError
from finops.ingest.demo.cur import cur2, legacy_csv, legacy_parquet
from finops.ingest.demo.files import CSV_CHUNKS, write_csv_gz, write_parquet, write_status
from finops.ingest.demo.focus import focus
from finops.ingest.demo.layout import EXPORTS, Delivery, athena_folder, manifest_text
from finops.ingest.demo.ledger import ledger
from finops.ingest.demo.line import Line
from finops.ingest.demo.periods import Period, deliveries, periods
from finops.ingest.demo.table import Table
from finops.ingest.demo.truth import truth

_Convert = Callable[[Period, Sequence[Line]], Table]
_CONVERT: dict[str, _Convert] = {
    "legacy-csv": legacy_csv,
    "legacy-parquet": legacy_parquet,
    "cur2-csv": cur2,
    "cur2-parquet": cur2,
    "focus": focus,
    "focus-parquet": focus,
}
SHAPES = tuple(EXPORTS)
DELIVERIES = ("first", "last")


def write_export(shape: str, out: Path, months: int = 3, delivery: str = "last") -> Path:
    """Write the demo company's export of that shape below `out`, as AWS lays it out, and `out`/truth.json.

    `months` (1 to 24) ends with the open month. `delivery` is `last`, or `first` for the tree as it stood
    before the restated month was delivered again; nothing else differs between the two. Returns the folder
    of the export. The same bytes every time, but for Parquet, whose bytes depend on DuckDB. Raises UsageError
    for an unknown shape or delivery, or a number of months that the demo does not have.
    """
    export = EXPORTS[_one_of("shape", shape, SHAPES)]
    newest = periods(months, _one_of("delivery", delivery, DELIVERIES))
    out.mkdir(parents=True, exist_ok=True)
    _write_text(out / "truth.json", json.dumps(truth(months, delivery), indent=1, ensure_ascii=False))
    for period in newest:
        for one in deliveries(period) if export.create_new else [period]:
            _write_delivery(Delivery(export, one), out)
    if export.shape == "legacy-parquet":
        status = "cost_and_usage_data_status"
        write_status(out / athena_folder(export) / status / f"{status}.parquet")
    return out / export.folder


def _write_delivery(delivery: Delivery, out: Path) -> None:
    export = delivery.export
    table = _CONVERT[export.shape](delivery.period, ledger(delivery.period))
    count = CSV_CHUNKS if export.csv else 1
    files = [delivery.data_file(number + 1) for number in range(count)]
    if export.csv:
        write_csv_gz(table, [out / file for file in files])
    else:
        write_parquet(table, out / files[0])
    # The manifests come last: that they are there says that the data is.
    for manifest in delivery.manifests():
        _write_text(out / manifest, manifest_text(delivery, table.fields, files))


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")


def _one_of(what: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise UsageError(f"the demo has no {what} {value!r}", fix="one of " + ", ".join(known))
    return value
