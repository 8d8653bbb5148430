"""A real Chromium for the tests of the page: one browser, one page, and a record of all it complains of or asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from finops.output.report_pdf import find_browser

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@dataclass
class Window:
    """One page. `complaints` are console errors and exceptions, `requests` what it asked for beside the file itself."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, file: Path, fragment: str = "", scheme: str = "light", size: dict[str, int] = WIDE) -> Page:
        """The page of a file, drawn; a fragment is what stands behind # in its address."""
        self.complaints.clear()
        self.requests.clear()
        self.page.set_viewport_size(size)  # type: ignore[arg-type]
        self.page.emulate_media(color_scheme=scheme, media="screen")  # type: ignore[arg-type]
        # a fragment alone would not load the file again
        self.page.goto("about:blank")
        self.page.goto(file.as_uri() + (f"#{fragment}" if fragment else ""))
        self.page.wait_for_selector("[data-figure] .main-svg")
        return self.page


@contextmanager
def browser_window() -> Iterator[Window]:
    """A window of an installed Chromium; the test is skipped, with the reason, where there is none."""
    found = find_browser()
    if found is None:
        pytest.skip("NO BROWSER: the page was not opened; install chromium to test it (apt-get install chromium)")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: the page was not opened"
    )
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=found, args=["--no-sandbox"])
        # axe-core is put into the page, which a policy that names every script forbids
        context = browser.new_context(bypass_csp=True)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        window = Window(context.new_page())
        window.page.on("console", lambda one: window.complaints.append(one.text) if one.type == "error" else None)
        window.page.on("pageerror", lambda error: window.complaints.append(str(error)))
        window.page.on("request", lambda one: window.requests.append(one.url))
        yield window
        browser.close()


def strict_page(window: Window) -> Page:
    """A page of the same browser that the policy holds for."""
    browser = window.page.context.browser
    assert browser is not None
    return browser.new_context().new_page()


def serious(page: Page) -> list[str]:
    """What axe-core finds that is serious or worse."""
    from axe_core_python.sync_playwright import Axe

    # of each table a few rows are as good as all, and axe looks at every word
    page.evaluate("document.querySelectorAll('tbody tr:nth-child(n+4)').forEach(row => row.remove())")
    found: dict[str, Any] = Axe().run(page, {"exclude": [[".main-svg"]]}, {"resultTypes": ["violations"]})
    return [
        f"{one['id']}: {one['help']}: {json.dumps([node['html'][:120] for node in one['nodes'][:2]])}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
