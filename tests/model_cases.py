"""Cases of the SQL models: tables of text in tests/cases, and the ledger that is built from such rows.

A file `<model>.<group>.toml` holds any number of `[[case]]`, each with

    name         what the case shows
    given        the tables the model starts from: rows of an export (cur_rows or focus_rows), from which the whole
                 chain is built as an ingest builds it, or else the very tables that the model reads
    expect       the rows the model must give: only the columns named, in any order; "" where it must give none
    totals       sums over all rows the model gives, by column
    problems     the codes of what building the ledger must note, all of them
    unavailable  the metrics that must be refused, all of them

A table is text: a header, then one line per row, cells parted by `|`. A blank cell is null, columns not named are
null as well. shared.toml has short names for columns, and what every row of an export says unless a case says else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from finops.engines.duckdb import connect, identifier, literal
from finops.engines.layout import Layout, read_layout
from finops.engines.source import MONEY
from finops.ledger.build import Built, build
from finops.ledger.cost_explorer import Month, month_parts
from finops.models import Model, load_models
from tests.demo_cost_explorer import demo_month

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CASES = Path(__file__).with_name("cases")
EXPORTS = ("cur_rows", "focus_rows")
SHAPES = ("cur", "focus", "cost_explorer")
PERIOD = "2026-10"
# The models an ingest builds; rules read tables that are made for the question asked.
BUILT = ("staging", "ledger", "marts", "usage", "checks")
# Tables of the chain that are no model: whose columns they have.
_SAME_AS = {
    "line_items": "cur_line_items",
    "replaced_daily_cost": "daily_cost",
    "replaced_period_totals": "period_totals",
}
# What there is only where a delivery replaces another one.
_OF_TWO_DELIVERIES = {"compared_metrics", "settled_days"}
# What is made when advice is asked for.
_OF_ADVICE = {"commitment_scopes", "storage_kinds", "advice_window"}
# Tables of the chain that nothing computes: the columns they have.
_COSTS = ("x_unblended_cost", "x_net_unblended_cost", "x_amortized_cost", "x_net_amortized_cost")
_ANSWERED = ("billing_account_id", "billing_period_start", "charge_day", "service_name", "billing_currency", *_COSTS)
_SOURCES = {
    "cost_explorer_charge_rows": (*_ANSWERED, "tag_set_id", "record_type"),
    "cost_explorer_group_rows": (*_ANSWERED, "tag_set_id", "sub_account_id", "x_taggable"),
    "cost_explorer_grouped": ("may_carry_tag",),
    "record_types": ("record_type", "x_line_item_type", "charge_category", "may_carry_tag"),
    "service_codes": ("service_name", "x_service_code"),
    "commitment_scopes": ("scope", "service_code", "usage_types", "operations"),
    "storage_kinds": ("service_code", "measure", "storage_class", "usage_types", "operations"),
    "advice_window": ("first_day", "end_day", "first_end_day"),
}
_SHARED = tomllib.loads((CASES / "shared.toml").read_text(encoding="utf-8"))

Row = dict[str, str | None]


@dataclass(frozen=True)
class Table:
    """A table of text cells; a null is None."""

    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Case:
    """One case; `expect`, `totals`, `problems` and `unavailable` are None where it does not say."""

    model: Model
    name: str
    given: dict[str, Table]
    expect: Table | None
    totals: Row | None
    problems: list[str] | None
    unavailable: list[str] | None

    @property
    def export(self) -> str | None:
        """The table of export rows it starts from, if it does."""
        return next((name for name in self.given if name in EXPORTS), None)


@cache
def load_cases() -> tuple[Case, ...]:
    """All cases of all files."""
    return tuple(case for path in sorted(CASES.glob("*.*.toml")) for case in _read(path))


def _read(path: Path) -> Iterable[Case]:
    model = load_models()[path.name.partition(".")[0]]
    for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
        yield Case(
            model=model,
            name=case.pop("name"),
            given={name: export_rows(name, text) for name, text in case.pop("given").items()},
            expect=_renamed(parse_table(case.pop("expect")), model.name) if "expect" in case else None,
            totals=_in_full(case.pop("totals"), model.name) if "totals" in case else None,
            problems=case.pop("problems", None),
            unavailable=case.pop("unavailable", None),
        )
        assert not case, f"{path.name}: a case has no {', '.join(case)}"


def export_rows(table: str, text: str) -> Table:
    """A table that is given, by the full names of its columns, with what each of its rows always says."""
    given = _renamed(parse_table(text), table)
    always = _in_full(_SHARED.get(table, {}).get("always", {}), table)
    return Table(tuple({**always, **dict.fromkeys(given.columns)}), tuple(always | row for row in given.rows))


def _renamed(short: Table, table: str) -> Table:
    columns = tuple(_in_full(dict.fromkeys(short.columns), table))
    return Table(columns, tuple(_in_full(row, table) for row in short.rows))


def _in_full(row: Mapping[str, Any], table: str) -> Row:
    model = load_models().get(_SAME_AS.get(table, table))
    names = _SHARED.get(table if model is None and table not in _SOURCES else "models", {}).get("names", {})
    own = model.columns if model else {}
    return {name if name in own else names.get(name, name): value for name, value in row.items()}


def parse_table(text: str) -> Table:
    """A table written as text: its header, then its rows; a row may end early. No text, no columns."""
    lines = [[cell.strip() or None for cell in line.split("|")] for line in text.splitlines() if line.strip()]
    if not lines:
        return Table()
    columns = tuple(map(str, lines.pop(0)))
    assert all(len(line) <= len(columns) for line in lines), f"a row has more cells than the header: {lines}"
    return Table(columns, tuple(dict(zip(columns, line + [None] * len(columns), strict=False)) for line in lines))


def stored(
    connection: DuckDBPyConnection,
    rows: Sequence[Mapping[str, Any]],
    folder: Path,
    types: Mapping[str, str] | None = None,
) -> tuple[Layout, Path]:
    """Rows as a delivery's one Parquet file: text, unless `types` gives a column's physical type."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    physical = {name: (types or {}).get(name, "VARCHAR") for name in names}
    create_table(connection, "stored_rows", physical, rows)
    path = folder / "rows.parquet"
    connection.execute(f"copy stored_rows to {literal(str(path))} (format parquet)")
    return read_layout(physical, str(path)), path


