"""What each reading verb prints in each format, held against files; every JSON document against its schema.

After a wanted change: UPDATE_GOLDEN=1 pytest tests/test_golden.py, and read the difference.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from finops.allocate import allocated_spend
from finops.anomalies.document import anomalies
from finops.anomalies.find import find_anomalies
from finops.budgets.document import budgets_held
from finops.catalog import Problem
from finops.changes import changes
from finops.check import Case, check
from finops.config import Allocation, Environment, Settings, parse_settings
from finops.config.settings import UnitMetric
from finops.dimensions import parse_by
from finops.doctor.check import Check, ok, problem, unchecked
from finops.doctor.examine import as_document
from finops.document import Document, Rows
from finops.estimates.text import from_string
from finops.explain import explain
from finops.output import write
from finops.output.why_document import document as why_document
from finops.price_status import price_status
from finops.prices import PriceBook, read_prices
from finops.reader import Ask, Ledger, open_ledger
from finops.recommend.accepted.document import accepted_advice
from finops.recommend.choosing import Question as CommitmentQuestion
from finops.recommend.claims import claims_of
from finops.recommend.claims_found import Bill
from finops.recommend.claims_held import claims_held
from finops.recommend.commitments import commitments
from finops.recommend.everything import everything, in_one
from finops.recommend.held import held
from finops.recommend.hours import complete_span, hourly_facts
from finops.recommend.lifecycle import lifecycle
from finops.recommend.lifecycle_prices import StoragePrices
from finops.recommend.spot import spot
from finops.recommend.spot_prices import SpotBook, spot_book
from finops.recommend.spot_rerun import Pool
from finops.recommend.waste import waste
from finops.recommend.waste_facts import used
from finops.reconcile.from_ledger import Question, cost_explorer, the_export
from finops.reconcile.invoices import placed, typed
from finops.reconcile.reconcile import reconcile_invoices, reconcile_side
from finops.spend import spend
from finops.status import status
from finops.tag_gaps import tag_gaps
from finops.units.document import unit_costs
from finops.usage import open_usage, price_book
from finops.variance.document import variance
from finops.variance.reading import as_document as as_read
from finops.variance.reading import read_estimates
from finops.variance.why.answer import why
from finops.variance.why.spans import Asked
from tests import report_ledger
from tests.accepted_bill import nat, promised
from tests.accepted_bill import october as october_bill
from tests.advised_export import estate
from tests.anomaly_ledger import bill, monthly_fees, ordinary, runaway, tagged_late
from tests.cost_explorer_delivery import Group, load_answer
from tests.estimated_bill import october
from tests.hourly_export import loaded as loaded_hours
from tests.hourly_export import with_plan
from tests.report_ledger import day, every_day
from tests.small_ledger import SETTINGS, small_ledger
from tests.spot_export import beside, scaling, scaling_covered
from tests.spot_export import on_spot as cheap_hours
from tests.stored_export import requests, standard, stored
from tests.tiny_export import LINES, ingested, restate, write_export
from tests.waste_export import wasteful
from tests.why_ledger import Line as WhyLine
from tests.why_ledger import why_ledger

GOLDEN = Path(__file__).parent / "golden"
SCHEMA = Path(__file__).parent.parent / "docs" / "schema" / "output.schema.json"
COLUMNS = ("bill_invoice_id", "line_item_resource_id", "resource_tags", "savings_plan_used_commitment")
LOADED_AT = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
BUDGETS = """
[environments.prod]
match = { "tag:Environment" = ["prod"] }
budget = { month = 520, day = 16, alert = [0.5, 0.8, 1.0], forecast_alert = [0.9], owner = "web" }
[environments.staging]
match = { account = ["000000000009"] }
budget = { month = "30% of prod" }
[[budget]]
name = "storage"
where = { service = "AmazonS3" }
month = 660
hour = 1
"""
CHECKED = """
[tags]
required = ["Environment", "Owner"]
[check]
tag_coverage = 90
"""
ESTIMATED = Problem("estimated", "costs without an invoice id are estimates", "acme-cur 2026-10")


def spend_by_service(_: Path) -> Document:
    return spend(small_ledger(problems=[ESTIMATED]), parse_by("service,tag:Environment"))


def spend_by_day(_: Path) -> Document:
    return spend(small_ledger(metric="amortized", final=True), parse_by("day,resource"))


def spend_in_total(_: Path) -> Document:
    return spend(small_ledger(final=None), [])


def _allocated(each_rule: bool) -> Document:
    rules = (
        Allocation("tax", "proportional", {"charge_category": ("Tax",)}, by=("spend", "account")),
        Allocation("plans", "fixed", {"service": ("ComputeSavingsPlans",)}, shares={"prod": Decimal(100)}),
        Allocation("untagged", "even", {"tag": ("(untagged)",)}),
    )
    ledger = small_ledger(problems=[ESTIMATED], settings=replace(SETTINGS, allocate=rules))
    return allocated_spend(ledger, parse_by("month,tag:Environment"), each_rule)


def spend_allocated(_: Path) -> Document:
    return _allocated(each_rule=False)


def spend_allocated_by_rule(_: Path) -> Document:
    return _allocated(each_rule=True)


def gaps(_: Path) -> Document:
    return tag_gaps(small_ledger(metric="amortized"))


def gaps_of_nothing(_: Path) -> Document:
    return tag_gaps(small_ledger(lines=[], metric="amortized"))


def loaded(folder: Path) -> Document:
    from finops.cli import main

    database = ingested(folder)
    main(["ingest", str(write_export(folder, name="second")), "--db", str(database)])
    return _at_a_fixed_time(status(database))


def changed(folder: Path) -> Document:
    from finops.cli import main

    database = ingested(folder)
    dearer = {**LINES[0], "lineItem/UnblendedCost": "11.3500000001"}
    restate(folder / "acme", "23c095f7-4939-4253-b41e-7f0f5f12e2be", [dearer, *LINES[1:3]])
    main(["ingest", str(folder / "acme"), "--db", str(database)])
    with changes(database, "unblended") as document:
        totals = {name: _replaced_at_a_fixed_time(rows) for name, rows in document.totals.items()}
        return replace(document, rows=_replaced_at_a_fixed_time(document.rows), totals=totals)


def explained(_: Path) -> Document:
    document = explain("list")
    # Models and checks speak for themselves in their own files, and may be reworded there.
    rows = [row for row in document.rows.read(None) if row[0] not in ("models", "checks")]
    return replace(document, rows=document.rows.of(document.rows.columns, rows))


def examined(_: Path) -> Document:
    return as_document(
        [
            Check("this machine", "memory", "", ok("DuckDB may use 1.2 GB of 8.0 GB")),
            Check(
                "the ledger", "freshness", "", problem("newest charge ends 2026-10-04 01:00 UTC", "finops ingest bill")
            ),
            Check("AWS identity", "payer", "", unchecked("access denied: organizations:DescribeOrganization", "ask")),
            Check("exports", "bill", "", ok("loaded from acme")),
            Check("exports", "granularity", "acme", ok("HOURLY")),
            Check("exports", "columns", "acme", problem(f"the query leaves out {', '.join(COLUMNS)}", "add them")),
            Check("tags", "tag", "Owner", ok("active; owner is inactive", "aws ce ... TagKey=owner,Status=Active")),
        ],
        [Problem("not_asked", "AWS was not asked", "--offline")],
    )


def reconciled_with_cost_explorer(folder: Path) -> Document:
    """Cost Explorer has no tax, one fee more, and a day less."""
    database = ingested(folder, **{"bill/InvoiceId": "42"})
    groups = [
        Group(date(2026, 10, 5), Decimal("14.75")),
        Group(date(2026, 10, 5), Decimal("3.44"), "AmazonRegistrar", "Fee"),
    ]
    load_answer(database, groups)
    question = Question(period="2026-10")
    return _loaded_at_a_fixed_time(
        reconcile_side(the_export(database, question), cost_explorer(database, question), "unblended")
    )


def reconciled_with_invoices(folder: Path) -> Document:
    """One invoice without its tax, one that the export does not know."""
    ours = the_export(ingested(folder, **{"bill/InvoiceId": "42"}), Question())
    given, _ = placed(typed(["42=14.75", "43=7"]), ours, None, "--invoice")
    return _loaded_at_a_fixed_time(reconcile_invoices(ours, given, "unblended"))


def estimates(_: Path) -> Document:
    with contextlib.chdir(GOLDEN.parent / "estimates"):
        return as_read(read_estimates([Path("tables.md"), Path("targets.md"), Path("modes.md")], Settings()))


def held_against_estimates(folder: Path) -> Document:
    from finops.cli import main

    database = folder / "finops.duckdb"
    main(["ingest", str(october(folder)), "--db", str(database)])
    settings = Settings(
        environments=(
            Environment("prod", tags={"Environment": ("prod",)}, estimates=("tables.md",)),
            Environment("staging", accounts=("000000000009",), estimates=("targets.md",)),
        )
    )
    with (
        contextlib.chdir(GOLDEN.parent / "estimates"),
        open_ledger(database, settings, Ask(metric="amortized", by="environment")) as ledger,
    ):
        return _at_a_fixed_time(variance(ledger, None, None))


def held_against_budgets(folder: Path) -> Document:
    from finops.cli import main

    database = folder / "finops.duckdb"
    main(["ingest", str(october(folder)), "--db", str(database)])
    settings = parse_settings(BUDGETS)

    def open_part(ask: Ask) -> AbstractContextManager[Ledger]:
        return open_ledger(database, settings, ask)

    with open_part(Ask(metric="amortized")) as ledger:
        return _at_a_fixed_time(budgets_held(ledger, open_part, database, None, None)[0])


def checked(folder: Path) -> Document:
    """Over a budget, near another, an estimate that holds, coverage too low, and data that are fresh."""
    from finops.cli import main
    from finops.cli.boundary import as_finops_error

    database = folder / "finops.duckdb"
    main(["ingest", str(october(folder)), "--db", str(database)])
    settings = parse_settings(BUDGETS + CHECKED)
    case = Case(database, settings, datetime(2026, 10, 23, 6, tzinfo=UTC))
    with contextlib.chdir(GOLDEN.parent / "estimates"):
        return check(case, ("budget", "coverage", "stale"), as_finops_error)[0]


def explained_change(_: Path) -> Document:
    before, after = date(2026, 10, 5), date(2026, 10, 6)
    covered = {"x_line_item_type": "SavingsPlanCoveredUsage", "pricing_category": "Committed"}
    lines = [
        WhyLine(before, "2.40", "24", "i-stays"), WhyLine(after, "1.32", "12", "i-stays"),
        WhyLine(before, "2.40", "24", "i-grows"),
        WhyLine(after, "4.80", "24", "i-grows", x_usage_type="BoxUsage:m5.xlarge"),
        WhyLine(before, "2.40", "24", "i-moves"), WhyLine(after, "2.40", "24", "i-moves", environment="dev"),
        WhyLine(before, "7", "24", "i-old"), WhyLine(after, "9.0000000001", "24", "i-new", amortized="6", **covered),
        WhyLine(after, "-3", None, None, "Credit", x_charge_type="credit", environment=""),
    ]  # fmt: skip
    ledger = why_ledger(lines)
    return _loaded_at_a_fixed_time(why_document(why(ledger, Asked(start=after, end=date(2026, 10, 7)))))


def priced(folder: Path) -> Document:
    document = price_status(folder / "finops.duckdb", None, date(2026, 11, 21))
    # Lists are added as time goes on; those of one service show how one looks.
    rows = [row for row in document.rows.read(None) if row[0] == "AWSGlue"]
    problems = [Problem("no_own_rates", "the bill's own rates are not known: no bill is loaded")]
    return replace(document, rows=document.rows.of(document.rows.columns, rows), problems=problems)


def committed(folder: Path) -> Document:
    """Sixteen days with a plan, and usage beside it that a second one would pay for."""
    with open_usage(loaded_hours(folder, with_plan([2, 2, 2, 1], days=16))) as usage:
        facts, problems = hourly_facts(usage)
        question = CommitmentQuestion(facts, held(usage.connection), PriceBook(price_book(usage).own), Settings())
        document, _ = commitments(usage, question, problems)
    return _loaded_at_a_fixed_time(document)


def stored_longer_than_needed(folder: Path) -> Document:
    """A bucket nobody reads, with the size of its objects known, one that is read, and one too small."""
    reads = requests("product-pictures", "Requests-Tier2", "GetObject", 5000, "0.0000004")
    rows = [*standard("backups", 10240), *standard("product-pictures", 1000), *reads, *standard("notes", 3)]
    sizes = folder / "sizes.csv"
    sizes.write_text(f"bucket,objects,bytes\nbackups,{10 * 1024**2},{10 * 1024**4}\n")
    with open_usage(stored(folder, rows)) as usage:
        # the embedded lists of one service, as a later one must not change what is printed here
        listed = [row for row in read_prices(services={"AmazonS3"}) if row.as_of == date(2024, 7, 1)]
        prices = StoragePrices.of(PriceBook.of(price_book(usage).own, listed))
        document = lifecycle(usage, prices, Settings(), sizes)
    return _loaded_at_a_fixed_time(document)


def on_spot(folder: Path) -> Document:
    """A group that would pay, one whose commitment would stand idle, and instances that nothing is known of."""
    rows = [*scaling("web"), *scaling_covered("api"), *beside("i-9"), *cheap_hours()]
    with open_usage(loaded_hours(folder, rows)) as usage:
        facts, problems = hourly_facts(usage)
        book = PriceBook(price_book(usage).own)
        pool = Pool(facts, held(usage.connection), book)
        document = spot(usage, Settings(), pool, SpotBook(book, own=spot_book(usage, book).own), problems)
        return _loaded_at_a_fixed_time(document)


def wasted(folder: Path) -> Document:
    """One of each kind of waste; prices are those of the bill alone."""
    with open_usage(loaded_hours(folder, wasteful(), **{"product/region": "us-east-1"})) as usage:
        return _loaded_at_a_fixed_time(waste(usage, Settings(), PriceBook(price_book(usage).own)))


def advised(folder: Path) -> Document:
    """Something for every step but storage; prices are those of the bill alone."""
    with open_usage(loaded_hours(folder, estate(), **{"product/region": "us-east-1"})) as usage:
        book = PriceBook(price_book(usage).own)
        return _loaded_at_a_fixed_time(in_one(usage, everything(usage, Settings(), book), {}))


def claimed(folder: Path) -> Document:
    """A claim that holds, one that is too high, one too low, and one nobody can check."""
    text = (
        "Spot saves 60% of it\nSavings Plans: 30-35% savings\nno NAT gateway saves $50/month\nless logging saves 5%\n"
    )
    with open_usage(loaded_hours(folder, estate(), **{"product/region": "us-east-1"})) as usage:
        span = complete_span(usage.deliveries)
        held_against = Bill(usage, PriceBook(price_book(usage).own), used(usage, Settings(), span))
        found = list(claims_of(from_string(text, "review.md")))
        return _loaded_at_a_fixed_time(claims_held(found, held_against, span))


def unit_economics(_: Path) -> Document:
    orders = UnitMetric("orders", target=Decimal("0.4"))
    values = {day(10, number): Decimal(20) for number in range(1, 32) if number != 12}
    lines = [*every_day(day(10, 1), day(10, 22), cost="8"), *every_day(day(10, 8), day(10, 22), cost="0.005")]
    document = unit_costs(report_ledger.ledger(lines), parse_by("week"), orders, {"orders": values})
    return replace(document, basis=replace(document.basis, deliveries=(), final=False))


def left_the_ordinary(_: Path) -> Document:
    """A new service, tags set late, and fees that nobody judges."""
    ledger = bill([*ordinary(), *runaway(), *tagged_late(), *monthly_fees()])
    return _at_a_fixed_time(anomalies(ledger, find_anomalies(ledger)))


def accepted_before(folder: Path) -> Document:
    """One gateway that is gone, one that stays, and one that nobody promised anything of."""
    rows = [*nat("nat-gone", range(8)), *nat("nat-kept", range(16)), *nat("nat-asked", range(16))]
    database = october_bill(folder, rows, **{"product/region": "us-east-1"})
    with open_usage(database) as usage:
        entries = [promised("nat-gone", "32.85"), promised("nat-kept", "32.85"), promised("nat-asked", None)]
        return _loaded_at_a_fixed_time(accepted_advice(usage, Settings(), entries))


DOCUMENTS: dict[str, Callable[[Path], Document]] = {
    "spend_by_service": spend_by_service,
    "spend_by_day": spend_by_day,
    "spend_in_total": spend_in_total,
    "spend_allocated": spend_allocated,
    "spend_allocated_by_rule": spend_allocated_by_rule,
    "tag_gaps": gaps,
    "tag_gaps_of_nothing": gaps_of_nothing,
    "status": loaded,
    "status_changes": changed,
    "explain": explained,
    "doctor": examined,
    "reconcile_ce": reconciled_with_cost_explorer,
    "reconcile_invoices": reconciled_with_invoices,
    "estimates": estimates,
    "spend_per_unit": unit_economics,
    "variance": held_against_estimates,
    "variance_budgets": held_against_budgets,
    "check": checked,
    "variance_why": explained_change,
    "prices_status": priced,
    "recommend": advised,
    "recommend_claims": claimed,
    "recommend_commitments": committed,
    "recommend_lifecycle": stored_longer_than_needed,
    "recommend_spot": on_spot,
    "recommend_waste": wasted,
    "recommend_accepted": accepted_before,
    "anomalies": left_the_ordinary,
}


@pytest.mark.parametrize("form", ["table", "json", "csv", "md"])
@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_a_verb_prints_what_it_is_known_to_print(
    name: str, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = DOCUMENTS[name](tmp_path)
    capsys.readouterr()
    write(document, form)
    printed, golden = capsys.readouterr().out, GOLDEN / f"{name}.{'txt' if form == 'table' else form}"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(printed, encoding="utf-8")
    assert printed == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_every_json_document_is_valid_and_has_the_agreed_keys(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = DOCUMENTS[name](tmp_path)
    capsys.readouterr()
    write(document, "json")
    parsed = json.loads(capsys.readouterr().out)
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(parsed)
    assert list(parsed) == [
        "schema_version", "command", "period", "metric", "currency", "data", "rows", "totals", "problems",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "broken",
    [
        {"command": "spend", "totals": {}},
        {"command": "spend", "rows": [{"service": "a"}]},
        {"command": "spend", "rows": [{"service": "a", "cost": 1, "allocated": 1}]},
        {"command": "tag-gaps", "rows": [{"tag": "a"}], "totals": {"by_tag": []}},
        {"command": "doctor"},
        {"command": "nonsense"},
        {"more": 1},
    ],
)
def test_the_schema_refuses_what_is_no_document(broken: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    write(spend(small_ledger(), []), "json")
    parsed = json.loads(capsys.readouterr().out) | broken
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(parsed, json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_the_figures_of_the_golden_ledger_are_exact() -> None:
    parsed = json.loads((GOLDEN / "spend_by_service.json").read_text(), parse_float=Decimal, parse_int=Decimal)
    assert parsed["totals"]["cost"] == sum(row["cost"] for row in parsed["rows"]) == Decimal("207.6250000121")


def _at_a_fixed_time(document: Document) -> Document:
    rows = list(document.rows.read(None))
    if "loaded_at" in document.rows.names:
        at = document.rows.names.index("loaded_at")
        rows = [(*row[:at], LOADED_AT, *row[at + 1 :]) for row in rows]
    return _loaded_at_a_fixed_time(replace(document, rows=document.rows.of(document.rows.columns, rows)))


def _loaded_at_a_fixed_time(document: Document) -> Document:
    deliveries = [
        {**one, "loaded_at": LOADED_AT, "delivery_id": f"{one['export']}-{one['period']}-0123456789"}
        for one in document.basis.deliveries
    ]
    return replace(document, basis=replace(document.basis, deliveries=deliveries))


def _replaced_at_a_fixed_time(rows: Rows) -> Rows:
    at = rows.names.index("replaced_at")
    return Rows.of(rows.columns, [(*row[:at], LOADED_AT, *row[at + 1 :]) for row in rows.read(None)])
