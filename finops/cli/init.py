"""finops init."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from finops.cli.options import ConfigFile, Db, Output
from finops.errors import UsageError

Paths = Annotated[list[Path] | None, typer.Argument(help="Exports and documents to fill it from.")]
ProfileName = Annotated[
    str, typer.Option("--profile", metavar="NAME", help="The tags to start from: standard or governance.")
]


def run(
    paths: Paths = None,
    profile: ProfileName = "standard",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Write a commented finops.toml, filled from the exports it is pointed at."""
    from finops.config import config_path, db_path
    from finops.init import gather, profile_named, settings_text
    from finops.output.destination import destination

    path = output or config_path(config)
    chosen = profile_named(profile)
    _refuse_to_replace(path)
    database = db_path(db) if db or db_path(db).exists() else None
    seen = gather(paths or (), database, chosen.policy, path.parent)
    text = settings_text(chosen, seen)
    with destination(path) as out:
        out.write(text)
    counts = {
        "tag keys": seen.keys,
        "accounts": seen.accounts,
        "regions": seen.regions,
        "documents": seen.documents,
    }
    found = ", ".join(f"{word}: {len(things)}" for word, things in counts.items() if things)
    print(f"wrote {path} (profile {profile}; {found or 'no bill to fill it from'})", file=sys.stderr)


def _refuse_to_replace(path: Path) -> None:
    if path.is_file():
        raise UsageError(
            "there is a settings file already, and it is not replaced",
            where=str(path),
            fix="-o FILE writes another one to compare with",
        )