def build_ledger(
    rows: Sequence[Mapping[str, Any]],
    folder: Path,
    types: Mapping[str, str] | None = None,
    period: str = PERIOD,
) -> tuple[DuckDBPyConnection, Built]:
    """The chain of models over export rows, built as an ingest builds it; the views are in the connection."""
    connection = connect()
    layout, path = stored(connection, rows, folder, types)
    return connection, build(connection, layout, [path], folder / "marts", "case", period)


def create_table(
    connection: DuckDBPyConnection, table: str, types: Mapping[str, str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """A table of the given columns that holds the rows."""
    columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in types.items())
    connection.execute(f"create or replace temp table {identifier(table)} ({columns})")
    values = ", ".join(f"cast(? as {kind})" for kind in types.values())
    if rows:
        connection.executemany(
            f"insert into {identifier(table)} values ({values})", [[row.get(name) for name in types] for row in rows]
        )


def create_given(connection: DuckDBPyConnection, name: str, given: Table, more: Sequence[str] = ()) -> None:
    """A table that a model reads, with `more` and all the columns it has in the chain, and the rows of a case."""
    model = load_models().get(_SAME_AS.get(name, name))
    columns = dict.fromkeys([*(model.columns if model else _SOURCES.get(name, ())), *more, *given.columns])
    create_table(connection, name, {column: column_types().get(column, "VARCHAR") for column in columns}, given.rows)


@cache
def column_types() -> dict[str, str]:
    """The type of every column in the chain, by its name: it is the same in every model."""
    money = MONEY.upper().replace(" ", "")
    types = dict.fromkeys(("cost", "old_cost", "new_cost", "restated_cost"), money)
    types |= {
        "before": "DATE",
        "is_final": "BOOLEAN",
        "is_change": "BOOLEAN",
        "is_gap": "BOOLEAN",
        "fault_id": "BIGINT",
    }
    with TemporaryDirectory() as folder:
        for shape in SHAPES:
            home = Path(folder) / shape
            home.mkdir()
            connection = least_ledger(shape, home)
            for model in models_of(shape):
                types |= described(connection, model.sql)
    return types


def least_ledger(shape: str, folder: Path) -> DuckDBPyConnection:
    """The chain over as little as an export of one shape can hold."""
    if shape == "cost_explorer":
        return build_cost_explorer(demo_month("2026-10"), folder)
    rows = export_rows(f"{shape}_rows", _SHARED[f"{shape}_rows"]["least"]).rows
    return build_ledger(rows, folder)[0]


def build_cost_explorer(month: Month, folder: Path) -> DuckDBPyConnection:
    """The chain over a month of Cost Explorer, built as an ingest builds it, for its cut by record type."""
    connection = connect()
    (part,) = month_parts(connection, month, (), folder, lambda text, size: None)
    part.build(folder / "delivery", "demo")
    return connection


def models_of(shape: str) -> list[Model]:
    """The models that are built from an export of one shape."""
    others = tuple(other for other in SHAPES if other != shape)
    return [
        model
        for model in load_models().values()
        if model.folder in BUILT
        and not model.name.startswith(others)
        and not (_OF_TWO_DELIVERIES | _OF_ADVICE) & set(model.inputs)
    ]


def described(connection: DuckDBPyConnection, sql: str) -> dict[str, str]:
    """The columns of a query and their types, in order."""
    return {row[0]: row[1] for row in connection.execute(f"describe {sql}").fetchall()}


def every_export_row(table: str) -> list[Row]:
    """The rows of all cases that start from this kind of export."""
    return [row for case in load_cases() for row in case.given.get(table, Table()).rows]
