"""One figure's text: what it says, or that it may mean two things."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.estimates.amounts import Figure, Unread, find_figures
from finops.estimates.cells import read_cell
from finops.estimates.text import mend
from finops.estimates.units import hours_a_week, unit_in

READ = {
    "$15": ("15", "15", None, "USD"),
    "$60-120": ("60", "120", None, "USD"),
    "$60 - $120": ("60", "120", None, "USD"),
    "$10/month - $20/month": ("10", "20", "month", "USD"),
    "between $5 and $6 per month": ("5", "6", "month", "USD"),
    "from $50 to $60": ("50", "60", None, "USD"),
    "~$137/month": ("137", "137", "month", "USD"),
    "$0.82/hour": ("0.82", "0.82", "hour", "USD"),
    "<$0.01/day": ("0", "0.01", "day", "USD"),
    "< $0.01/day": ("0", "0.01", "day", "USD"),
    "up to $30/mo.": ("0", "30", "month", "USD"),
    "$50+": ("50", None, None, "USD"),
    "≥ $10 monthly": ("10", None, "month", "USD"),
    "$12/yr": ("12", "12", "year", "USD"),
    "1,234.50 USD": ("1234.50", "1234.50", None, "USD"),
    "€1.234,50": ("1234.50", "1234.50", None, "EUR"),
    "12,50 €": ("12.50", "12.50", None, "EUR"),
    "$1.2k/month": ("1200", "1200", "month", "USD"),
    "$1.5M": ("1500000", "1500000", None, "USD"),
    "$15 CAD": ("15", "15", None, "CAD"),
    "15 dollars a month": ("15", "15", "month", "USD"),
    "-$15": ("-15", "-15", None, "USD"),
    "\u200f$45": ("45", "45", None, "USD"),
    "$500 upfront": ("500", "500", "once", "USD"),
    "~$7-9/week": ("7", "9", "week", "USD"),
    "$100 weekly": ("100", "100", "week", "USD"),
}
UNREAD = [
    "1.234 €", "$1,23", "$1,234,5", "$120-60", "$1e5", "$ 1 234", "$5m", "$-15", "$\u0664\u0665",
    "\u202e$15", "$60-120 GB", "$5/hour - $9/day", "$15-€20", "$12345678901234567",
]  # fmt: skip


@pytest.mark.parametrize("text", READ)
def test_a_figure_is_read_as_it_is_meant(text: str) -> None:
    (figure,) = find_figures(text)
    assert isinstance(figure, Figure)
    low, high, unit, currency = READ[text]
    wanted = (Decimal(low), None if high is None else Decimal(high), unit, currency)
    assert (figure.low, figure.high, figure.unit, figure.currency) == wanted


@pytest.mark.parametrize("text", UNREAD)
def test_what_may_mean_two_things_is_not_read(text: str) -> None:
    found = find_figures(text)
    assert found
    assert all(isinstance(one, Unread) and one.why for one in found)


@pytest.mark.parametrize("text", ["99.9% uptime", "free-tier friendly", "m5.large", "24/7", "port 443", "2 USDC", ""])
def test_what_is_no_money_is_no_figure(text: str) -> None:
    assert find_figures(text) == []


@pytest.mark.parametrize(
    ("text", "thing", "unit"),
    [
        ("$0.20/GB/month", "gb", "month"),
        ("$0.023 per GB-month", "gb-month", "month"),
        ("$5 per 1M requests", "1m requests", None),
        ("$0.05/vCPU-hour", "vcpu-hour", "hour"),
    ],
)
def test_a_unit_price_is_known_by_what_it_is_the_price_of(text: str, thing: str, unit: str | None) -> None:
    (figure,) = find_figures(text)
    assert isinstance(figure, Figure)
    assert (figure.thing, figure.unit) == (thing, unit)


def test_a_share_has_no_amount_of_its_own() -> None:
    (figure,) = find_figures("30% of production")
    assert isinstance(figure, Figure)
    assert (figure.share, figure.of, figure.low, figure.high) == (Decimal(30), "production", None, None)


@pytest.mark.parametrize(
    ("text", "count"), [("$15 (24/7) or $5 (nights)", 2), ("EC2 USD 15", 1), ("Tasks 2 USD 15", 1)]
)
def test_a_number_before_a_figure_is_not_taken_for_it(text: str, count: int) -> None:
    found = find_figures(text)
    assert len(found) == count
    assert found[0].text.endswith("15")


@given(cents=st.integers(0, 10**11), grouped=st.booleans(), form=st.sampled_from(["${}", "{} USD", "USD {}", "~${}"]))
def test_every_amount_comes_back_to_the_cent(cents: int, grouped: bool, form: str) -> None:
    amount = Decimal(cents) / 100
    (figure,) = find_figures(form.format(f"{amount:,.2f}" if grouped else f"{amount:.2f}"))
    assert isinstance(figure, Figure)
    assert figure.low == figure.high == amount


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_and_no_range_runs_backwards(text: str) -> None:
    for one in find_figures(text + " $5"):
        if isinstance(one, Figure) and one.low is not None and one.high is not None:
            assert one.low <= one.high


@pytest.mark.parametrize("text", ["", "-", "—", "n/a", "N/A"])
def test_an_empty_cell_says_nothing(text: str) -> None:
    assert read_cell(text) is None


@pytest.mark.parametrize("text", ["Free", "free tier", "No charge", "free (12 months)"])
def test_free_is_a_figure_of_nothing(text: str) -> None:
    figure = read_cell(text)
    assert isinstance(figure, Figure)
    assert (figure.low, figure.high) == (0, 0)


@pytest.mark.parametrize("text", ["TBD", "$15 + usage", "($5)", "included", "$45 2", "{low: 5}", "12 $15"])
def test_a_cell_with_more_than_a_figure_is_not_read(text: str) -> None:
    assert isinstance(read_cell(text, bare=True), Unread)


def test_what_only_explains_a_figure_does_not_stop_it() -> None:
    figure = read_cell("$45/month (db.t3.micro, 2 nodes)")
    assert isinstance(figure, Figure)
    assert figure.low == 45


@pytest.mark.parametrize(
    ("text", "hours"),
    [("Monthly (2h demo/week)", "2"), ("8 hours per day", "56"), ("8h/day on weekdays", "40"), ("24/7", None)],
)
def test_a_schedule_is_so_many_hours_a_week(text: str, hours: str | None) -> None:
    assert hours_a_week(text) == (None if hours is None else Decimal(hours))


@pytest.mark.parametrize(
    ("text", "unit"),
    [("Monthly Cost (USD)", "month"), ("Cost/hr", "hour"), ("Day 1 costs", None), ("Monthly or annual", None)],
)
def test_a_heading_names_a_unit_only_where_it_says_per(text: str, unit: str | None) -> None:
    assert unit_in(text) == unit


@pytest.mark.parametrize("text", ["Größe \u2013 5 €", "🏗️ Kosten", "日本語", "ñ$5"])
def test_text_that_was_once_decoded_wrongly_is_mended(text: str) -> None:
    data = text.encode("utf-8")
    undefined = {0x81, 0x8D, 0x8F, 0x90, 0x9D}
    broken = "".join(chr(byte) if byte in undefined else bytes([byte]).decode("cp1252") for byte in data)
    assert (mend(broken), mend(text)) == (text, text)
