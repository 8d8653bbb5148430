"""The last answer of `finops recommend`, kept beside the ledger: a report has it without reading every hour again.

It counts only for the very deliveries, settings, prices and code that it was made from; any other is made anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.catalog import ADVICE, store_of
from finops.output.as_json import chunks
from finops.paths import pricing_dir, queries_dir
from finops.prices import own_folder
from finops.recommend.hours import complete_span
from finops.seals import broken, seal
from finops.usage import choose_usage

if TYPE_CHECKING:
    from finops.choose import Chosen
    from finops.config.settings import Settings
    from finops.document import Document
    from finops.usage import Usage

_CODE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Kept:
    """The rows of all advice with their exact figures, and the first complete hour and the end of the last one."""

    rows: list[dict[str, Any]]
    loaded: tuple[datetime, datetime]


def keep(usage: Usage, settings: Settings, document: Document) -> None:
    """Keep all advice in the place of what was kept before. Where nobody may write, nothing is kept."""
    folder = _folder(usage.database)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        draft = folder / f"{os.getpid()}.draft"
        with draft.open("w", encoding="utf-8") as handle:
            handle.writelines(chunks(document))
        draft.chmod(0o600)
        kept = draft.replace(folder / _name(usage.database, settings, usage.chosen))
        seal(folder, [kept])
        for path in (*folder.glob("advice-*.json"), *folder.glob("*.draft")):
            if path != kept:
                path.unlink()
    except OSError:
        return


def kept(database: Path, settings: Settings, export: str | None) -> Kept | None:
    """All advice on what is loaded now; None where it must be made anew."""
    folder, chosen = _folder(database), choose_usage(database, export)
    path = folder / _name(database, settings, chosen)
    try:
        if not path.exists() or broken(folder):
            return None
        rows = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal, parse_int=Decimal)["rows"]
    except (OSError, ValueError, KeyError):
        return None
    span = complete_span([one for one in chosen.deliveries if one.shape == "cur"])
    return Kept(rows, (span.start, span.end))


def _folder(database: Path) -> Path:
    return store_of(database) / ADVICE


def _name(database: Path, settings: Settings, chosen: Chosen) -> str:
    return f"advice-{_made_of(database, settings, chosen)}.json"


def _made_of(database: Path, settings: Settings, chosen: Chosen) -> str:
    """A digest of all that the answer depends on."""
    digest = sha256(repr((settings, chosen.payers_left_out, chosen.problems)).encode())
    digest.update(repr([(one.delivery_id, one.loaded_at) for one in chosen.deliveries]).encode())
    digest.update(_code().encode())
    for path in _files(own_folder(database), ".csv"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


@cache
def _code() -> str:
    """What this version computes with: a digest of its code, models, tables and price lists."""
    digest = sha256()
    for folder, endings in ((_CODE, (".py", ".csv")), (queries_dir(), (".sql",)), (pricing_dir(), (".csv",))):
        for path in _files(folder, *endings):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(folder: Path, *endings: str) -> Iterator[Path]:
    return iter(sorted(path for path in folder.rglob("*") if path.suffix in endings))
