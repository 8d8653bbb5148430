"""The page of the cost report in a real Chromium: what a person opens, switches, filters, drills into and prints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from finops.cli import main
from finops.config import load_settings
from finops.demo import run_demo
from finops.output import report_html, report_pdf
from finops.output.report_text import document
from finops.reader import Ask, open_ledger
from finops.report.facts import build
from finops.sections.case import Wanted
from finops.sections.owners import reports
from tests.browser import NARROW, Window, browser_window, serious, strict_page
from tests.report_ledger import HOSTILE, LOADED, Line, day, estate, every_day, ledger

if TYPE_CHECKING:
    from playwright.sync_api import Page

WEEKS = (day(9, 14), day(10, 20))
SECTIONS = (
    "overview", "spend", "changes", "promises", "anomalies", "tags", "advice", "commitments", "units", "windows",
    "trust",
)  # fmt: skip


@pytest.fixture(scope="module")
def window() -> Iterator[Window]:
    with browser_window() as opened:
        yield opened


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the demonstration: a report.html of a company with everything set up."""
    folder = tmp_path_factory.mktemp("page") / "demo"
    run_demo(folder, 2, lambda _: None)
    return folder


@pytest.fixture(scope="module")
def told(demo: Path) -> dict[str, Any]:
    """The same report as JSON, but for advice, which takes longest to make."""
    file = demo / "report.json"
    words = ["--no-advice", "--db", str(demo / "finops.duckdb"), "--config", str(demo / "finops.toml")]
    assert main(["report", "-o", str(file), *words]) == 0
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal, parse_int=Decimal)
    return found


@pytest.fixture
def page(window: Window, demo: Path) -> Page:
    return window.open(demo / "report.html")


def shown(page: Page, selector: str) -> list[str]:
    return [text.strip() for text in page.locator(selector).all_inner_texts()]


# --- opening --------------------------------------------------------------------------------------


def test_the_page_opens_without_a_complaint_and_asks_for_nothing_but_itself(window: Window, page: Page) -> None:
    for plot in page.locator("[data-figure]:visible").all():
        plot.scroll_into_view_if_needed()
        plot.locator(".main-svg").first.wait_for()
    assert window.complaints == []
    assert [url for url in window.requests if not url.startswith("file:")] == []
    assert page.locator("section[id]").evaluate_all("all => all.map(one => one.id)") == list(SECTIONS)


def test_the_policy_of_the_page_lets_it_run_and_forbids_the_rest(window: Window, demo: Path) -> None:
    page = strict_page(window)
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text))
    page.goto((demo / "report.html").as_uri())
    page.locator("[data-figure=days] .main-svg").first.wait_for()
    assert said == []
    with page.expect_console_message(lambda one: "Content Security Policy" in one.text):
        page.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}))")
    page.close()


def test_every_number_of_the_page_is_that_of_the_json_to_the_cent(page: Page, told: dict[str, Any]) -> None:
    compared = 0
    for section in told["rows"]:
        for table in section["tables"]:
            kinds = {column["key"]: column["kind"] for column in table["columns"]}
            cells = page.locator(f"[id='table-{table['table']}'] tbody tr").evaluate_all(
                "rows => rows.map(row => [...row.cells].map(cell => cell.textContent.trim()))"
            )
            assert len(cells) == len(table["rows"])
            for row, texts in zip(table["rows"], cells, strict=True):
                for (key, kind), text in zip(kinds.items(), texts, strict=True):
                    if kind in ("money", "change") and isinstance(row[key], Decimal):
                        assert cents(text) in (None, round(row[key], 2))
                        compared += 1
    assert compared > 200


def cents(text: str) -> Decimal | None:
    """An amount as it is printed; None of what is less than a cent and more than nothing."""
    return None if "<" in text else Decimal(re.sub(r"[$+,]", "", text))


def test_the_key_figures_are_those_of_the_json(page: Page, told: dict[str, Any]) -> None:
    assert shown(page, ".tile .value") == [one["text"] for one in told["totals"]["figures"]]
    spend = told["totals"]["figures"][0]
    assert page.locator("[data-key=spend] .value").get_attribute("title") == f"{spend['value']} USD"
    assert page.locator("[data-key=spend] polyline").get_attribute("points")


# --- switching, filtering, drilling ---------------------------------------------------------------


