"""Every shape that the cost report is written in, by the word of `--format` or the ending of a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from finops.errors import UsageError
from finops.output.strictly import note
from finops.report.model import Report

FormName = Literal["html", "md", "mail", "json", "pdf", "xlsx", "csv", "parquet"]
_SUFFIXES: dict[str, FormName] = {".md": "md", ".json": "json", ".pdf": "pdf", ".xlsx": "xlsx"}
# What a name ends in where it is not the word of the shape itself; tables are a folder.
_ENDINGS: dict[FormName, str] = {"mail": ".mail.html", "csv": "", "parquet": ""}


def form_of(form: FormName | None, output: Path | None) -> FormName:
    """The shape asked for, else the one that the file is called, else a page."""
    return form or _SUFFIXES.get(output.suffix if output else "", "html")


def file_name(name: str, form: FormName) -> str:
    """What a report is called in a folder of several."""
    return name + _ENDINGS.get(form, f".{form}")


def require(form: FormName, output: Path | None) -> None:
    """What a shape needs, to be asked before anything is computed for it.

    Raises UsageError without a place for what is no text, without a browser for pdf, without openpyxl for xlsx.
    """
    if form in _PLACED and output is None:
        raise UsageError(f"{form} needs a place to be written to", f"--format {form}", f"-o {_PLACED[form]}")
    if form == "pdf":
        from finops.output.report_pdf import require_browser

        require_browser()
    if form == "xlsx":
        from finops.output.report_xlsx import require_openpyxl

        require_openpyxl()


def write_report(report: Report, form: FormName, output: Path | None) -> None:
    """Write the report to a file or stdout; csv and parquet are a folder of tables.

    Raises what `require` does, and EngineError when it cannot be written.
    """
    require(form, output)
    _WRITERS[form](report, output)
    if form != "json":
        note(report.problems)


def _text(render: Callable[[Report], str], report: Report, output: Path | None) -> None:
    from finops.output.destination import destination

    with destination(output) as out:
        out.write(render(report))


def _html(report: Report, output: Path | None) -> None:
    from finops.output.report_html import render

    _text(render, report, output)


def _md(report: Report, output: Path | None) -> None:
    from finops.output.report_md import render

    _text(render, report, output)


def _mail(report: Report, output: Path | None) -> None:
    from finops.output.report_mail import render

    _text(render, report, output)


def _json(report: Report, output: Path | None) -> None:
    from finops.output import write
    from finops.output.report_json import document

    write(document(report), "json", output)


def _pdf(report: Report, output: Path | None) -> None:
    from finops.output.report_pdf import write_pdf

    write_pdf(report, output or Path())


def _xlsx(report: Report, output: Path | None) -> None:
    from finops.output.destination import write_bytes
    from finops.output.report_xlsx import workbook

    write_bytes(output or Path(), workbook(report))


def _csv(report: Report, output: Path | None) -> None:
    from finops.output.report_data import write_data

    write_data(report, "csv", output or Path())


def _parquet(report: Report, output: Path | None) -> None:
    from finops.output.report_data import write_data

    write_data(report, "parquet", output or Path())


_PLACED: dict[str, str] = {"pdf": "report.pdf", "xlsx": "report.xlsx", "csv": "FOLDER", "parquet": "FOLDER"}
_WRITERS: dict[FormName, Callable[[Report, Path | None], None]] = {
    "html": _html, "md": _md, "mail": _mail, "json": _json,
    "pdf": _pdf, "xlsx": _xlsx, "csv": _csv, "parquet": _parquet,
}  # fmt: skip
