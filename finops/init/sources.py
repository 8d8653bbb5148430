"""Where `finops init` looks: the loaded bill, or the exports and documents it is pointed at."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from finops.config import TagPolicy
from finops.errors import UsageError
from finops.init.seen import Seen, look

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_DOCUMENTS = frozenset({".md", ".markdown"})
_NAMED_DOCUMENTS = _DOCUMENTS | {".txt"}  # found in a folder, a text file could be anything
_A_COST = re.compile(r"[$€£]\s?\d|\d\s?(?:USD|EUR|GBP)\b")


def gather(paths: Sequence[Path], database: Path | None, policy: TagPolicy, beside: Path) -> Seen:
    """What exports among `paths` show, else what the database shows; and the documents among `paths`.

    Documents are named relative to the folder `beside`. Raises UsageError for a path that does not exist,
    DataError for an export that cannot be read.
    """
    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:
        raise UsageError("no such file or folder", where=str(missing))
    documents = tuple(dict.fromkeys(_relative(path, beside) for path in _documents(paths)))
    exports = [path for path in paths if not _is_document(path, _NAMED_DOCUMENTS) and not _only_documents(path)]
    if exports:
        with TemporaryDirectory(prefix="finops-init-") as folder:
            scratch = Path(folder) / "finops.duckdb"
            _ingest(exports, scratch)
            return _look(scratch, policy, documents)
    return _look(database, policy, documents) if database else Seen(documents=documents)


def _ingest(exports: Sequence[Path], database: Path) -> None:
    from finops.ingest.discover import survey
    from finops.ledger.load import Failed, load

    for outcome in load(database, survey(exports).found):
        if isinstance(outcome, Failed):
            raise outcome.error


def _look(database: Path, policy: TagPolicy, documents: tuple[str, ...]) -> Seen:
    with _marts(database) as connection:
        return look(connection, policy, documents)


@contextmanager
def _marts(database: Path) -> Iterator["DuckDBPyConnection"]:
    """The two marts that tell of tags and places, of all that is loaded, whatever its period or currency."""
    from finops.catalog import deliveries, mart_sql, store_of
    from finops.choose import require_this_version
    from finops.engines.duckdb import connect

    held = deliveries(database)
    require_this_version(held)
    loaded = [delivery.delivery_id for delivery in held]
    connection = connect()
    try:
        for mart in ("tag_sets", "daily_cost"):
            connection.execute(f"create view {mart} as {mart_sql(store_of(database), loaded, mart)}")
        yield connection
    finally:
        connection.close()


def _documents(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (found for found in sorted(path.rglob("*")) if _is_document(found) and _has_costs(found))
        elif _is_document(path, _NAMED_DOCUMENTS):
            yield path


def _is_document(path: Path, suffixes: frozenset[str] = _DOCUMENTS) -> bool:
    return path.is_file() and path.suffix.lower() in suffixes


def _only_documents(path: Path) -> bool:
    """Whether a folder holds documents and no file that could belong to an export."""
    if not path.is_dir():
        return False
    suffixes = {found.suffix.lower() for found in path.rglob("*") if found.is_file()}
    return bool(suffixes & _DOCUMENTS) and not suffixes & {".csv", ".gz", ".zip", ".parquet"}


def _has_costs(path: Path) -> bool:
    return bool(_A_COST.search(path.read_text(encoding="utf-8", errors="replace")))


def _relative(path: Path, beside: Path) -> str:
    return Path(os.path.relpath(path, beside)).as_posix()
