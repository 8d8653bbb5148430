"""The cost report as a PDF: the page, printed by a Chromium that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from finops.errors import EngineError, UsageError
from finops.output.destination import reported
from finops.output.report_html import render
from finops.report.model import Report

# Every browser that prints with the same switches, by the names it is installed under.
_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
_PLACES = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"),
    Path("C:/Program Files/Google/Chrome/Application/chrome.exe"),
    Path("C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe"),
)
# Nothing of the machine is asked for, nothing is fetched, nothing is added to the paper.
_SWITCHES = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
    "--no-pdf-header-footer",
)
_SECONDS = 120


def require_browser() -> str:
    """The browser that prints. Raises UsageError when none is installed."""
    browser = find_browser()
    if browser is None:
        raise UsageError(
            "no Chromium, Chrome or Edge is installed to print the page",
            "--format pdf",
            "install chromium, or print the page from a browser: --format html",
        )
    return browser


def write_pdf(report: Report, target: Path) -> None:
    """Print the report into a file, which appears whole or not at all.

    Raises UsageError when no browser is installed, EngineError when it fails or the file cannot be written.
    """
    browser = require_browser()
    with TemporaryDirectory(prefix="finops-") as folder:
        page, printed = Path(folder, "report.html"), Path(folder, "report.pdf")
        page.write_text(render(report), encoding="utf-8")
        _print(browser, page, printed, Path(folder, "profile"))
        with reported(target):
            draft = target.resolve().with_name(f".{target.name}.{os.getpid()}.part")
            try:
                shutil.copyfile(printed, draft)
                draft.replace(target.resolve())
            finally:
                draft.unlink(missing_ok=True)


def find_browser() -> str | None:
    """The first browser of the list that is installed; None where there is none."""
    named = (shutil.which(name) for name in _NAMES)
    placed = (str(place) for place in _PLACES if place.is_file())
    return next((found for found in (*named, *placed) if found), None)


def _print(browser: str, page: Path, printed: Path, profile: Path) -> None:
    # Chromium refuses to run as root in its sandbox; the page is ours and runs nothing but what it names by hash.
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    words = [browser, *_SWITCHES, *as_root, f"--user-data-dir={profile}", f"--print-to-pdf={printed}", page.as_uri()]
    try:
        ran = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"the browser could not print: {error}".splitlines()[0], browser) from error
    if ran.returncode or not printed.is_file():
        said = ran.stderr.strip().splitlines()
        raise EngineError(f"the browser did not print: {said[-1] if said else 'it said nothing'}", browser)