def test_spend_is_switched_by_any_cut_with_the_mouse_and_the_keyboard(page: Page) -> None:
    tabs = page.locator("#spend [role=tab]")
    names = ["Service", "Account", "Environment", "Tag Project", "Tag Environment", "Tag Owner", "Tag CostCenter"]
    assert tabs.all_inner_texts() == names
    assert shown(page, "#spend h3:visible") == ["Service"]
    tabs.get_by_text("Tag Owner").click()
    assert shown(page, "#spend h3:visible") == ["Tag Owner"]
    assert "(untagged)" in " ".join(shown(page, "#spend tbody:visible th"))
    page.keyboard.press("ArrowRight")
    assert shown(page, "#spend h3:visible") == ["Tag CostCenter"]
    page.locator("#spend [data-figure='spend:tag:CostCenter'] .main-svg").first.wait_for()


def test_a_filter_leaves_the_rows_that_fit_and_hides_the_sum_of_all(page: Page) -> None:
    page.get_by_label("Filter Estimates and actuals").fill("staging")
    rows = page.locator("#table-estimates tbody tr:visible")
    assert rows.count() > 3
    assert set(shown(page, "#table-estimates tbody tr:visible th")) == {"staging"}
    page.get_by_label("Filter Daily charges by Service").fill("ec2")
    assert shown(page, "#table-spend-service tbody tr:visible th") == ["AmazonEC2"]
    assert not page.locator("#table-spend-service tfoot").is_visible()


def test_a_link_holds_section_cut_and_filter(window: Window, demo: Path) -> None:
    page = window.open(demo / "report.html")
    page.locator("#spend [role=tab]").get_by_text("Account").click()
    page.get_by_label("Filter Estimates and actuals").fill("prod")
    assert page.evaluate("location.hash") == "#promises&filter-estimates=prod"
    again = window.open(demo / "report.html", "spend&cut=Tag+Owner")
    assert shown(again, "#spend h3:visible") == ["Tag Owner"]
    filtered = window.open(demo / "report.html", "promises&filter-estimates=staging")
    assert set(shown(filtered, "#table-estimates tbody tr:visible th")) == {"staging"}
    assert filtered.locator("#promises").evaluate("one => one.getBoundingClientRect().top < innerHeight")


def test_a_table_sorts_by_the_exact_amount_both_ways(page: Page) -> None:
    head = page.locator("#table-estimates thead th", has_text="So far")
    amounts = "rows => rows.map(row => Number(row.cells[4].dataset.sort))"
    head.get_by_role("button").click()
    falling = page.locator("#table-estimates tbody tr").evaluate_all(amounts)
    assert head.get_attribute("aria-sort") == "descending"
    assert falling == sorted(falling, reverse=True)
    head.get_by_role("button").press("Enter")
    assert page.locator("#table-estimates tbody tr").evaluate_all(amounts) == sorted(falling)


def test_a_table_is_copied_with_exact_amounts(page: Page, told: dict[str, Any]) -> None:
    page.get_by_role("button", name="Copy Change by service").click()
    page.locator("#said", has_text="copied").wait_for(state="attached")
    head, first, *_ = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert head.split("\t")[0] == "Service"
    (changes,) = [row for row in told["rows"] if row["section"] == "changes"]
    (table,) = [one for one in changes["tables"] if one["table"] == "changes-service"]
    assert Decimal(first.split("\t")[1]) == table["rows"][0]["cost"]


def test_every_figure_opens_to_its_rows_and_its_query(page: Page, told: dict[str, Any]) -> None:
    for link in page.locator(".tile .rows a").all():
        assert page.locator(f"{link.get_attribute('href')} table").count() > 0
    source = page.locator("#table-spend-service").locator("xpath=../following-sibling::details")
    assert not source.locator("pre").first.is_visible()
    source.locator("summary").press("Enter")
    assert source.locator(".command").inner_text().startswith("finops spend --by service --from 2026-")
    (spend,) = [row for row in told["rows"] if row["section"] == "spend"]
    assert source.locator(".sql").inner_text().strip() == spend["tables"][0]["sql"].strip()


def test_every_table_opens_to_the_command_that_lists_its_rows_and_to_their_query(page: Page) -> None:
    tables = page.locator("table[data-key]").evaluate_all("all => all.map(one => one.dataset.key)")
    closed = page.locator("details.source:has(pre.command):has(pre.sql)").count()
    assert len(tables) == closed > 20


def test_the_idle_hours_are_a_table_of_the_week(page: Page) -> None:
    assert page.locator("#table-idle-hours tbody tr").count() == 7
    assert page.locator("#table-idle-hours tbody td").count() == 7 * 24
    assert page.locator("#table-idle-hours .heat-4, #table-idle-hours .heat-5").count() > 0


# --- for everybody --------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(window: Window, demo: Path, scheme: str) -> None:
    page = window.open(demo / "report.html", scheme=scheme)
    page.locator("#spend [role=tab]").get_by_text("Tag Owner").click()
    page.locator("details.source summary:visible").first.click()
    assert serious(page) == []


