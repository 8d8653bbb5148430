"""The report as a workbook, a mail and data: the same numbers in each, and nothing in them that runs."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from finops.catalog import Problem
from finops.cli import main
from finops.config.notify import Email
from finops.config.settings import Owners
from finops.document import Basis
from finops.errors import EngineError, UsageError
from finops.notify.mail import message
from finops.notify.news import news
from finops.notify.saved import read_saved
from finops.output import report_mail, report_xlsx
from finops.output.report_data import sheets
from finops.output.report_forms import file_name, form_of, require, write_report
from finops.output.report_text import document
from finops.report.facts import build
from finops.report.model import Block, Cell, Chart, Column, Figure, Report, Section, Series, Source, Table
from tests.report_ledger import HOSTILE, day, every_day, ledger, read_estate
from tests.tiny_export import ingested

GOLDEN = Path(__file__).parent / "golden"
FORMULA = '=HYPERLINK("http://evil.example","x")'
COLUMNS = (
    Column("service", "Service", "code"), Column("cost", "This week", "money"), Column("change", "Change", "change"),
    Column("percent", "%", "percent"), Column("share", "Share", "share"), Column("lines", "Lines", "count"),
    Column("unit", "Per order", "rate"), Column("since", "Since", "day"),
)  # fmt: skip


def row(name: str, cost: str, change: str, percent: str | None, lines: int, since: date | None) -> tuple[Cell, ...]:
    return (
        Cell(name, name), Cell(f"${Decimal(cost):,.2f}", Decimal(cost)), Cell(change, Decimal(change), "up"),
        Cell(f"{percent}%" if percent else "new", Decimal(percent) if percent else None),
        Cell("50.0%", Decimal("50.0000")), Cell(f"{lines:,}", lines), Cell("$0.000012", Decimal("0.0000123456")),
        Cell(f"{since:%d %B %Y}" if since else "n/a", since),
    )  # fmt: skip


ROWS = (
    row("AmazonEC2", "1234567.0123456789", "24.5", "12.0039", 12, date(2026, 10, 19)),
    row(FORMULA, "0.0000000001", "-0.5", None, 1_000_000, None),
    row("+1-2@3\t\x1b[31m", "0E-10", "0", "-0.1", 0, None),
)
TABLE = Table(
    "by-service", "By service", COLUMNS, ROWS, row("2 others", "1.5", "0.25", "1", 3, None),
    row("Total", "1234568.5123456790", "24.25", "2", 1_000_015, None), Source("finops spend", "select 1"),
)  # fmt: skip
MAP = Table("map", "A map", COLUMNS[:2], tuple(one[:2] for one in ROWS[:1]), is_map=True)
CHART = Chart(
    "days", "Cost by day", "days", (date(2026, 10, 19), date(2026, 10, 20)),
    (Series("cost", (Decimal("1.25"), None), "now"), Series("lift", (Decimal(9), Decimal(9)), "base", is_base=True)),
)  # fmt: skip
REPORT = Report(
    cadence="weekly",
    title="Weekly cost report",
    scope=("19-25 October 2026", "amortized cost in USD"),
    sentences=(f"Spend is {HOSTILE}.",),
    figures=(
        Figure("spend", "Last whole week", "$1.25", ("estimated",), Decimal("1.25"), "money", "up"),
        Figure("trust", "Can it be trusted?", "Estimated", (), False),
    ),
    warnings=("One day is not complete.",),
    basis=Basis(metric="amortized", currency="USD", final=False, deliveries=({"export": "acme", "period": "2026-10"},)),
    sections=(
        Section(
            "spend", "What changed: [a/b] and why it did so much", ("A sentence.",), (Block("", (), CHART, TABLE),)
        ),
        Section("map", "What changed: [a/b] and why it did so little", (), (Block("When", (), None, MAP),)),
        Section("many", "Many", (), tuple(Block(f"By {n}", (), None, TABLE) for n in range(3)), switch="Cut by"),
        Section("off", "Promises", ("Not set.",), (), state="not set"),
    ),
    problems=(Problem("estimated", "costs without an invoice id are estimates", "acme 2026-10"),),
)


@cache
def weekly() -> Report:
    """The report of an estate with every kind of row."""
    return document(read_estate("weekly"))


def book_of(report: Report) -> Any:
    return openpyxl.load_workbook(io.BytesIO(report_xlsx.workbook(report)))


def cells(book: Any) -> Iterator[Any]:
    return (cell for sheet in book for line in sheet.iter_rows() for cell in line if cell.value is not None)


def exact_values(report: Report) -> Iterator[Any]:
    """Every number and day of the tables, as the report holds it."""
    for section in report.sections:
        for table in section.tables:
            for line in filter(None, (*table.rows, table.rest, table.total)):
                for column, cell in zip(table.columns, line, strict=True):
                    if (column.number or column.kind == "day") and cell.value is not None:
                        yield cell.value


# --- the workbook ------------------------------------------------------------------------------


def test_the_workbook_is_as_it_was() -> None:
    found = {sheet.title: [[_told(cell) for cell in line] for line in sheet.iter_rows()] for sheet in book_of(REPORT)}
    golden = GOLDEN / "report_xlsx.json"
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def _told(cell: Any) -> str:
    """The value with its type and format, as one text."""
    if cell.value is None:
        return ""
    if isinstance(cell.value, datetime):
        return f"{cell.value:%Y-%m-%d} as {cell.number_format}"
    return cell.value if isinstance(cell.value, str) else f"{cell.value!r} as {cell.number_format}"


def test_every_number_and_day_of_the_report_is_one_in_the_workbook() -> None:
    found = [cell.value for cell in cells(book_of(weekly()))]
    numbers = {float(value) for value in found if isinstance(value, (int, float))}
    days = {value.date() for value in found if isinstance(value, datetime)}
    expected = list(exact_values(weekly()))
    assert len(expected) > 100
    assert {float(value) for value in expected if not isinstance(value, date)} <= numbers
    assert {value for value in expected if isinstance(value, date)} <= days


def test_the_file_holds_all_the_digits_that_a_spreadsheet_has() -> None:
    with zipfile.ZipFile(io.BytesIO(report_xlsx.workbook(REPORT))) as file:
        held = re.findall("<v>([^<]*)</v>", file.read("xl/worksheets/sheet2.xml").decode())
    assert abs(Decimal(held[0]) - ROWS[0][1].value) < Decimal("1e-8")
    assert Decimal("1e-10") in map(Decimal, held)


def test_no_text_of_the_bill_is_a_formula() -> None:
    data = report_xlsx.workbook(REPORT)
    book = openpyxl.load_workbook(io.BytesIO(data))
    told = next(cell for cell in cells(book) if cell.value == FORMULA)
    assert (told.data_type, told.quotePrefix) == ("s", True)
    assert {cell.data_type for cell in cells(book)} <= {"s", "n", "d"}
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert [name for name in file.namelist() if b"<f>" in file.read(name)] == []


def test_rows_sort_and_filter_and_what_sums_them_stays_below() -> None:
    sheet = book_of(REPORT).worksheets[1]
    (table,) = sheet.tables.values()
    first, last = (int(number) for number in re.findall(r"\d+", table.ref))
    assert last - first == len(ROWS)
    assert [sheet.cell(last + at, 1).value for at in (1, 2)] == ["2 others", "Total"]
    assert list(book_of(REPORT).worksheets[2].tables) == []


def test_sheets_have_names_of_their_own_that_excel_takes() -> None:
    titles = book_of(REPORT).sheetnames
    assert len({title.lower() for title in titles}) == len(titles) == 6
    assert all(0 < len(title) <= 31 and not set(title) & set("[]:*?/\\'") for title in titles)


def test_tables_of_a_workbook_have_names_of_their_own() -> None:
    names = [name for sheet in book_of(REPORT) for name in sheet.tables]
    assert len(set(names)) == len(names) == 4


def test_the_same_report_is_the_same_file() -> None:
    assert report_xlsx.workbook(REPORT) == report_xlsx.workbook(REPORT)


def test_without_openpyxl_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_xlsx, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="openpyxl") as told:
        require("xlsx", Path("report.xlsx"))
    assert "finops[xlsx]" in str(told.value)


# --- the mail ----------------------------------------------------------------------------------


class Elements(HTMLParser):
    """The elements of a page, their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: dict[str, set[str]] = {}
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.open += [] if tag in ("meta", "br") else [tag]
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("report", [REPORT, None], ids=["by hand", "an estate"])
def test_a_mail_has_only_what_mail_programs_show(report: Report | None) -> None:
    html = report_mail.render(report or weekly())
    page = Elements(html)
    assert page.tags <= {
        "html", "head", "meta", "title", "body", "table", "tr", "td", "th", "h1", "h2", "h3", "p",
    }  # fmt: skip
    assert not page.attributes.keys() & {"class", "id", "src", "href", "onclick"}
    assert "://" not in re.sub("evil.example", "", "".join(page.attributes.get("style", ())))
    assert page.open == []
    # Gmail cuts off what is longer
    assert len(html.encode()) < 100_000


