"""The export held against Cost Explorer and the invoices: each planted difference is named, none is lost."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.cli import main
from finops.errors import DataError
from finops.reconcile.pot import HALF_A_CENT
from tests import demo_bills
from tests.cost_explorer_delivery import Group, load_answer
from tests.demo_bills import (
    FINAL,
    OPEN,
    PAYER,
    SELLER,
    Plant,
    Summary,
    answer,
    answered,
    charged,
    copied,
    more,
    of_final_month,
    without,
    without_discount,
    written,
)
from tests.tiny_export import ingested, write_export

Document = dict[str, Any]


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo_bills.write_ledger(tmp_path_factory.mktemp("bill"))


@pytest.fixture
def database(bill: Path, tmp_path: Path) -> Path:
    return copied(bill, tmp_path / "copy")


@pytest.fixture
def invoices(tmp_path: Path) -> list[Summary]:
    return demo_bills.summaries(tmp_path)


def reconciled(capsys: pytest.CaptureFixture[str], database: Path, *words: object) -> tuple[int, Document, str]:
    """The exit code, the document and what was said."""
    capsys.readouterr()
    code = main(["reconcile", *map(str, words), "--format", "json", "--db", str(database)])
    out, err = capsys.readouterr()
    return code, json.loads(out, parse_float=Decimal, parse_int=Decimal) if out else {}, err


def reasons(document: Document) -> dict[str, Decimal]:
    """Reason -> the sum of its differences, without those that only stand under another kind."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in document["rows"]:
        if row["reason"]:
            sums[row["reason"]] += row["difference"]
    return {reason: cost for reason, cost in sums.items() if cost}


def messages(document: Document) -> list[str]:
    return [problem["message"] for problem in document["problems"]]


def require_every_dollar(document: Document) -> None:
    rows, totals = document["rows"], document["totals"]
    for key in ("export_cost", "other_cost", "difference"):
        assert sum(row[key] for row in rows) == totals[key]
        assert sum(row[key] for row in totals["by_period"]) == totals[key]
    assert all(row["export_cost"] - row["other_cost"] == row["difference"] for row in rows)
    assert all((row["reason"] is None) == (row["difference"] == 0) for row in rows)


# --- Cost Explorer

