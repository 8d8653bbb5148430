"""A ledger as it was before it was upgraded: readable by the version that wrote it, and nearly free of charge.

Files of the store are never changed once they are written, so the copy shares their blocks by a second name.
"""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from finops.catalog import deliveries, store_of
from finops.ingest.rows import copy_file, link_file


def back_up(database: Path) -> Path:
    """Put the database and the store of its deliveries into a folder beside it, and return the database there.

    The backup before it is removed: it is of a version older still.
    """
    # to the microsecond: an upgrade that was killed may be begun again within the same second
    home = _home(database, f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    draft = home.with_name(f"{home.name}.{os.getpid()}.tmp")
    older = sorted(database.parent.glob(_home(database, "*").name))
    draft.mkdir(mode=0o700)
    copy_file(database, draft / database.name).chmod(0o600)
    for one in deliveries(database):
        _link_tree(store_of(database) / one.delivery_id, store_of(draft / database.name) / one.delivery_id)
    draft.rename(home)
    for path in older:
        shutil.rmtree(path)
    return home / database.name


def _home(database: Path, stamp: str) -> Path:
    return database.with_name(f"{database.name}.backup-{stamp}")


def _link_tree(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        if path.is_file():
            (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            link_file(path, target / path.relative_to(source))
