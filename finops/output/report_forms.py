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


def form_of(form: FormName | None, output: Path | None) -> FormName:
    """The shape asked for, else the one that the file is called, else a page."""
    return form or _SUFFIXES.get(output.suffix if output else "", "html")


def suffix_of(form: FormName) -> str:
    """What the name of a file in a shape ends in; blank for a folder."""
    return "" if form in ("csv", "parquet") else ".html" if form == "mail" else f".{form}"


def require(form: FormName, output: Path | None) -> None:
    """What a shape needs, asked for before anything is computed. Raises UsageError where it is missing."""
    if form in _PLACED and output is None:
        raise UsageError(f"{form} needs a place to be written to", f"--format {form}", f"-o {_PLACED[form]}")
    if form == "pdf":
        from finops.output.report_pdf import require_browser

        require_browser()


def write_report(report: Report, form: FormName, output: Path | None) -> None:
    """Write the report to a file or stdout; csv and parquet are a folder of tables, and xlsx is no text.

    Raises UsageError where a shape needs a place, or a library that is not installed; EngineError when it cannot be
    written.
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
    "html": _html, "md": _md, "mail": _mail, "json": _json, "pdf": _pdf, "xlsx": _xlsx, "csv": _csv,
    "parquet": _parquet,
}  # fmt: skip