def test_a_mail_tells_the_figures_and_escapes_the_bill() -> None:
    texts = Elements(report_mail.render(REPORT)).texts
    for figure in REPORT.figures:
        assert figure.text in texts
    assert f"Spend is {HOSTILE}." in texts
    assert "+1-2@3\\t\\x1b[31m" in texts


def test_what_a_mail_leaves_out_is_said() -> None:
    many = Table("many", "Many", COLUMNS[:1], tuple((Cell(f"s{n}"),) for n in range(40)))
    section = Section("many", "Many", (), (Block("All", (), None, many),))
    texts = Elements(report_mail.render(Report("weekly", "R", ("s",), (), (), (), Basis(), (section,)))).texts
    assert f"{40 - report_mail.MOST_ROWS} more rows in the whole report" in texts
    assert "In the whole report also: By 1, By 2" in Elements(report_mail.render(REPORT)).texts


def test_sections_for_which_a_mail_has_no_room_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_mail, "MOST_BYTES", 1)
    texts = Elements(report_mail.render(REPORT)).texts
    titles = ", ".join(section.title for section in REPORT.sections)
    assert f"In the whole report also: {titles}" in texts
    assert "AmazonEC2" not in texts
    assert "$1.25" in texts


def test_a_map_is_no_part_of_a_mail_and_is_named() -> None:
    assert "In the whole report also: When" in Elements(report_mail.render(REPORT)).texts


