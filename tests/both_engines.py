"""The same delivery built by DuckDB and by Spark, and what differs between the two: nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.catalog import MARTS, deliveries, open_catalog, store_of
from finops.config.spark import SparkPolicy
from finops.engines.duckdb import connect, literal
from finops.engines.spark import _QUIET

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Small jobs: compiling less is faster, and one partition is enough.
QUICK = f"{_QUIET['spark.driver.extraJavaOptions']} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
POLICY = SparkPolicy(
    "local[2]",
    conf={
        "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": QUICK,
        "spark.sql.shuffle.partitions": "2",
    },
)
# What no two loads have in common: names made of the moment, and where the rows are kept.
_OWN = {"delivery_id", "loaded_at", "layout", "identity", "source", "fingerprint"}


def differences(one: Path, other: Path) -> tuple[int, int]:
    """Rows of all marts of two databases, and how many of them only one has. Numbers of tag sets are read as sets."""
    compared = different = 0
    with connect() as connection:
        for first, second in zip(_by_period(one), _by_period(other), strict=True):
            for mart in MARTS:
                for side, folder in (("one", first), ("other", second)):
                    connection.execute(f"create or replace temp view {side} as {_comparable(folder, mart)}")
                assert _types(connection, first, mart) == _types(connection, second, mart)
                compared += _number(connection, "select count(*) from one")
                different += _number(connection, "select count(*) from (from one except all from other)")
                different += _number(connection, "select count(*) from (from other except all from one)")
    return compared, different


def catalog_rows(database: Path) -> list[dict[str, Any]]:
    """What the catalog says of each delivery, and what was found wrong with it; without the names of this load."""
    with open_catalog(database) as catalog:
        notes = catalog.execute("select delivery_id, code, message, place from problems order by all").fetchall()
        lacking = catalog.execute("select * from unavailable_metrics order by all").fetchall()
        payers = catalog.execute("select * from delivery_payers order by all").fetchall()
    return [
        {
            **{name: value for name, value in vars(one).items() if name not in _OWN},
            **{
                name: [row[1:] for row in rows if row[0] == one.delivery_id]
                for name, rows in {"notes": notes, "lacking": lacking, "payers": payers}.items()
            },
        }
        for one in sorted(deliveries(database), key=lambda one: (one.export, one.period))
    ]


def as_texts(rows: Iterable[Sequence[Any]]) -> Counter[tuple[str, ...]]:
    """Rows as texts in which a number is the same whether it is held as decimal, double or integer."""
    return Counter(tuple(_text(cell) for cell in row) for row in rows)


def _text(cell: Any) -> str:
    if isinstance(cell, float):
        cell = Decimal(repr(cell)).quantize(Decimal("1e-10"))
    if isinstance(cell, int | Decimal) and not isinstance(cell, bool):
        return f"{Decimal(cell).normalize():f}"
    return repr(cell)


def _by_period(database: Path) -> list[Path]:
    found = sorted(deliveries(database), key=lambda one: (one.export, one.period))
    return [store_of(database) / one.delivery_id / "marts" for one in found]


def _comparable(folder: Path, mart: str) -> str:
    path = literal(str(folder / f"{mart}.parquet"))
    sets = (
        "select tag_set_id, list((source, key, value) order by source, key, value) as labels "
        f"from read_parquet({literal(str(folder / 'tag_sets.parquet'))}) group by tag_set_id"
    )
    if mart in ("period_totals", "charges"):
        return f"select * exclude (delivery_id) from read_parquet({path})"
    facts = f"select * exclude (delivery_id) from read_parquet({path})"
    return f"select facts.* exclude (tag_set_id), labels from ({facts}) as facts left join ({sets}) using (tag_set_id)"


def _types(connection: DuckDBPyConnection, folder: Path, mart: str) -> list[tuple[str, str]]:
    path = literal(str(folder / f"{mart}.parquet"))
    return [row[:2] for row in connection.execute(f"describe from read_parquet({path})").fetchall()]


def _number(connection: DuckDBPyConnection, sql: str) -> int:
    return int((connection.execute(sql).fetchone() or (0,))[0])
