"""finops recommend commitments."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import ConfigFile, Db, ExportName, Format, Output
from finops.cli.progress import say
from finops.cli.review import Write, written

if TYPE_CHECKING:
    from finops.document import Document
    from finops.recommend.choosing import Advised

Commitment = Annotated[
    str | None,
    typer.Option("--commitment", metavar="DOLLARS", help="Evaluate this hourly commitment to each Savings Plan."),
]
Curve = Annotated[
    Path | None,
    typer.Option("--curve", metavar="FILE", help="Write cost by commitment to a .csv, .json, .svg or .html file."),
]


Aws = Annotated[
    bool, typer.Option("--aws", help="Set AWS's own recommendation beside it: Cost Explorer takes $0.01 a request.")
]
Profile = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="AWS profile with the credentials.")]


def run(
    commitment: Commitment = None,
    curve: Curve = None,
    aws: Aws = False,
    profile: Profile = None,
    write_to: Write = None,
    export: ExportName = None,
    form: Format = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Advise Savings Plans and reservations from the hours of the bill; name what is held and unused."""
    from finops.config import db_path, load_settings
    from finops.output import write
    from finops.recommend.choosing import Question
    from finops.recommend.commitments import commitments
    from finops.recommend.held import held
    from finops.recommend.hours import hourly_facts
    from finops.usage import open_usage, price_book

    settings, fixed = load_settings(config), _dollars(commitment)
    with open_usage(db_path(db), export) as usage:
        facts, problems = hourly_facts(usage)
        question = Question(facts, held(usage.connection), price_book(usage), settings, fixed)
        document, advised = commitments(usage, question, problems)
    if aws:
        document = _beside_aws(document, advised, profile)
    if curve:
        from finops.recommend.curve import write_curve

        write_curve(advised.all, curve, fixed)
    write(document, form, output)
    written(document, settings, write_to)


def _beside_aws(document: Document, advised: Advised, profile: str | None) -> Document:
    """The document with AWS's own recommendation; what that costs is said before it is asked."""
    from finops.aws import known_calls, open_door
    from finops.recommend.beside_aws import OPERATION, SERVICE, beside_aws, questions

    count = len(questions(advised.all))
    price = count * known_calls()[SERVICE, OPERATION].price
    say(f"{count} request{'' if count == 1 else 's'} to Cost Explorer, USD {price:.2f}")
    rows = beside_aws(open_door(profile), advised.all)
    return replace(document, totals={**document.totals, "beside_aws": rows})


def _dollars(text: str | None) -> float | None:
    """The commitment as AWS takes it: 0.001 to 1,000,000 an hour, at most five decimals."""
    from finops.errors import UsageError

    if text is None:
        return None
    try:
        value = Decimal(text)
    except ArithmeticError as error:
        raise UsageError(f"{text} is no amount of money", "--commitment", "--commitment 1.25") from error
    if not value.is_finite() or not (Decimal("0.001") <= value <= 1_000_000) or value != round(value, 5):
        what = f"AWS sells commitments of 0.001 to 1,000,000 an hour, to five decimals; not {text}"
        raise UsageError(what, "--commitment", "--commitment 1.25")
    return float(value)
