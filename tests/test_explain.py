"""Explanations: what they say of a metric is what the models do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from finops.document import Document
from finops.errors import UsageError
from finops.explain import column_definitions, explain
from finops.metrics import EVERYTHING_ELSE, METRICS, PLAN_REFUND, RESERVATION_FEE
from finops.models import load_models, ordered

# Kinds of charges that are more than a line item type, as the model tells them apart.
SPECIAL = {
    RESERVATION_FEE: {"x_line_item_type": "Fee", "x_reservation_arn": "arn:ri"},
    PLAN_REFUND: {
        "x_line_item_type": "Refund",
        "x_service_code": "ComputeSavingsPlans",
        "charge_description": "Refund for one-time fee for Savings Plan ID 1",
    },
}
ELSE = ("Usage", "Tax", "Credit", "Fee", "Refund", "a type of next year")
TEXT = (
    "x_line_item_type", "x_reservation_arn", "x_savings_plan_arn", "x_service_code", "x_usage_type",
    "x_operation", "charge_description", "x_billing_entity", "x_bill_type", "x_instance_type",
    "x_pricing_term", "resource_id", "billing_currency", "invoice_id",
)  # fmt: skip


def parts(document: Document) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = {}
    for part, *rest in document.rows.read(None):
        found.setdefault(part, []).append(tuple(rest))
    return found


def cases() -> list[Any]:
    """Every formula of every metric with a line it applies to."""
    found = []
    for metric in METRICS.values():
        named = {kind for formula in metric.cur for kind in formula.charges.split(", ")}
        for formula in metric.cur:
            for charges in formula.charges.split(", "):
                kinds = (
                    [kind for kind in ELSE if kind not in named]
                    if charges in (EVERYTHING_ELSE, "every line")
                    else [charges]
                )
                for kind in kinds:
                    line = SPECIAL.get(kind, {"x_line_item_type": kind})
                    found.append(pytest.param(metric.column, formula.sql, line, id=f"{metric.name}-{kind}"))
    return found


@pytest.fixture(scope="module")
def models() -> duckdb.DuckDBPyConnection:
    """A connection with the table `cur` and every model of the ledger that is made from it."""
    connection = duckdb.connect()
    columns = ", ".join(f"{name} {_type(name)}" for name in load_models()["cur"].columns)
    connection.execute(f"create table cur ({columns})")
    made = {"cur"}
    for model in ordered(load_models().values()):
        if model.folder == "ledger" and made.issuperset(model.inputs):
            connection.execute(f"create view {model.name} as {model.sql}")
            made.add(model.name)
    return connection


@pytest.mark.parametrize("net", [True, False], ids=["with net columns", "without"])
@pytest.mark.parametrize(("column", "sql", "line"), cases())
def test_the_formula_told_is_the_one_that_is_computed(
    models: duckdb.DuckDBPyConnection, column: str, sql: str, line: dict[str, str], net: bool
) -> None:
    _put(models, line, net)
    sql = sql.partition(" - sum(")[0] if net else _gross(sql, column, line)
    told = models.execute(f"select cast({sql} as decimal(38, 10)) from cur").fetchone()
    computed = models.execute(f"select {column} from cur_line_items").fetchone()
    assert told == computed


def test_a_metric_names_its_models_and_checks_in_the_order_data_flow() -> None:
    found = parts(explain("amortized"))
    names = [line[0] for line in found["models"]]
    assert names.index("cur_line_items") < names.index("resource_daily") < names.index("daily_cost")
    assert "period_totals" in names
    assert {"cur_amortized_identity", "marts_tie_to_source"} <= {line[0] for line in found["checks"]}


@pytest.mark.parametrize("name", list(METRICS))
def test_every_metric_is_explained_for_both_kinds_of_export(name: str) -> None:
    found = parts(explain(name))
    assert found["formula from a Cost and Usage Report"]
    assert found["formula from FOCUS"]
    assert METRICS[name].column in load_models()["daily_cost"].columns


@pytest.mark.parametrize("name", list(load_models()))
def test_every_model_is_explained_with_its_columns_and_file(name: str) -> None:
    found = parts(explain(name))
    assert found["model"][0][3].startswith("queries/")
    assert [line[0] for line in found["columns"]] == list(load_models()[name].columns)


def test_a_column_is_followed_to_what_it_is_made_from() -> None:
    made = dict(column_definitions(load_models()["cur_line_items"], "x_amortized_cost"))
    assert list(made)[:2] == ["x_amortized_cost", "amortized_cost"]
    assert "savings_plan_used" in made["amortized_cost"]
    assert "is_upfront_refund" in made


def test_a_column_that_is_passed_on_is_its_own_source() -> None:
    assert column_definitions(load_models()["daily_cost"], "region_id") == [("region_id", "region_id")]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("amortised", "amortized"),
        ("daily_costs", "daily_cost"),
        ("daily_cost.list_csot", "daily_cost.list_cost"),
    ],
)
def test_an_unknown_name_is_an_error_that_names_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UsageError) as error:
        explain(name)
    assert error.value.fix == f"finops explain {nearest}"


def _type(name: str) -> str:
    if name.endswith(("_start", "_end")):
        return "timestamp"
    return "varchar" if name in TEXT or name.endswith(("_id", "_name", "_zone", "_unit")) else "decimal(38, 10)"


def _put(connection: duckdb.DuckDBPyConnection, line: dict[str, str], net: bool) -> None:
    """One line in `cur` whose every amount is different, so that no formula is right by chance."""
    amounts = [name for name in load_models()["cur"].columns if _type(name) == "decimal(38, 10)"]
    values: dict[str, Any] = {
        name: Decimal(2) ** n for n, name in enumerate(amounts) if net or "net" not in name.split("_")
    }
    values |= {
        "tag_set_id": 1,
        "charge_period_start": "2026-10-01",
        "charge_period_end": "2026-10-01 01:00",
    } | line
    connection.execute("delete from cur")
    connection.execute(
        f"insert into cur ({', '.join(values)}) values ({', '.join('?' * len(values))})",
        list(values.values()),
    )


def _gross(sql: str, column: str, line: dict[str, str]) -> str:
    """The formula where the export has no net columns: the gross columns stand in."""
    fee = line["x_line_item_type"] in ("SavingsPlanRecurringFee", "RIFee")
    if column != "x_net_amortized_cost" or not fee:
        return sql
    return next(one.sql for one in METRICS["amortized"].cur if one.charges == line["x_line_item_type"])
