"""What the report looks like: safe, self-contained, readable for any data, the same in both outputs."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from finops.output import as_json, report_html, report_json, report_md
from finops.output.report_text import document, summary_lines
from finops.output.report_words import cash, percent, share
from finops.paths import reports_dir
from finops.report.facts import ReportFacts, build
from tests.report_ledger import HOSTILE, LOADED, Line, Loaded, day, estate, every_day, ledger, read_estate

GOLDEN = Path(__file__).parent / "golden"
SCHEMA = Path(__file__).parent.parent / "docs" / "schema" / "output.schema.json"


@pytest.fixture(scope="module")
def weekly() -> ReportFacts:
    return read_estate("weekly")


@pytest.fixture(scope="module")
def monthly() -> ReportFacts:
    return read_estate("monthly")


# --- data that are hardly any ---------------------------------------------------------------------

WEEKS = (day(9, 14), day(10, 20))
ODD: dict[str, list[Line]] = {
    "nothing": [],
    "one day": every_day(day(10, 20), day(10, 20), cost="5"),
    "no whole week": every_day(day(10, 20), day(10, 24), cost="5"),
    "no tags": every_day(*WEEKS, cost="5"),
    "no cost": every_day(*WEEKS, cost="0"),
    "only credits": every_day(*WEEKS, cost="-5", x_line_item_type="Credit", resource_id=None),
    "only tax": [Line(day(10, 1), "9", x_line_item_type="Tax", x_is_long=True, resource_id=None, hours_mask=1)],
    "a millionth": every_day(*WEEKS, cost="0.000001"),
    "a great deal": every_day(*WEEKS, cost="123456789012.0123456789"),
    "no region": every_day(*WEEKS, cost="5", region_id=None),
    "any script": every_day(*WEEKS, cost="5", tags=(("Owner", "Zoë 团队 \u202e\x1b[31m"),)),
    "many accounts": [Line(day(10, 13) + timedelta(days=n % 7), "1", sub_account_id=f"{n:012}") for n in range(2000)],
}


@pytest.mark.parametrize("cadence", ["weekly", "monthly"])
@pytest.mark.parametrize("lines", ODD.values(), ids=ODD)
def test_odd_data_still_make_a_report(lines: list[Line], cadence: Any) -> None:
    facts = build(ledger(lines), cadence)
    page, text = report_html.render(document(facts)), report_md.render(document(facts))
    shown = text_of(page)
    for said in (shown, text, *summary_lines(facts)):
        assert not re.search(r"\bNone\b|\bNaN\b|Infinity|Decimal\(|\x1b|\u202e", said)
    assert text.startswith(f"# {cadence.capitalize()} cost report")
    assert len(summary_lines(facts)) == 5


def test_no_whole_week_is_said_and_everything_there_is_shown() -> None:
    facts = build(ledger(ODD["no whole week"]), "weekly")
    assert not facts.whole
    assert (facts.now.daily, facts.before) == (25, ())
    assert "There is no whole week in the data" in report_md.render(document(facts))


def test_a_policy_without_required_tags_makes_no_tag_sections() -> None:
    facts = build(ledger(ODD["no tags"], Loaded(required=())), "weekly")
    assert "Biggest gaps" not in report_md.render(document(facts))


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "sign", "text"),
    [
        ("1234.565", False, "$1,234.56"),
        ("-0.2", False, "-$0.20"),
        ("0", True, "$0.00"),
        ("3", True, "+$3.00"),
        ("0.0001", True, "+<$0.01"),
        ("-0.0001", False, "-<$0.01"),
    ],
)
def test_money_is_rounded_to_the_cent_and_never_to_nothing(value: str, sign: bool, text: str) -> None:
    assert cash(Decimal(value), "USD", sign) == text


def test_a_currency_without_a_sign_is_spelled() -> None:
    assert cash(Decimal(-3), "CNY") == "-CNY 3.00"


def test_percent_never_hides_a_gap_behind_rounding() -> None:
    assert [share(Decimal(text)) for text in ("100", "99.99", "0.01", "0")] == [
        "100.0%",
        ">99.9%",
        "<0.1%",
        "0.0%",
    ]
    assert [percent(Decimal(text)) for text in ("-0.01", "12.34", "-5000")] == ["0.0%", "+12.3%", "->999%"]


def test_the_summary_is_five_lines_that_say_it_all(weekly: ReportFacts) -> None:
    spent, against, moved, month, trust = summary_lines(weekly)
    assert "$840.04" in spent
    assert "estimated" in spent
    assert "+$14.00; +1.7%; mean $826.04" in against
    assert "+$49.00; AmazonKinesis, new; AWSGlue -$35.00" in moved
    assert "estimated" in month
    assert "Estimated; 7 of 7 days complete; data to 2026-10-27 14:00 UTC; 1 problem" in trust


# --- the page -------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser would find in the page: elements with their attributes, raw texts, shown text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.raw: list[tuple[str, dict[str, str], str]] = []
        self.shown: list[str] = []
        self._open: tuple[str, dict[str, str]] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        self.elements.append((tag, held))
        self._open = (tag, held) if tag in ("script", "style") else None

    def handle_endtag(self, tag: str) -> None:
        self._open = None

    def handle_data(self, data: str) -> None:
        if self._open:
            self.raw.append((*self._open, data))
        else:
            self.shown.append(data)


def text_of(html: str) -> str:
    return " ".join("".join(Page(html).shown).split())


@pytest.fixture(scope="module")
def html(weekly: ReportFacts) -> str:
    return report_html.render(document(weekly))


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_runs_only_what_its_policy_names_by_hash(page: Page) -> None:
    (policy,) = [held["content"] for tag, held in page.elements if held.get("http-equiv")]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    runs = [(tag, raw) for tag, held, raw in page.raw if held.get("type") != "application/json"]
    assert [tag for tag, _ in runs] == ["style", "script", "script"]
    for _, raw in runs:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(raw.encode()).digest()).decode()}'" in policy


def test_the_page_asks_nobody_for_anything(page: Page) -> None:
    for tag, held in page.elements:
        assert tag not in ("link", "img", "iframe", "object", "embed", "form", "base")
        assert "src" not in held
        assert held.get("href", "#").startswith("#")
        assert "style" not in held
        assert not [name for name in held if name.startswith("on")]


def test_a_tag_value_of_markup_is_text(html: str, page: Page) -> None:
    assert "alert('x')" in text_of(html)
    assert [tag for tag, _ in page.elements].count("script") == 3
    assert HOSTILE not in html


def test_text_in_a_picture_cannot_become_markup_either(page: Page) -> None:
    owners = figures_of(page)["spend:tag:Owner"]["data"]
    assert [trace["name"] for trace in owners if "alert" in trace["name"]]
    assert not [trace for trace in owners if "<s" in json.dumps(trace)]


def figures_of(page: Page) -> dict[str, Any]:
    (raw,) = [raw for _, held, raw in page.raw if held.get("type") == "application/json"]
    assert "<" not in raw
    figures: dict[str, Any] = json.loads(raw)
    return figures


def test_every_picture_is_a_valid_plotly_figure(page: Page) -> None:
    from plotly.graph_objects import Figure

    figures = figures_of(page)
    places = [held["data-figure"] for _, held in page.elements if "data-figure" in held]
    assert sorted(places) == sorted(figures)
    assert "days" in places
    for figure in figures.values():
        assert len(Figure(figure).data) == len(figure["data"])


def test_pictures_use_only_trace_types_and_colours_the_page_has(page: Page) -> None:
    style = (reports_dir() / "style.css").read_text()
    for figure in figures_of(page).values():
        for trace in figure["data"]:
            assert trace["type"] in ("bar", "scatter")
            assert style.count(f"--{trace['meta']['tone']}:") == 2


def test_every_picture_has_words_and_every_table_a_caption(page: Page) -> None:
    assert all(held["aria-label"] for _, held in page.elements if "data-figure" in held)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("caption") == tags.count("table")


def test_the_heights_of_the_days_are_the_daily_charges(page: Page, weekly: ReportFacts) -> None:
    drawn = {x: y for trace in figures_of(page)["days"]["data"] for x, y in zip(trace["x"], trace["y"], strict=True)}
    assert drawn == {held.day.isoformat(): float(held.daily) for held in weekly.days}


def test_amounts_in_tables_are_exact_where_pointed_at(html: str) -> None:
    assert re.search(r'title="70\.035 USD">\$70\.04<', html)


def test_the_page_stays_small(html: str) -> None:
    assert len(html.encode()) < 2_000_000


def test_both_outputs_have_the_same_sections_and_amounts(weekly: ReportFacts, html: str) -> None:
    report, shown, text = document(weekly), text_of(html), report_md.render(document(weekly))
    for section in report.sections:
        assert section.title in shown
        assert f"## {section.title}" in text
    for amount in ("$840.04", "+$14.00", "$826.04", "$133.04", "$300.00"):
        assert amount in shown
        assert amount in text


def test_plotly_is_the_file_its_checksum_was_taken_of() -> None:
    vendor = reports_dir() / "vendor"
    digest, name = (vendor / "plotly-basic.min.js.sha256").read_text().split()
    assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest


# --- what newer deliveries changed -----------------------------------------------------------------


def told(*changes: tuple[object, ...], metric: str = "amortized") -> str:
    """The Markdown of the report where September was delivered anew; a change is service, old, new, restated."""
    held = ledger(every_day(*WEEKS, cost="5"), Loaded(final={"2026-09": True}))
    for service, old, new, restated in changes:
        held.connection.execute(
            "insert into cost_changes values ('id-2026-09', ?, 'USD', ?, '200000000010', ?, 'Usage', ?, ?, ?)",
            [metric, service is not None, service, old, new, restated],
        )
    return report_md.render(document(build(held, "weekly")))


REST = (None, "1000", "1000", "0")


def test_a_restated_month_is_said_on_the_first_screen_with_its_largest_part() -> None:
    text = told(REST, ("AmazonEC2", "50", "43.5", "-7.5"), ("AmazonS3", "0", "1", "1"))
    first = "September 2026 was restated: -$6.50 on days that the delivery before had complete, the largest part "
    assert f"> **Note:** {first}AmazonEC2 in 200000000010 (-$7.50)." in text
    assert "September 2026 was delivered anew: -$5.50 against the delivery before, -$6.50 of it on days" in text


def test_what_cancels_out_is_restated_all_the_same() -> None:
    assert "restated: $0.00 on days" in told(REST, ("AmazonEC2", "50", "40", "-10"), ("AmazonS3", "0", "10", "10"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("AmazonEC2", "50", "60", "0"), "+$10.00 against the delivery before, all of it charges that came since"),
        (("AmazonEC2", "50", "60", "1.04"), "+$10.00 against the delivery before, +$1.04 of it on days that were"),
    ],
)
def test_what_came_since_or_is_less_than_a_thousandth_stands_beside_the_deliveries_only(
    change: tuple[str, ...], said: str
) -> None:
    text = told(REST, change)
    assert f"September 2026 was delivered anew: {said}" in text
    assert "was restated" not in text


def test_a_delivery_that_changed_nothing_is_not_worth_a_word() -> None:
    assert "anew" not in told(REST)


def test_a_metric_that_could_not_be_compared_is_said() -> None:
    assert "what changed cannot be told in this metric" in told(REST, metric="unblended")


# --- JSON -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", ODD.values(), ids=ODD)
def test_the_json_of_any_report_is_as_the_schema_says(lines: list[Line]) -> None:
    text = "".join(as_json.chunks(report_json.document(document(build(ledger(lines), "weekly")))))
    jsonschema.validate(json.loads(text), json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_the_json_holds_every_table_of_the_page_with_exact_amounts(weekly: ReportFacts, page: Page) -> None:
    text = "".join(as_json.chunks(report_json.document(document(weekly))))
    tables = {held["table"]: held for row in json.loads(text, parse_float=Decimal)["rows"] for held in row["tables"]}
    assert [tag for tag, _ in page.elements].count("table") == len(tables)
    assert tables["gaps"]["rows"][0]["cost"] == Decimal("70.035")
    assert tables["spend-service"]["total"]["cost"] == weekly.now.daily


def test_the_query_of_a_table_gives_its_numbers(weekly: ReportFacts) -> None:
    (row, *_) = ledger(estate(), LOADED).rows(weekly.sources["tag:Owner"].sql + " order by cost_0 desc")
    assert (row["key"], row["cost_0"]) == ("web", weekly.tags[2].spend.rows[0].now)
    assert weekly.sources["tag:Owner"].command == (
        "finops spend --by tag:Owner --from 2026-10-19 --to 2026-10-26 --metric amortized"
    )


# --- Markdown -------------------------------------------------------------------------------------


@pytest.mark.parametrize("cadence", ["weekly", "monthly"])
def test_markdown_is_as_it_was(cadence: str, request: pytest.FixtureRequest) -> None:
    text = report_md.render(document(request.getfixturevalue(cadence)))
    golden = GOLDEN / f"report_{cadence}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_every_row_of_a_markdown_table_has_the_cells_of_its_head(weekly: ReportFacts) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", report_md.render(document(weekly)), re.MULTILINE)
    assert len(tables) > 8
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1
