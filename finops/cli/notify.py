"""finops notify."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

import typer

from finops.cli.options import ConfigFile, Db
from finops.cli.progress import say
from finops.errors import EngineError, UsageError

if TYPE_CHECKING:
    from finops.notify.news import News

ChannelName = Annotated[
    Literal["slack", "webhook", "email"], typer.Argument(help="Where to, as the settings have it in [notify].")
]
SavedFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A JSON of finops check --save json=FILE or of finops anomalies, or a report as Markdown or mail.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the exact message and send nothing.")]
LedgerFile = Annotated[
    Path | None,
    typer.Option("--ledger", metavar="FILE", help="What was told already. Default: beside the database."),
]
Link = Annotated[
    str | None, typer.Option("--link", metavar="URL", help="Where all results are, such as the run of the CI.")
]


def run(
    channel: ChannelName,
    file: SavedFile,
    dry_run: DryRun = False,
    ledger: LedgerFile = None,
    link: Link = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Tell Slack, a webhook or people by mail what a saved check found, each event once.

    An event is told when it is new, and once more when it is over. What could not be sent is told by the next run.
    """
    from finops.config import db_path, load_settings, now
    from finops.notify.channels import CHANNELS
    from finops.notify.ledger import append, default_path, held, read
    from finops.notify.news import entries, news
    from finops.notify.saved import read_saved

    saved, settings, at, address = read_saved(file), load_settings(config), now(), _link(link)
    path = ledger or default_path(db_path(db))
    if dry_run:
        told = news(saved, read(path, channel, saved.command), at, address)
        print(CHANNELS[channel].shown(told, settings) if told else "", end="")
        _say(told, "would tell", channel)
        return
    send = CHANNELS[channel].sender(settings)
    with held(path):
        told = news(saved, read(path, channel, saved.command), at, address)
        missed = send(told, time.sleep) if told else ()
        append(path, entries(told, channel))
    _say(told, "told", channel)
    if missed:
        raise EngineError(f"the mail server refused {', '.join(missed)}", "[notify.email] to", "the others were told")


def _say(told: News, did: str, channel: str) -> None:
    still = f"; {told.still} told before still open" if told.still else ""
    if not told:
        say(f"nothing new for {channel}{still}")
        return
    say(f"{did} {channel}: {len(told.opened)} new, {len(told.over)} resolved{still}")


def _link(text: str | None) -> str:
    """The address of `--link`. Raises UsageError for one that a message could not carry as it is."""
    if text is None:
        return ""
    if text.isascii() and text.isprintable() and not set(text) & set(' <>|"') and urlsplit(text).scheme in _SCHEMES:
        return text
    raise UsageError("this is no http or https address", "--link", "--link https://ci.example.com/run/1")


_SCHEMES = ("http", "https")
