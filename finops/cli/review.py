"""What the verbs of `finops recommend` share: `--write`, and what is said of the files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.progress import say
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.document import Document
    from finops.recommend.lifecycle_standards import Held as Standard
    from finops.recommend.row import Recommendation

Write = Annotated[
    Path | None,
    typer.Option("--write", metavar="DIR", help="Write the changes as files to review, executing nothing."),
]
Existing = Annotated[
    Path | None,
    typer.Option(
        "--existing",
        metavar="DIR|FILE",
        help="With --write: answers of get-bucket-lifecycle-configuration, as BUCKET.json.",
    ),
]


def written(
    document: Document,
    settings: Settings,
    folder: Path | None,
    existing: Path | None = None,
    advice: Sequence[Recommendation] | None = None,
    standards: Sequence[Standard] | None = None,
) -> None:
    """Write the advice of a document below the folder and say so; nothing without a folder.

    `advice` and `standards` are what the document was made of, where it does not have all their columns. Raises
    UsageError for `existing` without a folder.
    """
    if folder is None:
        if existing is not None:
            raise UsageError("--existing is only for the files of --write", "--existing", "--write DIR")
        return
    from finops.recommend.review import write_review

    done = write_review(document, settings, folder, existing, advice, standards)
    gone = f", removed {len(done.removed):,} of an earlier run" if done.removed else ""
    say(f"wrote {_count(len(done.files), 'file')} below {folder}{gone}: begin with {folder / 'README.md'}")
    if done.left:
        say(f"in no file: {_count(len(done.left), 'change')}; the README says why")
    say("nothing was executed")


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
