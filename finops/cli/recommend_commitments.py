"""finops recommend commitments."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from finops.cli.options import ConfigFile, Db, ExportName, Format, Output

Commitment = Annotated[
    str | None,
    typer.Option("--commitment", metavar="DOLLARS", help="Evaluate this hourly commitment to each Savings Plan."),
]
Curve = Annotated[
    Path | None,
    typer.Option("--curve", metavar="FILE", help="Write cost by commitment to a .csv, .json, .svg or .html file."),
]


def run(
    commitment: Commitment = None,
    curve: Curve = None,
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
    if curve:
        from finops.recommend.curve import write_curve

        write_curve(advised.all, curve, fixed)
    write(document, form, output)


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
