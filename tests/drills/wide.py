"""Bills far wider than usual: accounts, tag keys, resources, long values, one huge row group. Memory is measured."""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from tests.bench.measure import Measured, finops, measure, python
from tests.drills.tally import Drill, Tally, total
from tests.tiny_export import COLUMNS

_LIMIT = "2GiB"
# DuckDB's limit is on what it manages; Python, its own code and the allocator come on top.
_PEAK_MEBIBYTES = 3_072
_FAMILY = "👩\u200d👩\u200d👧\u200d👦"
_EMOJI = _FAMILY * (256 // 4)


def accounts(drill: Drill) -> Tally:
    """10,000 accounts."""
    return _month(drill, "10,000 accounts", 10_000, "lineItem_UsageAccountId", "lpad(i::varchar, 12, '0')", "account")


def tag_keys(drill: Drill) -> Tally:
    """5,000 tag keys, as columns of a CSV."""
    tally, folder = Tally("5,000 tag keys"), drill.folder / "BILLING_PERIOD=2026-10"
    folder.mkdir()
    keys = [f"resourceTags/user:key{number}" for number in range(5_000)]
    names = [*COLUMNS, *keys]
    with (folder / "bill.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(names)
        for number in range(500):
            cells = {**COLUMNS, "lineItem/UnblendedCost": "1", "lineItem/ResourceId": f"i-{number}"}
            writer.writerow([*cells.values(), *("x" if key % 500 == number else "" for key in range(5_000))])
    database = _ingested(tally, drill, folder)
    _require(tally, database, "tag:key7", 2, Decimal(500))
    return tally


def resources(drill: Drill) -> Tally:
    """2 million resources."""
    return _month(drill, "2 million resources", 2_000_000, "lineItem_ResourceId", "'i-' || md5(i::varchar)", "resource")


def emoji(drill: Drill) -> Tally:
    """Tag values of 256 emoji, joined and not, beside every way of writing right to left."""
    values = [_EMOJI, "🧾" * 256, "\u202e" + "🧾" * 255, "\ufdfa" * 256]
    cases = " ".join(f"when {number} then '{value}'" for number, value in enumerate(values))
    tag = f"case i % {len(values)} {cases} end"
    return _month(drill, "tag values of 256 emoji", 1_000, "resourceTags/user:Owner", tag, "tag:Owner", len(values))


def row_group(drill: Drill) -> Tally:
    """One row group of a gibibyte, under a memory limit of two."""
    filler = "md5(i::varchar) || md5((i + 1)::varchar) || md5((i + 2)::varchar) || md5((i + 3)::varchar)"
    return _month(drill, "a row group of 1 GiB", 8_000_000, "lineItem_LineItemDescription", filler, "service", 1)


def _month(drill: Drill, name: str, rows: int, column: str, value: str, by: str, groups: int | None = None) -> Tally:
    """A month of so many rows that cost 0.25 each, with one column of its own, in one row group."""
    tally, folder = Tally(name), drill.folder / "BILLING_PERIOD=2026-10"
    folder.mkdir()
    plain = {key.replace("/", "_"): f"'{text}'" for key, text in COLUMNS.items()}
    columns = {**plain, "lineItem_UnblendedCost": "'0.25'", "lineItem_ResourceId": "'i-' || (i % 1000)", column: value}
    select = ", ".join(f'{sql} as "{key}"' for key, sql in columns.items())
    _write(
        f"copy (select {select} from range({rows}) r(i)) to '{folder / 'bill.parquet'}' "
        f"(format parquet, compression snappy, row_group_size {max(rows, 2048)})"
    )
    database = _ingested(tally, drill, folder)
    _require(tally, database, by, groups or rows, Decimal(rows) / 4)
    return tally


def _write(sql: str) -> None:
    """Run a statement in a process of its own: a child begins with the peak of its parent."""
    subprocess.run(python("import duckdb, sys; duckdb.execute(sys.argv[1])", sql), check=True, capture_output=True)


def _ingested(tally: Tally, drill: Drill, folder: Path) -> Path:
    database = drill.folder / "finops.duckdb"
    size = sum(path.stat().st_size for path in folder.iterdir())
    told = _measured(tally, "ingest", *finops("ingest", str(folder), "--db", str(database)))
    tally.note = f"{size / 2**20:,.0f} MiB; {told}" if told else ""
    return database


def _measured(tally: Tally, what: str, *command: str) -> str:
    tally.inputs += 1
    try:
        used: Measured = measure(list(command), env={"FINOPS_MEMORY": _LIMIT})
    except RuntimeError as error:
        tally.tracebacks.append(f"{what}: {error}")
        return ""
    if used.mebibytes > _PEAK_MEBIBYTES:
        tally.tracebacks.append(f"{what}: {used.mebibytes:,.0f} MiB, more than {_PEAK_MEBIBYTES:,}")
    return f"{what} {used.seconds:.0f} s, {used.mebibytes:,.0f} MiB"


def _require(tally: Tally, database: Path, by: str, groups: int, cost: Decimal) -> None:
    """Every group is there once, and they sum to the whole."""
    target = database.with_suffix(".csv")
    words = ("spend", "--by", by, "--format", "csv", "-o", str(target), "--db", str(database))
    told = _measured(tally, f"spend --by {by}", *finops(*words))
    tally.note += f"; {told}"
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8")))) if target.exists() else []
    found = sum((Decimal(row["cost"]) for row in rows), Decimal(0))
    if (len(rows), found, total(database)) != (groups, cost, cost):
        tally.wrong_sums.append(f"{by}: {len(rows)} groups of {found}, not {groups} of {cost}")


DRILLS: dict[str, Callable[[Drill], Tally]] = {
    "accounts": accounts,
    "tag-keys": tag_keys,
    "resources": resources,
    "emoji": emoji,
    "row-group": row_group,
}
