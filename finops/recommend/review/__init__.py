"""Advice as files that are ready to review: nothing is executed, and no file takes away what nobody looked at.

`write_review` takes the document of any `finops recommend` verb. Each kind of change is a module with
`pieces(asked)`; adding one is one module and one word in `_MAKERS`.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from finops.recommend.review.asked import Asked, cells, held_as, held_in, table
from finops.recommend.review.existing import read_existing
from finops.recommend.review.folder import Written, write_folder
from finops.recommend.review.index import index
from finops.recommend.review.piece import Left, Piece
from finops.recommend.review.tickets import tickets

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.document import Document
    from finops.recommend.lifecycle_standards import Held as Standard
    from finops.recommend.row import Recommendation

__all__ = ["Left", "Piece", "Written", "write_review"]

_MAKERS = ("s3", "logs", "ecr", "ecs", "ebs", "purchases")


def write_review(
    document: Document,
    settings: Settings,
    folder: Path,
    existing: Path | None = None,
    advice: Sequence[Recommendation] | None = None,
    standards: Sequence[Standard] | None = None,
) -> Written:
    """Write the rows of a document below `folder`; `existing` is what S3 says of lifecycle today, a file or a folder.

    Where the document lacks the columns of single verbs, `advice` are its rows as they were made (others are left
    out), and `standards` those held against the bill; else they are `totals.standards`. Raises UsageError where
    `existing` cannot be read, or where a file of the folder is not one that was written here; then nothing is changed.
    """
    rows = table(document)
    if advice is not None:
        asked_for = {row["id"] for row in rows}
        rows = [cells(one) for one in advice if one.id in asked_for]
    held = held_in(document) if standards is None else held_as(standards)
    asked = Asked.of_rows(rows, held, settings, read_existing(existing) if existing else {}, document.basis)
    made = [one for name in _MAKERS for one in importlib.import_module(f"{__name__}.{name}").pieces(asked)]
    pieces = [one for one in made if isinstance(one, Piece)]
    left = [one for one in made if isinstance(one, Left)]
    pieces += tickets(asked, pieces, left)
    files = {one.name: one.text for one in [*pieces, index(asked, pieces, left)]}
    return write_folder(folder, files, left)
