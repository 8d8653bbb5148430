"""Invoices as AWS, a spreadsheet or a person gives them: every digit is kept, and what is unclear is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from finops.cli import main
from finops.errors import DataError, FinopsError, UsageError
from finops.reconcile.amounts import amount, day, month
from finops.reconcile.from_summaries import invoices as from_summaries
from finops.reconcile.invoices import from_file, placed, typed
from finops.reconcile.sides import Charge, Invoice, Side
from tests.tiny_export import ingested

SUMMARY: dict[str, Any] = {
    "InvoiceId": "42",
    "BillingPeriod": {"Month": 10, "Year": 2026},
    "BaseCurrencyAmount": {"TotalAmount": "120.10", "TotalAmountBeforeTax": "100.10", "CurrencyCode": "USD"},
}


def read(path: Path, text: str) -> list[Invoice]:
    path.write_text(text, encoding="utf-8")
    return from_file(path, "USD")[0]


# --- amounts and months


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1234.0123456789", "1234.0123456789"),
        ("1,234,567.89", "1234567.89"),
        ("-5", "-5"),
        ("(5.00)", "-5.00"),
        ("$5", "5"),
        ("-$5.10", "-5.10"),
        ("USD 5", "5"),
        (" 7 ", "7"),
    ],
)
def test_an_amount_is_read_with_every_digit(written: str, value: str) -> None:
    assert amount(written) == Decimal(value)


@pytest.mark.parametrize("written", ["1.234,56", "12,34", "1,23", "1e5", "NaN", "", "-", "--5", "(-5)", "5 EUR", "٣"])
def test_what_could_mean_something_else_is_no_amount(written: str) -> None:
    with pytest.raises(ValueError, match="is no amount"):
        amount(written)


def test_a_month_is_told_from_a_month_or_a_day() -> None:
    assert [month(text) for text in ("2026-10", "2026-10-31", "2026-10-01T00:00:00Z")] == ["2026-10"] * 3
    for wrong in ("2026-13", "10/2026", "October"):
        with pytest.raises(ValueError, match="is no month"):
            month(wrong)


def test_a_day_is_a_day_of_utc() -> None:
    assert day(1793491200) == day("2026-11-01T00:00:00+00:00") == day(Decimal(1793491200)) == date(2026, 11, 1)
    assert day("soon") is None


# --- summaries of AWS


def summarised(**more: Any) -> Invoice:
    (found,), _ = from_summaries([SUMMARY | more], "USD", "here")
    return found


def written(**more: Any) -> dict[str, Any]:
    return {"BaseCurrencyAmount": SUMMARY["BaseCurrencyAmount"] | more}


def test_tax_stands_apart_and_all_of_it_is_the_total() -> None:
    found = summarised()
    assert (found.invoice_id, found.period) == ("42", "2026-10")
    assert found.amounts == {"tax": Decimal("20.00"), "charges": Decimal("100.10")}


@pytest.mark.parametrize("sign", ["", "-"])
def test_deductions_are_named_by_their_words_with_either_sign(sign: str) -> None:
    listed = [
        {"Description": "Enterprise Discount Program", "Amount": f"{sign}5.05"},
        {"Description": "Credits", "Amount": f"{sign}8"},
    ]
    found = summarised(**written(AmountBreakdown={"Discounts": {"Breakdown": listed, "TotalAmount": "13.05"}}))
    assert found.amounts["discount"] == Decimal("-5.05")
    assert found.amounts["credit"] == Decimal(-8)
    assert found.total == Decimal("120.10")


@pytest.mark.parametrize(
    ("more", "nature"),
    [
        ({"Entity": {"BillingEntity": "AWS_MARKETPLACE"}}, "marketplace"),
        ({"BillType": "PURCHASE"}, "upfront"),
        ({"BillType": "REFUND"}, "refund"),
        ({"BillType": "ANNIVERSARY"}, ""),
    ],
)
def test_an_invoice_says_what_it_is_for(more: dict[str, Any], nature: str) -> None:
    assert summarised(**more).nature == nature


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_credit_memo_takes_back_with_either_sign(sign: str) -> None:
    total, net = f"{sign}120.10", f"{sign}100.10"
    found = summarised(InvoiceType="CREDIT_MEMO", **written(TotalAmount=total, TotalAmountBeforeTax=net))
    assert found.nature == "credit"
    assert found.amounts == {"tax": Decimal("-20.00"), "charges": Decimal("-100.10")}


def test_a_payment_in_another_currency_is_said_and_not_converted() -> None:
    paid = {"TotalAmount": "110.49", "CurrencyCode": "EUR", "CurrencyExchangeDetails": {"Rate": "0.92"}}
    found, notes = from_summaries([SUMMARY | {"PaymentCurrencyAmount": paid}], "USD", "here")
    assert found[0].total == Decimal("120.10")
    assert [note.message for note in notes] == [
        "paid as 110.49 EUR at 0.92; compared at AWS's own 120.10 USD"
    ]  # fmt: skip


def test_an_invoice_in_another_currency_only_is_refused() -> None:
    with pytest.raises(DataError, match="invoice 42 is in USD, the export in EUR: nothing is converted"):
        from_summaries([SUMMARY], "EUR", "here")


def test_a_payment_receipt_is_no_charge_and_said() -> None:
    found, notes = from_summaries([SUMMARY | {"InvoiceType": "PAYMENT_RECEIPT"}], "USD", "here")
    assert (found, [note.code for note in notes]) == ([], ["payment_receipt"])


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"InvoiceId": ""}, "has no InvoiceId"),
        ({"BaseCurrencyAmount": None}, "is in no currency"),
        ({"BaseCurrencyAmount": {"CurrencyCode": "USD"}}, "no readable amount"),
        ({"BaseCurrencyAmount": {"CurrencyCode": "USD", "TotalAmount": "many"}}, "'many' is no amount"),
    ],
)
def test_a_summary_without_an_amount_is_refused(more: dict[str, Any], what: str) -> None:
    with pytest.raises(DataError, match=what):
        from_summaries([SUMMARY | more], "USD", "here")


# --- files


def test_json_is_what_the_aws_cli_prints_or_only_the_list(tmp_path: Path) -> None:
    for held in ({"InvoiceSummaries": [SUMMARY]}, [SUMMARY]):
        assert [one.total for one in read(tmp_path / "i.json", json.dumps(held))] == [Decimal("120.10")]


@pytest.mark.parametrize(
    ("header", "line", "amounts"),
    [
        ("invoice_id,period,total,tax", "42,2026-10,120.10,20", {"tax": "20", "charges": "100.10"}),
        ("Invoice ID;", "", {}),
        ("Invoice No,Billing Period,Amount before tax,VAT", "42,2026-10,100.10,20", {"tax": "20", "charges": "100.10"}),
        ("Invoice ID,Total Amount,Subject", '42,"1,120.10",x', {"charges": "1120.10"}),
        ("InvoiceId,TotalAmount,TotalAmountBeforeTax", "42,120.10,100.10", {"tax": "20.00", "charges": "100.10"}),
    ],
)  # fmt: skip
def test_a_csv_names_its_columns_in_many_ways(header: str, line: str, amounts: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "invoices.csv"
    if not amounts:
        with pytest.raises(DataError, match="its header names no invoice id and no total"):
            read(path, header)
        return
    (found,) = read(path, f"\ufeff{header}\n{line}\n\n")
    assert found.amounts == {kind: Decimal(cost) for kind, cost in amounts.items()}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("42,2026-10,x,", "'x' is no amount"),
        ("42,2026-10,,", "'' is no amount"),
        (",2026-10,5,", "it has no invoice id"),
        ("42,soon,5,", "is no month"),
        ("42,2026-10,5,1,5", "5 and 1 tax are not 5"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "invoices.csv"
    with pytest.raises(DataError, match=what) as error:
        read(path, f"invoice_id,period,total,tax,net\n{line}\n")
    assert error.value.where == f"{path}, line 2"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"{", "no JSON"),
        (b'{"Invoices": []}', "no list InvoiceSummaries"),
        (b'["x"]', "no list InvoiceSummaries"),
        (b"\xff\xfe\x00", "neither JSON nor CSV"),
    ],
)
def test_a_file_that_holds_no_invoices_is_refused(content: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "invoices"
    path.write_bytes(content)
    with pytest.raises(DataError, match=what):
        from_file(path, "USD")


# --- periods


def side(*charges: Charge) -> Side:
    from types import SimpleNamespace

    deliveries = tuple(SimpleNamespace(period=period) for period in ("2026-09", "2026-10"))
    return Side("the export", "USD", charges, deliveries)  # type: ignore[arg-type]


def test_an_invoice_without_a_period_is_of_the_period_whose_lines_have_its_id() -> None:
    held = side(Charge("2026-09", "usage", Decimal(1), invoice_id="42"))
    assert [one.period for one in placed(typed(["42=1"]), held, None, "here")[0]] == ["2026-09"]
    assert [one.period for one in placed(typed(["43=1"]), held, "2026-10", "here")[0]] == ["2026-10"]
    with pytest.raises(UsageError, match="of which billing period is invoice 43"):
        placed(typed(["43=1"]), held, None, "here")


def test_an_invoice_that_is_there_twice_counts_once_and_two_versions_are_refused() -> None:
    held, notes = placed(typed(["42=1", "42=1.00"]), side(), "2026-10", "here")
    assert (len(held), [note.code for note in notes]) == (1, ["same_invoice"])
    with pytest.raises(DataError, match="twice, with different amounts"):
        placed(typed(["42=1", "42=2"]), side(), "2026-10", "here")


# --- AWS itself


@dataclass
class Answers:
    """What the server answers with, page by page, and what it was asked."""

    pages: list[dict[str, Any]]
    asked: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200


@contextmanager
def invoicing(answers: Answers) -> Iterator[str]:
    """AWS's invoicing API on loopback: JSON 1.0 over POST, one page per request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answers.asked.append({"target": self.headers["X-Amz-Target"], **asked})
            page = int(asked.get("NextToken", 0))
            more = {"NextToken": str(page + 1)} if page + 1 < len(answers.pages) else {}
            body = json.dumps({**answers.pages[page], **more}).encode()
            self.send_response(answers.status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return monkeypatch


def test_aws_is_asked_for_the_invoices_of_the_payer_page_by_page(
    tmp_path: Path, credentials: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = ingested(tmp_path, **{"bill/InvoiceId": "42"})
    first = SUMMARY | {"BaseCurrencyAmount": {"TotalAmount": "16.75", "CurrencyCode": "USD"}, "IssuedDate": 1793491200}
    second = first | {"InvoiceId": "43", "InvoiceType": "PAYMENT_RECEIPT"}
    answers = Answers([{"InvoiceSummaries": [first]}, {"InvoiceSummaries": [second]}])
    with invoicing(answers) as url:
        credentials.setenv("AWS_ENDPOINT_URL_INVOICING", url)
        code = main(["reconcile", "--against", "invoice", "--db", str(database)])
    said = capsys.readouterr().err
    assert code == 0
    assert [one["target"] for one in answers.asked] == ["Invoicing.ListInvoiceSummaries"] * 2
    assert answers.asked[0]["Selector"] == {"ResourceType": "ACCOUNT_ID", "Value": "000000000001"}
    assert answers.asked[0]["Filter"] == {"BillingPeriod": {"Month": 10, "Year": 2026}}
    assert "asking AWS for the invoices of 000000000001, 2026-10 (free)" in said
    assert "2026-10: the export and the invoices agree: 16.75 USD" in said
    assert "a payment receipt charges nothing: left out (43)" in said


def test_what_aws_refuses_is_no_pass(
    tmp_path: Path, credentials: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = ingested(tmp_path)
    denied = Answers([{"__type": "com.amazonaws.invoicing#AccessDeniedException", "message": "no"}], status=400)
    with invoicing(denied) as url:
        credentials.setenv("AWS_ENDPOINT_URL_INVOICING", url)
        code = main(["reconcile", "--against", "invoice", "--db", str(database)])
    assert code == FinopsError.exit_code + 1 == 4
    assert "access denied: invoicing:ListInvoiceSummaries" in capsys.readouterr().err


def test_a_period_without_any_invoice_is_a_missing_side(
    tmp_path: Path, credentials: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = ingested(tmp_path)
    with invoicing(Answers([{"InvoiceSummaries": []}])) as url:
        credentials.setenv("AWS_ENDPOINT_URL_INVOICING", url)
        code = main(["reconcile", "--against", "invoice", "--period", "2026-10", "--db", str(database)])
    assert code == 3
    assert "nothing of 2026-10 is in the invoices" in capsys.readouterr().err
