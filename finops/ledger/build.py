"""From the stored rows of one delivery to its marts, its checks and its entry in the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops import models
from finops.catalog import Problem
from finops.engines.duckdb import DuckDB, literal
from finops.engines.engine import Engine
from finops.engines.layout import Layout
from finops.engines.source import Care, label_sets_sql, source_sql, source_totals_sql, tag_sets_sql, unreadable_sql
from finops.errors import DataError
from finops.ingest.metrics import needed_by, unavailable_metrics
from finops.ledger.recipe import SERVICE_CODES, SOURCE_MODELS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# AWS rounds amortized costs row by row; what stays below half a cent in a month is that, not a missing fee.
_NOTICEABLE = Decimal("0.005")


@dataclass(frozen=True)
class Built:
    """What building one delivery's marts found out. Costs are unblended, in the one currency or in several."""

    rows: int
    unblended: Decimal
    currency: str
    final: bool | None
    last_charge: datetime | None
    payers: dict[str, int]
    unavailable: dict[str, str]
    problems: list[Problem]


def build(
    connection: DuckDBPyConnection,
    layout: Layout,
    files: list[Path],
    folder: Path,
    delivery_id: str,
    period: str,
) -> Built:
    """Build the marts of one delivery with DuckDB, as `build_on` does."""
    return build_on(DuckDB(connection), layout, files, folder, delivery_id, period)


def build_on(engine: Engine, layout: Layout, files: list[Path], folder: Path, delivery_id: str, period: str) -> Built:
    """Build the marts of one delivery as Parquet in `folder` and check that each sums to its input.

    Raises DataError when a cost is blank, the period does not fit, or a sum does not tie.
    """
    folder.mkdir(parents=True, exist_ok=True)
    totals = _bind_source(engine, layout, files, period)
    _write_tag_sets(engine, layout, files, folder, delivery_id)
    _write_marts(engine, folder, delivery_id, period)
    found = _summary(engine, layout)
    unreadable = _unreadable(engine, layout, files)
    unavailable = unavailable_metrics(layout, found["types"], found["has_net"], unreadable)
    return Built(
        rows=totals["line_items"],
        unblended=totals["unblended"],
        currency=found["currency"],
        final=_finality(layout, found["unbilled_lines"]),
        last_charge=found["last_charge"],
        payers=found["payers"],
        unavailable=unavailable,
        problems=[
            *_rounding(totals),
            *_unreadable_notes(unreadable),
            *_notes(engine, layout, unavailable, found),
        ],
    )


def write_marts(connection: DuckDBPyConnection, folder: Path, delivery_id: str, period: str) -> None:
    """Write every mart of the view `line_items` into `folder`.

    Raises DataError when one does not sum to `source_totals`, or the rows are of another period.
    """
    _write_marts(DuckDB(connection), folder, delivery_id, period)


def _write_marts(engine: Engine, folder: Path, delivery_id: str, period: str) -> None:
    for mart in models.folder("marts"):
        _materialise(engine, mart, folder / f"{mart.name}.parquet", delivery_id)
    _require_ties(engine)
    _require_period(engine, period)


def bind_source(connection: DuckDBPyConnection, layout: Layout, files: list[Path], period: str) -> dict[str, Any]:
    """Create the view `line_items` over stored rows, and what it reads; return what the rows sum to."""
    return _bind_source(DuckDB(connection), layout, files, period)


def _bind_source(engine: Engine, layout: Layout, files: list[Path], period: str) -> dict[str, Any]:
    totals = _measure(engine, layout, files, half_even=False)
    if not totals["line_items"]:
        raise DataError("the export has no rows", str(files[0].name), "deliver or copy the period again")
    for blank, what in (("blank_costs", "cost"), ("blank_starts", "start of the charge")):
        if totals[blank]:
            raise DataError(f"{totals[blank]} rows have no {what}", str(files[0].name), "deliver the period again")
    care = Care(half_even=bool(totals["finer_costs"]), instants=bool(totals["instants"]))
    if care.half_even:
        totals = _measure(engine, layout, files, half_even=True)
    _create_line_items(engine, layout, files, period, care)
    return totals


def create_line_items(
    connection: DuckDBPyConnection, layout: Layout, files: list[Path], period: str, care: Care
) -> None:
    """Create the view `line_items` over the stored rows of one delivery, and the views between them and it."""
    _create_line_items(DuckDB(connection), layout, files, period, care)


def _create_line_items(engine: Engine, layout: Layout, files: list[Path], period: str, care: Care) -> None:
    engine.view(f"{layout.shape}_rows", source_sql(layout, files, f"{period}-01", care))
    engine.texts("service_codes", SERVICE_CODES)
    for name, kind in SOURCE_MODELS[layout.shape].items():
        create = engine.table if kind == "table" else engine.view
        create(name, models.model(name).sql)
    engine.view("line_items", f"select * from {layout.shape}_line_items")


def _measure(engine: Engine, layout: Layout, files: list[Path], half_even: bool) -> dict[str, Any]:
    engine.table("source_totals", source_totals_sql(layout, files, half_even))
    return engine.rows("select * from source_totals")[0]


def _write_tag_sets(engine: Engine, layout: Layout, files: list[Path], folder: Path, delivery_id: str) -> None:
    engine.table("label_sets", label_sets_sql(layout, files))
    (count,) = engine.rows("select count(*) as sets, count(distinct tag_set_id) as ids from label_sets")
    if count["sets"] != count["ids"]:
        raise DataError("two different sets of tags got the same number", delivery_id, "report this: it is a bug")
    # a label twice in a set would double the set's cost wherever it is joined
    engine.write(
        "tag_sets",
        f"select {literal(delivery_id)} as delivery_id, tag_set_id, source, key, min(value) as value "
        f"from ({tag_sets_sql(layout, 'label_sets')}) group by tag_set_id, source, key",
        folder / "tag_sets.parquet",
    )


