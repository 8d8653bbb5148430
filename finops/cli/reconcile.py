"""finops reconcile."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import ConfigFile, Db, ExportName, Format, Metric, Output, Period, Where
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.catalog import Problem
    from finops.document import Document
    from finops.reconcile.from_ledger import Question
    from finops.reconcile.sides import Invoice, Side

CE, INVOICE = "ce", "invoice"
# An invoice is what is paid, so only what counts cash can sum to it.
_CASH = ("unblended", "net_unblended")

Against = Annotated[
    str | None,
    typer.Option(
        "--against", metavar="ce|invoice|EXPORT", help="What to hold the export against: Cost Explorer, invoices, ..."
    ),
]
File = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", help="Invoices: JSON of aws invoicing list-invoice-summaries, or CSV."),
]
Typed = Annotated[
    list[str] | None,
    typer.Option("--invoice", metavar="ID=AMOUNT", help="One invoice's total, tax included; may be repeated."),
]
Tolerance = Annotated[
    str, typer.Option("--tolerance", metavar="AMOUNT", help="Exit 1 when more than this is unexplained.")
]
Profile = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="The AWS profile that may list the invoices.")
]


def run(
    file: File = None,
    against: Against = None,
    invoice: Typed = None,
    tolerance: Tolerance = "0.01",
    profile: Profile = None,
    period: Period = None,
    metric: Metric = None,
    where: Where = None,
    export: ExportName = None,
    form: Format = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Tie the export to Cost Explorer or to the invoices, and name each difference."""
    from finops.config import db_path, load_settings
    from finops.output import write
    from finops.reconcile.both import with_side
    from finops.reconcile.from_ledger import Question

    load_settings(config)
    limit = _limit(tolerance)
    other = against or (INVOICE if file or invoice else CE)
    if other != INVOICE and (file or invoice or profile):
        raise UsageError(f"invoices are not compared with --against {other}", "--against", "--against invoice")
    question = Question(metric or "unblended", period, tuple(where or ()))
    database = db_path(db)
    if other == INVOICE:
        name, document = "the invoices", _with_invoices(database, question, export, file, invoice or (), profile)
    else:
        name, document = with_side(database, question, export, other)
    write(document, form, output)
    _conclude(document, name, limit)


def _with_invoices(
    database: Path, question: Question, export: str | None, file: Path | None, typed: Sequence[str], profile: str | None
) -> Document:
    from finops.reconcile.from_ledger import the_export
    from finops.reconcile.invoices import from_file, placed
    from finops.reconcile.invoices import typed as from_hand
    from finops.reconcile.reconcile import reconcile_invoices

    if question.metric not in _CASH:
        raise UsageError(f"{question.metric} cost does not sum to invoices", "--metric", "--metric unblended")
    if (file or typed) and profile:
        raise UsageError("AWS is asked only where no invoice is given", "--profile", "leave out FILE and --invoice")
    ours = the_export(database, question, export)
    found, notes = from_file(file, ours.currency) if file else ([], [])
    if not file and not typed:
        found, notes = _asked_of_aws(ours, profile)
    where = str(file or ("--invoice" if typed else "AWS invoicing"))
    invoices, more = placed([*found, *from_hand(typed)], ours, question.period, where)
    return reconcile_invoices(ours, invoices, question.metric, question.period, [*notes, *more])


def _asked_of_aws(ours: Side, profile: str | None) -> tuple[list[Invoice], list[Problem]]:
    from finops.aws import open_door
    from finops.cli.progress import say
    from finops.reconcile.from_aws import summaries
    from finops.reconcile.from_summaries import invoices

    say(f"asking AWS for the invoices of {', '.join(sorted(ours.payers))}, {', '.join(ours.periods)} (free)")
    answered = summaries(open_door(profile), sorted(ours.payers), ours.periods)
    return invoices(answered, ours.currency, "AWS invoicing")


def _conclude(document: Document, other: str, limit: Decimal) -> None:
    """The sentence per period; ends in 1 when more than `limit` is unexplained."""
    from finops.cli.progress import say
    from finops.output.reconcile_text import sentences
    from finops.output.values import money
    from finops.reconcile.reconcile import unexplained

    for sentence in sentences(document, other):
        say(sentence)
    if (left := unexplained(document)) > limit:
        say(f"failed: {money(left)} {document.basis.currency} is unexplained, more than {limit}")
        raise typer.Exit(1)


def _limit(text: str) -> Decimal:
    if text.replace(".", "", 1).isdecimal():
        return Decimal(text)
    raise UsageError(f"{text} is no amount", where="--tolerance", fix="--tolerance 0.01")
