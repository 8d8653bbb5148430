"""What no delivery in the catalog owns goes: leftovers of a killed run, rows of replaced deliveries."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from finops.arrivals import arrivals
from finops.catalog import ADVICE, JOURNAL, deliveries, open_catalog, store_of
from finops.holding import is_held
from finops.ingest.cost_explorer.cache import FOLDER as ANSWERS
from finops.ledger.fetched import DOWNLOADS, sweep_downloads
from finops.seals import PARTS, seals_of

# Folders of the store that outlive the deliveries made from them.
_KEPT = (ANSWERS, DOWNLOADS, JOURNAL, ADVICE)


def sweep(database: Path) -> None:
    """Remove what no delivery in the catalog owns: leftovers of a killed run, rows of replaced deliveries."""
    store = store_of(database)
    if not store.is_dir():
        return
    with suppress(OSError):
        for draft in database.parent.glob(f"{database.name}.*.tmp*"):
            shutil.rmtree(draft) if draft.is_dir() else draft.unlink()
    kept, replaced = _known(database, "current"), _known(database, "replaced")
    _sweep_journal(database)
    sweep_downloads(database)
    for folder in store.iterdir():
        if folder.name in _KEPT or (folder.name not in kept and is_held(folder)):
            continue
        if folder.name not in kept | replaced:
            shutil.rmtree(folder, ignore_errors=True)
        elif folder.name in replaced:
            for part in PARTS:
                shutil.rmtree(folder / part, ignore_errors=True)
                (folder / seals_of(part)).unlink(missing_ok=True)


def _known(database: Path, state: str) -> set[str]:
    return {one.delivery_id for one in deliveries(database, state)} if database.exists() else set()


def _sweep_journal(database: Path) -> None:
    """Remove the changes of a delivery that never came."""
    came: set[str] = set()
    if database.exists():
        with open_catalog(database) as catalog:
            came = {one.delivery_id for one in arrivals(catalog)}
    for path in (store_of(database) / JOURNAL).glob("*"):
        if path.stem not in came:
            path.unlink()
