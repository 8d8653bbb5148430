"""The explorer in a real Chromium: slice, drill down, compare, copy; and no error, no request outside, no barrier."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import browser_window, serious
from tests.explore_site import running, small

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

COMPARED = "?by=service&from=2026-10-07&to=2026-10-09&against=2026-10-05..2026-10-07"
# The words are the server's own; its status would be told on the console by the browser itself.
ERROR = {"what": "there is no dimension nowhere", "where": "", "try": "region"}
LINES = "?by=resource&from=2026-10-05&to=2026-10-09&where=resource%3Di-1&view=lines"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(small(tmp_path_factory.mktemp("explore"))) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browser_window() as window:
        found = window.page.context.browser
        assert found is not None
        yield found


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """A page whose every message and request is watched until it is closed."""
    said: list[str] = []
    asked: list[str] = []
    context = browser.new_context(
        permissions=["clipboard-read", "clipboard-write"], viewport={"width": 1280, "height": 900}
    )
    opened = context.new_page()
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    yield opened
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith((site, "data:"))] == []


def titled(page: Page, title: str) -> Page:
    page.wait_for_selector(f"h1:text-is('{title}')")
    return settled(page)


def settled(page: Page) -> Page:
    page.wait_for_selector("#main[aria-busy=false]")
    return page


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    return settled(page)


def table(page: Page, selector: str = "#table") -> list[list[str]]:
    rows: list[list[str]] = page.eval_on_selector_all(
        f"{selector} tbody tr", "rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    return rows


def chips(page: Page) -> list[str]:
    return page.locator("#filters li").all_inner_texts()


def amount(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def test_it_opens_on_everything_by_service(page: Page, site: str) -> None:
    opened(page, site)
    assert page.locator("h1").inner_text() == "Spend by service"
    *rows, total = table(page)
    assert rows[0][0] == "AmazonEC2"
    assert abs(sum(amount(row[1]) for row in rows) - amount(total[1])) < Decimal("0.01") * len(rows)


def test_a_slice_is_chosen_by_keyboard_and_back_goes_back(page: Page, site: str) -> None:
    opened(page, site)
    page.locator("select[name=by]").focus()
    page.keyboard.type("tag:Own")
    assert "team-orders" in [row[0] for row in table(titled(page, "Spend by tag:Owner"))]
    page.go_back()
    titled(page, "Spend by service")


def test_clicks_lead_from_an_account_to_its_line_items(page: Page, site: str) -> None:
    opened(page, f"{site}?by=account")
    for title in ("Spend by service", "Spend by usage_type", "Spend by resource", "Line items"):
        page.locator("#table tbody a").first.click()
        titled(page, title)
    assert [chip.partition("=")[0] for chip in chips(page)] == ["account", "service", "usage_type", "resource"]
    assert page.locator("#table tbody tr").count() > 1
    page.get_by_role("link", name="Back to the slice").click()
    titled(page, "Spend by resource")


def test_a_filter_can_be_typed_and_taken_away(page: Page, site: str) -> None:
    opened(page, site)
    page.get_by_label("Only where").fill("tag:Owner=team-ml")
    page.get_by_role("button", name="Add").click()
    page.wait_for_selector("#filters li")
    settled(page)
    narrowed = table(page)
    page.get_by_role("button", name="Remove the filter tag:Owner=team-ml").click()
    page.wait_for_selector("#filters li", state="detached")
    assert len(table(settled(page))) > len(narrowed)


def test_a_filter_that_is_none_is_told_and_can_be_taken_away(page: Page, site: str) -> None:
    opened(page, site)
    page.route("**/api/spend*nowhere*", lambda route: route.fulfill(status=200, json={"error": ERROR}))
    page.get_by_label("Only where").fill("nowhere=x")
    page.keyboard.press("Enter")
    page.wait_for_selector("#error:not([hidden])")
    assert "there is no dimension nowhere" in page.locator("#error").inner_text()
    page.get_by_role("button", name="Remove the filter nowhere=x").click()
    page.wait_for_selector("#error", state="hidden")


def test_periods_are_held_against_each_other(page: Page, site: str) -> None:
    opened(page, f"{site}?by=service&from=2026-10-07&to=2026-10-09")
    page.locator("select[name=compare]").select_option("before")
    page.wait_for_selector("#table th:has-text('before')")
    assert "against=2026-10-05..2026-10-07" in page.url
    for row in table(settled(page)):
        now, before, change = (
            amount(row[1]),
            amount(row[3]),
            amount(row[4].replace("+", "").replace("<", "").replace(">", "")),
        )
        assert abs(now - before - change) <= Decimal("0.015")


def test_a_day_of_the_chart_opens_that_day(page: Page, site: str) -> None:
    opened(page, f"{site}{COMPARED}")
    page.get_by_text("The same as a table").click()
    page.locator("#bars tbody a").nth(1).click()
    page.wait_for_url("**from=2026-10-08&to=2026-10-09**")
    assert "against=2026-10-07..2026-10-08" in page.url


def test_rows_are_found_as_a_person_types(page: Page, site: str) -> None:
    opened(page, f"{site}?by=usage_type")
    page.get_by_label("Find").press_sequentially("NatGateway")
    page.wait_for_selector("#more:has-text('rows have it')")
    assert {"NatGateway" in row[0] for row in table(settled(page))} == {True}


def test_what_is_shown_is_what_is_copied(page: Page, site: str) -> None:
    opened(page, f"{site}{COMPARED}")
    for what, first in (("command", "finops spend "), ("sql", "-- duckdb")):
        page.locator(f"[data-copy={what}]").click()
        page.wait_for_selector(f"[data-copy={what}]:has-text('Copied')")
        copied: str = page.evaluate("navigator.clipboard.readText()")
        assert copied == page.locator(f"#{what}").inner_text()
        assert copied.startswith(first)


def test_a_tag_that_looks_like_markup_is_text(page: Page, site: str) -> None:
    opened(page, f"{site}?by=tag:Owner")
    assert "<script>alert(1)</script>" in [row[0] for row in table(page)]
    assert page.locator("script").count() == 1


@pytest.mark.parametrize(("scheme", "address"), [("light", ""), ("dark", COMPARED), ("light", LINES)])
def test_nothing_bars_the_way(scheme: Any, address: str, page: Page, site: str) -> None:
    page.emulate_media(color_scheme=scheme)
    assert serious(opened(page, site + address)) == []


def test_no_width_makes_the_page_scroll_sideways(page: Page, site: str) -> None:
    opened(page, f"{site}{COMPARED}&where=account%3D000000000002")
    for width in (390, 820, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
