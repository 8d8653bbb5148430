"""finops settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finops.cli.options import ConfigFile, Db

Files = Annotated[
    list[Path] | None, typer.Argument(metavar="[FILE]...", help="Settings files. Default: those that verbs would use.")
]


def run(files: Files = None, db: Db = None, config: ConfigFile = None) -> None:
    """Check finops.toml alone: every key, every value, and whether they contradict each other."""
    from finops.cli.progress import say
    from finops.config import config_path, load_settings

    for path in files or [config_path(config)]:
        load_settings(path)
        say(f"{path}: ok")
