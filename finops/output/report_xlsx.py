"""The cost report as a workbook: a sheet per section, numbers are numbers, days are days, text is never a formula."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from finops.errors import UsageError
from finops.output.values import printable, shown
from finops.report.model import Cell, Column, Figure, Kind, Report, Row, Section, Table

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

# How a value of a kind is shown; it has all the digits that a spreadsheet holds. Percent is 0 to 100, as everywhere.
FORMATS: dict[Kind, str] = {
    "money": "#,##0.00",
    "change": "+#,##0.00;-#,##0.00;0.00",
    "rate": "#,##0.00########",
    "percent": '+0.0"%";-0.0"%";0.0"%"',
    "share": '0.0"%"',
    "count": "#,##0",
    "day": "yyyy-mm-dd",
}
_TITLE_LENGTH = 31
_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\']")
_WIDEST, _NARROWEST = 60, 9
_CELL_LENGTH = 32_767
# What a spreadsheet would take for the start of a formula, were the text typed in.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# The moment every entry of the file carries: the same report is the same file.
_MOMENT = (1980, 1, 1, 0, 0, 0)
_MODIFIED = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def workbook(report: Report) -> bytes:
    """The workbook as a file. Needs openpyxl."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    titles: list[str] = []
    _summary(_sheet(book, "Summary", titles), report)
    for section in report.sections:
        _section(_sheet(book, section.title, titles), section)
    _sources(_sheet(book, "Sources", titles), report)
    return _saved(book)


def require_openpyxl() -> None:
    """Raises UsageError where openpyxl is not installed."""
    if find_spec("openpyxl") is None:
        raise UsageError("a workbook needs openpyxl, which is not installed", "xlsx", "pip install 'finops[xlsx]'")


def _sheet(book: Workbook, title: str, titles: list[str]) -> Worksheet:
    """A new sheet; its title is as much of `title` as Excel takes, and no other sheet's."""
    base = " ".join(printable(_NOT_IN_TITLES.sub(" ", title)).split())[:_TITLE_LENGTH].strip() or "Section"
    wanted, number = base, 2
    while wanted.lower() in titles:
        wanted, number = f"{base[: _TITLE_LENGTH - 4]} {number}", number + 1
    titles.append(wanted.lower())
    sheet: Worksheet = book.create_sheet(wanted)
    sheet.sheet_view.showGridLines = False
    return sheet


def _summary(sheet: Worksheet, report: Report) -> None:
    _line(sheet, report.title, "title")
    for text in (", ".join(report.scope), *report.warnings, *report.sentences):
        _line(sheet, text)
    columns = (Column("label", "Figure"), Column("value", "Value"), Column("notes", "Notes"))
    _heads(sheet, columns)
    for figure in report.figures:
        _figure(sheet, figure)
    _line(sheet, f"Money is in {report.currency}, {report.basis.metric} cost. {_finality(report)}")
    for problem in report.problems:
        _line(sheet, f"{problem.message} ({problem.where})" if problem.where else problem.message)
    _widths(sheet, (28, 20, 60))


def _finality(report: Report) -> str:
    said = {True: "All of it is final.", False: "It is estimated.", None: "Whether it is final is unknown."}
    return said[report.basis.final]


def _figure(sheet: Worksheet, figure: Figure) -> None:
    at = _next(sheet)
    _put(sheet, at, 1, Cell(figure.label), "text")
    _put(sheet, at, 2, Cell(figure.text, figure.value if figure.kind != "text" else None), figure.kind)
    _put(sheet, at, 3, Cell("; ".join(figure.notes)), "text")


def _section(sheet: Worksheet, section: Section) -> None:
    _line(sheet, section.title, "title")
    for text in section.text:
        _line(sheet, text)
    tables = []
    for block in section.blocks:
        if block.text or block.table:
            _line(sheet, block.title or (block.table.caption if block.table else ""), "heading", gap=1)
        for text in block.text:
            _line(sheet, text)
        if block.table:
            tables.append(block.table)
            _table(sheet, block.table)
    _widths(sheet, _widest(tables))


def _table(sheet: Worksheet, table: Table) -> None:
    _heads(sheet, table.columns)
    top = sheet.max_row
    for row in table.rows:
        _row(sheet, table.columns, row)
    if _can_be_filtered(table):
        _filtered(sheet, table, top)
    for last in (table.rest, table.total):
        if last:
            _row(sheet, table.columns, last, bold=last is table.total)


def _can_be_filtered(table: Table) -> bool:
    """Whether its rows can be a table of Excel's own; a map keeps its order, and each heading has to be another."""
    heads = [_clean(column.label).lower() for column in table.columns]
    return bool(table.rows) and not table.is_map and all(heads) and len(set(heads)) == len(heads)


