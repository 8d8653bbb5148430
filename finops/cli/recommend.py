"""finops recommend."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from finops.cli.options import ConfigFile, Db, ExportName, Format, Inventory, Output
from finops.cli.review import Existing, Write, written

ClassName = Literal["measured", "upper bound", "needs data"]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where", metavar="KEY=VALUE", help="Only advice with this account, region, service, kind, step, effort, ..."
    ),
]
Class = Annotated[ClassName | None, typer.Option("--class", help="Only advice of this class.")]
Owner = Annotated[str | None, typer.Option("--owner", metavar="NAME", help="Only advice for this owner.")]


def run(
    where: Where = None,
    class_: Class = None,
    owner: Owner = None,
    inventory: Inventory = None,
    export: ExportName = None,
    write_to: Write = None,
    existing: Existing = None,
    form: Format = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Advise everything in the order it is taken: what each saves then, and one total that counts nothing twice.

    The verbs behind it tell more of each: recommend waste, spot, lifecycle, commitments.
    """
    from finops.config import db_path, load_settings
    from finops.output import write
    from finops.recommend.everything import chosen, everything, in_one
    from finops.recommend.kept import keep
    from finops.usage import open_usage, price_book

    asked = _asked(where or [])
    asked |= {"class": [class_]} if class_ else {}
    asked |= {"owner": [owner]} if owner is not None else {}
    settings = load_settings(config)
    with open_usage(db_path(db), export) as usage:
        found = everything(usage, settings, price_book(usage), inventory)
        document = in_one(usage, found, asked)
        if inventory is None:
            keep(usage, settings, in_one(usage, found, {}))
    write(document, form, output)
    written(document, settings, write_to, existing, chosen(found, asked), [] if asked else found.stored.standards)


def _asked(where: list[str]) -> dict[str, list[str]]:
    """The keys and their values. Raises UsageError for a key that advice does not have."""
    from finops.errors import UsageError
    from finops.recommend.everything import KEYS

    found: dict[str, list[str]] = {}
    for text in where:
        key, equals, values = text.partition("=")
        if not equals or key not in KEYS:
            raise UsageError(f"advice has no {key}", f"--where {text}", f"KEY=VALUE with {', '.join(KEYS)}")
        found[key] = values.split(",")
    return found