CE_PLANTS: dict[str, tuple[Plant, str, dict[str, str]]] = {
    "tax": (without(lambda one: one.type == "Tax"), FINAL, {"tax": "84.41"}),
    "tax of one service": (
        without(lambda one: one.type == "Tax" and one.service == "AmazonS3"), FINAL, {"tax": "10"},
    ),
    "support": (without(lambda one: "Support" in one.service), FINAL, {"support": "100"}),
    "credit": (more("-25", "2026-09-20", "AmazonS3", "Credit"), FINAL, {"credit": "25"}),
    "refund": (without(lambda one: one.type == "Refund"), FINAL, {"refund": "-18.4"}),
    "marketplace": (without(lambda one: one.service == SELLER), FINAL, {"marketplace": "66.268"}),
    "upfront": (without(lambda one: one.type == "SavingsPlanUpfrontFee"), FINAL, {"upfront": "262.8"}),
    "discount": (without(lambda one: one.is_discount), FINAL, {"discount": "-104.822536249"}),
    "rounding": (more("0.004", "2026-09-20"), FINAL, {"rounding": "-0.004"}),
    "not final": (more("5", "2026-10-26"), OPEN, {"not final": "-5"}),
    "not final tax": (more("1.5", "2026-10-01", kind="Tax"), OPEN, {"not final": "-1.5"}),
    "not yet delivered": (more("40", "2026-10-28"), OPEN, {"not yet delivered": "-40"}),
    "unexplained": (more("3.44", "2026-09-10"), FINAL, {"unexplained": "-3.44"}),
    "unexplained on an old day of an open month": (more("3.44", "2026-10-10"), OPEN, {"unexplained": "-3.44"}),
    "unexplained tax": (more("1.5", "2026-09-01", kind="Tax"), FINAL, {"unexplained": "-1.5"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CE_PLANTS)
def test_each_difference_from_cost_explorer_is_named(
    name: str, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant, period, expected = CE_PLANTS[name]
    answered(database, period, plant)
    code, document, said = reconciled(capsys, database, "--period", period, "--against", "ce")
    assert reasons(document) == {reason: Decimal(cost) for reason, cost in expected.items()}
    left = abs(Decimal(expected.get("unexplained", 0)))
    assert document["totals"]["unexplained"] == left
    assert code == (1 if left else 0)
    require_every_dollar(document)
    assert all(reason in said for reason in expected)


def test_all_of_it_at_once_is_named_to_the_last_digit(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def everything(groups: list[Group]) -> list[Group]:
        for name, (plant, period, _) in CE_PLANTS.items():
            # nothing is left of the tax that one service could lack
            groups = plant(groups) if period == FINAL and name != "unexplained tax" else groups
        return groups

    answered(database, FINAL, everything)
    _, document, _ = reconciled(capsys, database, "--period", FINAL)
    require_every_dollar(document)
    found = reasons(document)
    assert found.keys() == {"tax", "support", "credit", "refund", "marketplace", "upfront", "discount", "unexplained"}
    # the fraction of a cent is on the row of what nothing explains
    assert found["unexplained"] == Decimal("-3.444")


def test_the_same_bill_agrees_and_says_what_is_counted_elsewhere(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for period in (FINAL, OPEN):
        answered(database, period)
    code, document, said = reconciled(capsys, database)
    assert code == 0
    assert document["totals"]["difference"] == document["totals"]["unexplained"] == 0
    assert "2026-09: the export and Cost Explorer agree: 2,202.87 USD (marketplace only counted under" in said
    assert "2026-08 is not compared: it is not in Cost Explorer" in messages(document)


def test_discounts_folded_into_usage_change_no_total(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answered(database, FINAL, demo_bills.discounts_inside_usage)
    code, document, _ = reconciled(capsys, database, "--period", FINAL)
    assert (code, reasons(document)) == (0, {})
    by_kind = {row["charge_type"]: row["difference"] for row in document["rows"] if row["reason"] == "discount"}
    assert by_kind == {"discount": Decimal("-104.822536249"), "usage": Decimal("104.822536249")}


def test_a_day_that_only_the_export_has_is_not_yet_delivered(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newest = [one for one in answer(database, OPEN) if one.day.day == 27]
    answered(database, OPEN, without(lambda one: one.day.day == 27))
    code, document, said = reconciled(capsys, database, "--period", OPEN)
    assert code == 0
    assert reasons(document) == {"not yet delivered": sum(one.cost for one in newest)}
    assert "not yet delivered" in said


def test_what_cancels_is_still_unexplained(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def plant(groups: list[Group]) -> list[Group]:
        return more("-7", "2026-09-10", kind="RIFee")(more("7", "2026-09-10")(groups))

    answered(database, FINAL, plant)
    code, document, said = reconciled(capsys, database, "--period", FINAL)
    assert code == 1
    assert (document["totals"]["difference"], document["totals"]["unexplained"]) == (0, 14)
    assert "both sum to 2,202.87 USD, but not in the same way: unexplained 7.00 and -7.00" in said
    details = {row["detail"] for row in document["rows"] if row["reason"] == "unexplained"}
    assert "AmazonEC2 7.00" in details


def test_the_tolerance_is_what_may_be_unexplained(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answered(database, FINAL, more("3.44", "2026-09-10"))
    words = ("--period", FINAL, "--tolerance")
    assert reconciled(capsys, database, *words, "3.44")[0] == 0
    code, _, said = reconciled(capsys, database, *words, "3.43")
    assert code == 1
    assert "failed: 3.44 USD is unexplained, more than 3.43" in said


def test_only_payers_of_both_sides_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ({"lineItem/UnblendedCost": "10"}, {"lineItem/UnblendedCost": "5", "bill/PayerAccountId": "000000000009"})
    database = tmp_path / "finops.duckdb"
    assert main(["ingest", str(write_export(tmp_path, lines)), "--db", str(database)]) == 0
    load_answer(database, more("10", "2026-10-05")([]))
    code, document, _ = reconciled(capsys, database)
    assert (code, document["totals"]["export_cost"]) == (0, 10)
    assert "only the payers of both sides are compared: 000000000001" in messages(document)
    load_answer(database, more("10", "2026-10-05")([]), payer="000000000007", period="2026-10")
    assert reconciled(capsys, database, "--where", "payer=000000000009")[0] == 3


# --- invoices

INVOICE_PLANTS: dict[str, tuple[Callable[[list[Summary]], Any], dict[str, str]]] = {
    "tax": (lambda held: charged(of_final_month(held), "-84.41", before_tax=False), {"tax": "84.41"}),
    "support": (lambda held: charged(of_final_month(held), "-100"), {"support": "100"}),
    "credit": (lambda held: charged(of_final_month(held), "8"), {"credit": "-8"}),
    "refund": (lambda held: charged(of_final_month(held), "18.40"), {"refund": "-18.4"}),
    "marketplace": (
        lambda held: held.remove(of_final_month(held, "AWS_MARKETPLACE")), {"marketplace": "66.268"},
    ),
    "upfront": (lambda held: charged(of_final_month(held), "-262.80"), {"upfront": "262.8"}),
    "support and upfront": (
        lambda held: charged(of_final_month(held), "-362.80"), {"support": "100", "upfront": "262.8"},
    ),
    "discount": (lambda held: without_discount(of_final_month(held)), {"discount": "-104.822536249"}),
    "not yet delivered": (
        lambda held: held.append({**of_final_month(held), "InvoiceId": "L1", "IssuedDate": "2999-01-01T00:00:00Z"}),
        {"not yet delivered": "-2136.6"},
    ),
    "unexplained": (lambda held: charged(of_final_month(held), "-3.44"), {"unexplained": "3.44"}),
}  # fmt: skip


@pytest.mark.parametrize("name", INVOICE_PLANTS)
def test_each_difference_from_the_invoices_is_named(
    name: str, bill: Path, invoices: list[Summary], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant, expected = INVOICE_PLANTS[name]
    plant(invoices)
    code, document, said = reconciled(capsys, bill, "--period", FINAL, written(tmp_path, invoices))
    found = reasons(document)
    # an invoice is in cents, the export is not
    slack = abs(found.pop("rounding", Decimal(0)))
    assert slack < Decimal("0.02")
    assert found.keys() == expected.keys()
    assert all(abs(found[reason] - Decimal(cost)) <= slack + HALF_A_CENT for reason, cost in expected.items())
    assert code == (1 if "unexplained" in expected else 0)
    require_every_dollar(document)
    assert all(reason in said for reason in expected)


def test_the_invoices_of_the_company_agree_invoice_by_invoice(
    bill: Path, invoices: list[Summary], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document, said = reconciled(capsys, bill, "--against", "invoice", written(tmp_path, invoices))
    assert code == 0
    assert reasons(document).keys() == {"rounding"}
    assert {row["invoice_id"] for row in document["rows"]} == {one["InvoiceId"] for one in invoices}
    assert document["totals"]["other_cost"] == sum(
        Decimal(one["BaseCurrencyAmount"]["TotalAmount"]) for one in invoices
    )
    assert "2026-09: the export and the invoices agree: 2,202.87 USD" in said
    assert "2026-10 is not compared: it is not in the invoices" in messages(document)


def test_cents_of_many_amounts_are_rounding_up_to_half_a_cent_each(
    bill: Path, invoices: list[Summary], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    charged(of_final_month(invoices), "0.09")
    code, document, _ = reconciled(capsys, bill, "--period", FINAL, written(tmp_path, invoices))
    assert code == 0
    (row,) = [row for row in document["rows"] if row["charge_type"] == "charges"]
    assert row["reason"] == "rounding"
    assert "amounts in cents" in row["detail"]
    charged(of_final_month(invoices), "0.91")
    assert reconciled(capsys, bill, "--period", FINAL, written(tmp_path, invoices))[0] == 1


def test_an_upfront_invoice_issued_in_the_middle_of_the_month_is_named_on_both(
    bill: Path, invoices: list[Summary], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    charged(of_final_month(invoices), "-262.80")
    amount = {"TotalAmount": "262.80", "CurrencyCode": "USD"}
    invoices.append(
        {**of_final_month(invoices), "InvoiceId": "P1", "BillType": "PURCHASE", "BaseCurrencyAmount": amount}
    )
    code, document, said = reconciled(capsys, bill, "--period", FINAL, written(tmp_path, invoices))
    assert code == 0
    assert {row["invoice_id"]: row["difference"] for row in document["rows"] if row["reason"] == "upfront"} == {
        "2026094711": Decimal("262.8"),
        "P1": Decimal("-262.8"),
    }
    assert "upfront only counted under another" in said


def test_estimates_are_held_against_the_invoices_they_became(bill: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document, _ = reconciled(capsys, bill, "--period", OPEN, "--invoice", "X7=2,300.00")
    assert code == 0
    assert reasons(document) == {"not final": document["totals"]["export_cost"] - 2300}
    require_every_dollar(document)


def test_charges_without_an_id_beside_invoiced_ones_are_not_final(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (
        {"lineItem/UnblendedCost": "10", "bill/InvoiceId": "42"},
        {"lineItem/UnblendedCost": "-3", "lineItem/LineItemType": "Credit"},
    )
    database = tmp_path / "finops.duckdb"
    assert main(["ingest", str(write_export(tmp_path, lines)), "--db", str(database)]) == 0
    code, document, _ = reconciled(capsys, database, "--invoice", "42=10")
    assert (code, reasons(document)) == (0, {"not final": -3})


def test_focus_without_discount_lines_ties_to_an_invoice_that_tells_them(
    invoices: list[Summary], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = demo_bills.write_ledger(tmp_path / "focus", "focus-parquet")
    code, document, _ = reconciled(capsys, database, "--period", FINAL, written(tmp_path, invoices))
    assert code == 0
    found = {(row["charge_type"], row["reason"]) for row in document["rows"]}
    assert {("discount", "discount"), ("charges", "discount")} <= found
    assert document["totals"]["unexplained"] == 0


def test_an_invoice_typed_without_its_tax_differs_by_the_tax(bill: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document, _ = reconciled(
        capsys, bill, "--period", FINAL, "--invoice", "2026094711=2052.19", "--invoice", "2026098152=66.27"
    )
    assert code == 0
    assert reasons(document)["tax"] == Decimal("84.41")
    (rest,) = [row for row in document["rows"] if row["charge_type"] == "charges" and not row["reason"]]
    assert rest["detail"].startswith("usage 1,636.45, commitment fee 169.92, fee 15.00, upfront 262.80, support 100.00")


def test_an_id_that_is_not_in_the_export_is_told_the_one_that_sums_to_the_same(
    bill: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document, _ = reconciled(
        capsys, bill, "--period", FINAL, "--invoice", "2026094711=2136.60", "--invoice", "1=66.27"
    )
    assert code == 1
    assert {row["invoice_id"]: row["reason"] for row in document["rows"] if row["charge_type"] != "tax"} == {
        "2026094711": "rounding", "1": "unexplained", "2026098152": "marketplace",
    }  # fmt: skip
    (unknown,) = [row for row in document["rows"] if row["invoice_id"] == "1"]
    assert unknown["detail"] == "no line of the export has this id; those of 2026098152 sum to the same"


# --- another export


def test_two_exports_of_one_bill_agree(bill: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = copied(bill, tmp_path / "both")
    export = demo_bills.write_export("focus-parquet", tmp_path / "focus")
    assert main(["ingest", str(export), "--db", str(database)]) == 0
    code, document, said = reconciled(capsys, database, "--against", "alder-focus-parquet")
    assert (code, document["totals"]["difference"], document["totals"]["unexplained"]) == (0, 0, 0)
    assert "2026-09: the export and alder-focus-parquet agree: 2,202.87 USD" in said


# --- what is missing, and what is no question


def test_a_missing_side_is_no_pass(bill: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    invoices = written(tmp_path, demo_bills.summaries(tmp_path))
    for words, what in {
        ("--against", "ce"): "Cost Explorer's side is missing",
        ("--period", "2026-07", "--invoice", "1=2"): "2026-07 is not loaded",
        ("--period", OPEN, str(invoices)): "one side is missing: nothing of 2026-10 is in the invoices",
    }.items():
        code, document, said = reconciled(capsys, bill, *words)
        assert (code, document) == (3, {})
        assert what in said
    code, _, said = reconciled(capsys, tmp_path / "nothing.duckdb")
    assert code == 3
    assert "nothing is loaded yet" in said


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--against", "nowhere"], "there is no export nowhere"),
        (["--against", "ce", "--invoice", "1=2"], "invoices are not compared with --against ce"),
        (["--invoice", "1"], "'1' is not ID=AMOUNT"),
        (["--invoice", "1=1.234,56"], "is no amount"),
        (["--invoice", "unknown=5"], "of which billing period is invoice unknown?"),
        (["--invoice", "1=2", "--metric", "amortized"], "amortized cost does not sum to invoices"),
        (["--invoice", "1=2", "--profile", "x"], "AWS is asked only where no invoice is given"),
        (["--invoice", "1=2", "--where", "service=AmazonEC2"], "a bill is not tied by service"),
        (["--tolerance", "-1"], "-1 is no amount"),
    ],
)
def test_a_question_that_does_not_fit_is_a_usage_error(
    words: list[str], what: str, bill: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, said = reconciled(capsys, bill, *words)
    assert code == 2
    assert what in said


def test_two_currencies_are_never_added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ({"lineItem/UnblendedCost": "10"}, {"lineItem/UnblendedCost": "5", "lineItem/CurrencyCode": "EUR"})
    database = tmp_path / "finops.duckdb"
    assert main(["ingest", str(write_export(tmp_path, lines)), "--db", str(database)]) == 0
    code, _, said = reconciled(capsys, database, "--invoice", "1=10")
    assert code == 2
    assert "--where currency=EUR" in said
    words = ("--invoice", "1=10", "--where", "currency=USD")
    assert reconciled(capsys, database, *words)[1]["totals"]["export_cost"] == 10


def test_a_ledger_that_lost_a_file_is_loaded_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = ingested(tmp_path)
    (mart,) = database.with_suffix(".store").glob("*/marts/charges.parquet")
    mart.unlink()
    code, _, said = reconciled(capsys, database, "--invoice", "1=10")
    assert code == 3
    assert "are gone from the store" in said
    assert main(["spend", "--db", str(database)]) == 3
    capsys.readouterr()
    assert main(["ingest", str(tmp_path / "acme"), "--db", str(database)]) == 0
    assert "made anew acme 2026-10" in capsys.readouterr().err
    assert reconciled(capsys, database, "--invoice", "1=16.75")[0] == 0


def test_sides_in_different_currencies_are_not_compared(bill: Path) -> None:
    from dataclasses import replace

    from finops.reconcile.from_ledger import Question, the_export
    from finops.reconcile.reconcile import reconcile_side

    side = the_export(bill, Question())
    assert side.payers == {PAYER}
    with pytest.raises(DataError, match="nothing is converted"):
        reconcile_side(side, replace(side, name="Cost Explorer", currency="EUR"), "unblended")