def test_dark_is_dark_and_the_charts_follow(window: Window, demo: Path) -> None:
    page = window.open(demo / "report.html", scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    bar = "document.querySelector('[data-figure=days] .point path').style.fill"
    dark = page.evaluate(ground), page.evaluate(bar)
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"{bar} !== '{dark[1]}'")
    assert page.evaluate(ground) != dark[0]


@pytest.mark.parametrize("width", [1440, 820, 390])
def test_no_width_makes_the_page_scroll_sideways(window: Window, demo: Path, width: int) -> None:
    page = window.open(demo / "report.html", size={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_page_prints_with_all_its_charts(window: Window, demo: Path, tmp_path: Path) -> None:
    page = window.open(demo / "report.html")
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert 4 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 16
    assert page.locator("[data-figure]:visible:not(:has(.main-svg))").count() == 0
    assert window.complaints == []


# --- odd estates ----------------------------------------------------------------------------------

ODD: dict[str, list[Line]] = {
    "nothing": [],
    "no tags": every_day(*WEEKS, cost="5"),
    "one service without cost": every_day(*WEEKS, cost="0"),
    "only credits": every_day(*WEEKS, cost="-5", x_line_item_type="Credit", resource_id=None),
    "2000 accounts": [Line(day(10, 13) + timedelta(days=n % 7), "1", sub_account_id=f"{n:012}") for n in range(2000)],
    "any script": every_day(*WEEKS, cost="5", tags=(("Owner", "Zoë 团队 مالية ทีม"), ("Project", HOSTILE))),
    "markup": estate(),
}


@pytest.mark.parametrize("lines", ODD.values(), ids=ODD)
def test_odd_estates_make_a_readable_page(lines: list[Line], window: Window, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(report_html.render(document(build(ledger(lines, LOADED), "weekly"))), encoding="utf-8")
    window.page.goto("about:blank")
    window.complaints.clear()
    window.page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    window.page.goto(file.as_uri())
    page = window.page
    assert page.locator(".sentence").inner_text()
    assert page.locator("script").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    for plot in page.locator("[data-figure]:visible").all():
        plot.scroll_into_view_if_needed()
        plot.locator(".main-svg").first.wait_for()
    assert not re.search(r"NaN|undefined|None|\[object", page.locator("main").inner_text())
    assert window.complaints == []


# --- for whom -------------------------------------------------------------------------------------


def test_an_owners_report_is_of_what_the_tag_says_is_theirs(demo: Path, told: dict[str, Any]) -> None:
    settings, database = load_settings(demo / "finops.toml"), demo / "finops.duckdb"
    open_part = partial(open_ledger, database, settings)
    with reports(open_part, database, settings, Ask(metric="amortized"), Wanted(with_advice=False)) as made:
        name, make = next(iter(made.items()))
        first = make()
    (spend,) = [row for row in told["rows"] if row["section"] == "spend"]
    (owners,) = [table for table in spend["tables"] if table["table"] == "spend-tag:Owner"]
    (theirs,) = [row for row in owners["rows"] if row["tag:Owner"] == name]
    assert first.figures[0].value == theirs["cost"]
    states = {section.key: section.state for section in first.sections}
    assert (states["spend"], states["promises"], states["units"]) == ("shown", "left out", "left out")


def test_an_owner_without_cost_is_a_usage_error(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--db", str(demo / "finops.duckdb"), "--config", str(demo / "finops.toml")]
    assert main(["report", "--owner", "nobody", *words]) == 2
    assert "no cost carries Owner=nobody" in capsys.readouterr().err


def test_the_demo_has_every_section(page: Page) -> None:
    assert page.locator("section[data-state=shown]").count() == len(SECTIONS)


# --- PDF by the verb ------------------------------------------------------------------------------


def test_the_verb_prints_a_pdf_with_the_installed_browser(tmp_path: Path) -> None:
    if report_pdf.find_browser() is None:
        pytest.skip("NO BROWSER: no PDF was printed; install chromium to test it")
    target = tmp_path / "report.pdf"
    report_pdf.write_pdf(document(build(ledger(estate(), LOADED), "weekly")), target)
    assert target.read_bytes().startswith(b"%PDF")
    assert [path.name for path in tmp_path.iterdir()] == ["report.pdf"]


def test_without_a_browser_a_pdf_is_refused_in_clear_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(report_pdf, "_PLACES", ())
    assert main(["report", "-o", str(tmp_path / "report.pdf"), "--db", str(tmp_path / "none.duckdb")]) == 2
    assert "no Chromium, Chrome or Edge is installed" in capsys.readouterr().err
    assert not (tmp_path / "report.pdf").exists()


def test_a_pdf_needs_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--format", "pdf"]) == 2
    assert "pdf needs a place to be written to" in capsys.readouterr().err