def _filtered(sheet: Worksheet, table: Table, top: int) -> None:
    """Make the rows a table of Excel's own, that sorts and filters."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.table import Table as ExcelTable
    from openpyxl.worksheet.table import TableStyleInfo

    place = f"A{top}:{get_column_letter(len(table.columns))}{top + len(table.rows)}"
    # the name has to be the only one of its kind in the file, and what Excel takes for a name
    book: Any = sheet.parent
    made = ExcelTable(displayName=f"t{len(book.sheetnames)}_{top}", ref=place)
    made.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
    sheet.add_table(made)


def _heads(sheet: Worksheet, columns: Sequence[Column]) -> None:
    from openpyxl.styles import Alignment, Font

    at = _next(sheet)
    for place, column in enumerate(columns, 1):
        cell = _put(sheet, at, place, Cell(column.label), "text")
        cell.font = Font(bold=True)
        cell.alignment = Alignment(horizontal="right" if column.number else "left", wrap_text=True, vertical="bottom")


def _row(sheet: Worksheet, columns: Sequence[Column], row: Row, bold: bool = False) -> None:
    from openpyxl.styles import Font

    at = _next(sheet)
    for place, (column, cell) in enumerate(zip(columns, row, strict=True), 1):
        made = _put(sheet, at, place, cell, column.kind)
        if bold:
            made.font = Font(bold=True)


def _put(sheet: Worksheet, row: int, column: int, cell: Cell, kind: Kind) -> Any:
    """A value as what it is. What has no exact value is the text that is printed, and never a formula."""
    made = sheet.cell(row, column)
    if kind in FORMATS and cell.value is not None and not isinstance(cell.value, str):
        made.value = cell.value
        made.number_format = FORMATS[kind]
        return made
    text = _clean(cell.text)
    if text:
        made.value = text
        made.data_type = "s"
        made.quotePrefix = text.startswith(_FORMULA)
    return made


def _line(sheet: Worksheet, text: str, style: str = "", gap: int = 0) -> None:
    from openpyxl.styles import Font

    made = _put(sheet, _next(sheet) + gap, 1, Cell(text), "text")
    if style:
        made.font = Font(bold=True, size={"title": 16, "heading": 12}[style])


def _next(sheet: Worksheet) -> int:
    # An empty sheet says that its last row is the first.
    empty = sheet.max_row == 1 and sheet.cell(1, 1).value is None
    return 1 if empty else int(sheet.max_row) + 1


def _clean(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _CELL_LENGTH else text[: _CELL_LENGTH - 1] + "…"


def _sources(sheet: Worksheet, report: Report) -> None:
    """Where each table comes from, to be read again."""
    columns = (
        Column("section", "Section"),
        Column("table", "Table"),
        Column("command", "Command"),
        Column("sql", "SQL"),
    )
    _heads(sheet, columns)
    for section in report.sections:
        for table in section.tables:
            if table.source:
                cells = (section.title, table.caption, table.source.command, " ".join(table.source.sql.split()))
                _row(sheet, columns, tuple(Cell(text) for text in cells))
    for delivery in report.basis.deliveries:
        _line(sheet, ", ".join(shown(delivery[name]) for name in ("export", "period", "delivery") if name in delivery))
    _widths(sheet, (24, 36, 60, 60))


def _widest(tables: Sequence[Table]) -> Iterator[int]:
    count = max((len(table.columns) for table in tables), default=0)
    for at in range(count):
        texts = [
            text
            for table in tables
            if at < len(table.columns)
            for text in (table.columns[at].label, *(row[at].text for row in table.rows))
        ]
        yield max(map(len, texts), default=0) + 2


def _widths(sheet: Worksheet, widths: Iterator[int] | Sequence[int]) -> None:
    from openpyxl.utils import get_column_letter

    for at, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(at)].width = max(_NARROWEST, min(_WIDEST, width))


def _saved(book: Workbook) -> bytes:
    book.properties.creator = "finops"
    book.properties.created = datetime(*_MOMENT[:6], tzinfo=UTC).replace(tzinfo=None)
    written, again = io.BytesIO(), io.BytesIO()
    book.save(written)
    with zipfile.ZipFile(written) as first, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as second:
        for name in first.namelist():
            data = first.read(name)
            if name == "docProps/core.xml":
                data = _MODIFIED.sub(rb"\g<1>1980-01-01T00:00:00Z", data)
            second.writestr(zipfile.ZipInfo(name, _MOMENT), data, zipfile.ZIP_DEFLATED)
    return again.getvalue()
