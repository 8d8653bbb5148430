"""finops estimates read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finops.cli.options import ConfigFile, Db, GithubFormat, Output

Documents = Annotated[list[Path], typer.Argument(metavar="DOC", help="Markdown documents with costs in them.")]
Save = Annotated[
    Path | None,
    typer.Option("--save", metavar="FILE.csv", help="Write the estimates file: to review, and then the truth."),
]
Replace = Annotated[bool, typer.Option("--replace", help="Let --save write over a file that is there.")]


def run(
    docs: Documents,
    save: Save = None,
    replace: Replace = False,
    form: GithubFormat = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Read the cost figures of architecture documents, with file and line, and check their sums."""
    from finops.config import load_settings
    from finops.output import write
    from finops.variance.reading import named, read_estimates, save_estimates

    readings = read_estimates(named(docs), load_settings(config))
    if save:
        from finops.cli.progress import say

        say(save_estimates(readings, save, replace))
    from finops.variance.reading import as_document

    write(as_document(readings), form, output)