def test_the_mail_is_as_it_was() -> None:
    golden = GOLDEN / "report_mail.html"
    text = report_mail.render(REPORT)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_notify_sends_the_mail_and_knows_it_for_the_report_it_is(tmp_path: Path) -> None:
    saved = {}
    for form in ("md", "mail"):
        write_report(REPORT, form, tmp_path / form)  # type: ignore[arg-type]
        saved[form] = read_saved(tmp_path / form)
    ((from_markdown,), (from_mail,)) = (one.open for one in saved.values())
    assert (from_mail.id, from_mail.title) == (from_markdown.id, "Weekly cost report: 19-25 October 2026")
    assert f"Spend is {HOSTILE}." in from_mail.message
    email = Email("smtp.example", 25, "starttls", "finops@example.org", ("team@example.org",))
    sent = message(news(saved["mail"], (), datetime(2026, 10, 26)), email, Owners())
    page, text = sent.get_body(("html",)), sent.get_body(("plain",))
    assert page is not None
    assert text is not None
    assert page.get_content() == report_mail.render(REPORT)
    assert "Spend is" in text.get_content()


def test_another_page_is_no_mail_of_a_report(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<!doctype html><title>Something</title>")
    with pytest.raises(UsageError, match="no answer that can be told"):
        read_saved(tmp_path / "page.html")


# --- the data ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_every_table_is_a_file_with_its_exact_values(form: Any, tmp_path: Path) -> None:
    write_report(REPORT, form, tmp_path / "data")
    names = sorted(path.name for path in (tmp_path / "data").iterdir())
    assert names == sorted(f"{sheet.name}.{form}" for sheet in sheets(REPORT))
    cast = "decimal(38, 10)"
    columns = f"part, service, cost::{cast}, share::{cast}, lines::bigint, since::date"
    found = duckdb.execute(f"select {columns} from '{tmp_path}/data/spend-by-service.{form}'").fetchall()
    assert [line[0] for line in found] == ["row", "row", "row", "rest", "total"]
    assert found[0][1:] == ("AmazonEC2", ROWS[0][1].value, Decimal(50), 12, date(2026, 10, 19))
    assert sum(line[2] for line in found[:-1]) == found[-1][2]


class _Stopped(tuple[Section, ...]):
    """Sections after the first of which Ctrl-C is pressed."""

    def __iter__(self) -> Iterator[Section]:
        yield self[0]
        raise KeyboardInterrupt


def test_a_folder_of_tables_that_is_not_whole_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_report(replace(REPORT, sections=_Stopped(REPORT.sections)), "csv", tmp_path / "data")
    assert not list(tmp_path.iterdir())


def test_a_csv_runs_nothing_in_a_spreadsheet(tmp_path: Path) -> None:
    write_report(REPORT, "csv", tmp_path / "data")
    with (tmp_path / "data" / "spend-by-service.csv").open(newline="") as file:
        names = [line["service"] for line in csv.DictReader(file)]
    assert names[1] == f"'{FORMULA}"


def test_charts_are_one_table_of_values_without_what_only_lifts_them() -> None:
    (charts,) = [sheet for sheet in sheets(REPORT) if sheet.name == "charts"]
    assert charts.rows == (
        ("spend", "days", "cost", "2026-10-19", Decimal("1.25")),
        ("spend", "days", "cost", "2026-10-20", None),
    )


def test_parquet_has_types(tmp_path: Path) -> None:
    write_report(weekly(), "parquet", tmp_path / "data")
    for path in (tmp_path / "data").iterdir():
        duckdb.execute(f"select * from '{path}'").fetchall()
    described = duckdb.execute(f"describe select * from '{tmp_path}/data/spend-service.parquet'").fetchall()
    types = {name: kind for name, kind, *_ in described}
    assert types["cost"] == types["change_percent"] == "DECIMAL(38,10)"
    assert types["service"] == "VARCHAR"


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not an empty folder"):
        write_report(REPORT, "csv", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


# --- all of them -------------------------------------------------------------------------------


WEEKS = (day(9, 14), day(10, 20))
ODD: dict[str, list[Any]] = {
    "nothing": [],
    "any script": every_day(*WEEKS, cost="5", tags=(("Owner", "Zoë 团队 \u202e\x1b"),)),
}


@pytest.mark.parametrize("lines", ODD.values(), ids=ODD)
def test_any_data_can_be_written_in_every_shape(lines: list[Any], tmp_path: Path) -> None:
    report = document(build(ledger(lines), "weekly"))
    for form in ("html", "md", "mail", "json", "xlsx", "csv", "parquet"):
        write_report(report, form, tmp_path / form)  # type: ignore[arg-type]
    assert len(list(tmp_path.iterdir())) == 7


@pytest.mark.parametrize("form", ["pdf", "xlsx", "csv", "parquet"])
def test_what_is_no_text_needs_a_place(form: Any) -> None:
    with pytest.raises(UsageError, match="needs a place"):
        write_report(REPORT, form, None)


@pytest.mark.parametrize("form", ["xlsx", "csv", "parquet"])
def test_a_place_that_cannot_be_written_to_is_told(form: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="cannot write"):
        write_report(REPORT, form, tmp_path / "file" / "below")


def test_the_ending_of_a_file_says_what_it_is() -> None:
    names = ("report.md", "report.xlsx", "report.json", "report.html", "report")
    assert [form_of(None, Path(name)) for name in names] == ["md", "xlsx", "json", "html", "html"]
    assert form_of("mail", Path("report.md")) == "mail"
    assert form_of(None, None) == "html"


def test_reports_in_a_folder_are_called_after_what_they_are() -> None:
    names = [file_name("web", form) for form in ("html", "mail", "xlsx", "csv")]  # type: ignore[arg-type]
    assert names == ["web.html", "web.mail.html", "web.xlsx", "web"]


def test_the_verb_writes_what_the_file_is_called(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["report", "--no-advice", "--db", str(ingested(tmp_path))]
    assert main([*words, "-o", str(tmp_path / "report.xlsx")]) == 0
    assert openpyxl.load_workbook(tmp_path / "report.xlsx").sheetnames[0] == "Summary"
    assert main([*words, "--format", "parquet"]) == 2
    assert "-o FOLDER" in capsys.readouterr().err