def _materialise(engine: Engine, mart: models.Model, target: Path, delivery_id: str) -> None:
    engine.write(mart.name, f"select {literal(delivery_id)} as delivery_id, * from ({mart.sql})", target)


def _require_ties(engine: Engine) -> None:
    wrong = engine.rows(models.model("marts_tie_to_source").sql)
    if wrong:
        first = wrong[0]
        raise DataError(
            f"{first['view']} sums to {first['found']} {first['measure']}, its input to {first['expected']}",
            "queries/checks/marts_tie_to_source.sql",
            "nothing was changed; please report this",
        )


def _require_period(engine: Engine, period: str) -> None:
    found = DuckDB(engine.marts).rows("select distinct billing_period from period_totals")
    periods = [row["billing_period"] for row in found]
    if periods != [period]:
        raise DataError(
            f"the delivery is of {period}, its rows are of {', '.join(sorted(map(str, periods))) or 'no period'}",
            "billing period",
            "copy the delivery again",
        )


def _summary(engine: Engine, layout: Layout) -> dict[str, Any]:
    marts = DuckDB(engine.marts)
    (totals,) = marts.rows(
        "select string_agg(distinct billing_currency, ', ' order by billing_currency) as currency, "
        "sum(unbilled_lines) as unbilled_lines, max(last_charge) as last_charge, "
        "list(distinct x_line_item_type) filter (where x_line_item_type is not null) as types from period_totals",
    )
    payers = marts.rows(
        "select coalesce(billing_account_id, '') as payer, sum(line_items) as line_items from period_totals group by 1",
    )
    return {
        **totals,
        "payers": {row["payer"]: int(row["line_items"]) for row in payers},
        "has_net": _has_net(engine, layout),
    }


def _has_net(engine: Engine, layout: Layout) -> bool:
    """Whether any line has a net cost; the costs of a FOCUS export are net already."""
    if layout.shape == "focus":
        return True
    return bool(engine.rows("select count(net_unblended) > 0 as found from cur")[0]["found"])


def _finality(layout: Layout, unbilled_lines: int | None) -> bool | None:
    invoice = "bill_invoice_id" if layout.shape == "cur" else "invoice_id"
    return None if not layout.has(invoice) else not unbilled_lines


def _unreadable(engine: Engine, layout: Layout, files: list[Path]) -> dict[str, int]:
    """Optional cost column -> how many of its cells are no number."""
    sql = unreadable_sql(layout, files, needed_by(layout))
    return {column: count for column, count in engine.rows(sql)[0].items() if count} if sql else {}


def _unreadable_notes(unreadable: dict[str, int]) -> list[Problem]:
    return [
        Problem(
            "unreadable_costs",
            f"{count} cells of {column} are no number; metrics that need it are refused",
            column,
        )
        for column, count in unreadable.items()
    ]


def _rounding(totals: dict[str, Any]) -> list[Problem]:
    finer = totals["finer_costs"]
    message = f"{finer} row(s) carry costs of more than 10 decimals; they were rounded half-even"
    return [Problem("rounded_costs", message)] if finer else []


def _notes(engine: Engine, layout: Layout, unavailable: dict[str, str], found: dict[str, Any]) -> list[Problem]:
    notes = []
    rows = DuckDB(engine.marts).rows(models.model("unclassified_charges").sql)
    for row in sorted(rows, key=itemgetter("x_line_item_type")):
        text = (
            f"{row['line_items']} line(s) of the unknown type {row['x_line_item_type']} sum to {row['unblended']:,.2f}"
        )
        notes.append(Problem("unclassified", f"{text}; they are counted at their unblended cost"))
    if layout.shape == "cur":
        notes += _cur_notes(engine, unavailable, found)
    return notes


def _cur_notes(engine: Engine, unavailable: dict[str, str], found: dict[str, Any]) -> list[Problem]:
    notes = []
    if not found["has_net"] and "net_unblended" not in unavailable:
        notes.append(
            Problem(
                "net_equals_gross",
                "no discount and no net columns in this period: net costs are the gross ones",
            )
        )
    if "amortized" not in unavailable:
        for row in engine.rows(models.model("cur_amortized_identity").sql):
            if abs(row["difference"]) >= _NOTICEABLE:
                text = f"amortized cost differs by {row['difference']:,.2f} from what the fees explain"
                notes.append(Problem("amortized_identity", text))
    if "net_amortized" not in unavailable:
        notes += _repeated_fees(engine)
    if found["has_net"] and "net_unblended" not in unavailable:
        for row in DuckDB(engine.marts).rows(models.model("net_ties_to_unblended").sql):
            if abs(row["difference"]) >= _NOTICEABLE:
                text = f"net unblended differs from unblended by {row['difference']:,.2f}"
                notes.append(Problem("net_difference", text))
    return notes


def _repeated_fees(engine: Engine) -> list[Problem]:
    rows = engine.rows(models.model("cur_repeated_plan_fees").sql)
    if not rows:
        return []
    difference = sum((row["difference"] for row in rows), Decimal(0))
    text = (
        f"{len(rows)} Savings Plan fee(s) are billed in several rows; net amortized cost is {difference:,.2f} too low"
    )
    return [Problem("repeated_plan_fees", text)]
