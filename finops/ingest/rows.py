"""The rows of a delivery in the store: its own files whole, and of CSV the columns that models read, as Parquet.

What a later model needs beyond them is in the store too, whether the export's own place still exists or not.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from finops.engines.duckdb import connect, identifier, literal, path_list
from finops.engines.layout import Layout, column_names, format_of, known_columns, read_layout
from finops.engines.source import period_column, period_sql, scan
from finops.errors import DataError
from finops.ingest.csv_pieces import Piece, open_text, pieces, read_header
from finops.ingest.record_ends import first_torn, unmark

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FICLONE = 0x40049409
# Each piece in work takes some hundred megabytes of memory and disk.
_MOST_AT_ONCE = 4
# What was kept before has a number already.
_NUMBER = re.compile(r"^\d{5}-")
_NAMED_LINE = re.compile(r"CSV Error on Line: (\d+)")
_AGAIN = "copy or deliver it again"
# Told, so that a newline of the other kind in quotes is not taken for the one that ends records.
_NEWLINES = {b"\n": ", new_line = '\\n'", b"\r\n": ", new_line = '\\r\\n'"}
# What DuckDB says of a record -> what is wrong with it.
_REFUSED = {
    "unterminated quote": "a quote is not closed, or more follows behind it",
    "not utf-8": "the text is not UTF-8",
    "Maximum line size": "it is longer than 16 MiB",
    "Expected Number of Columns": "a carriage return is in the midst of it",
    "invalid state": "its lines end in newlines of two kinds",
}
_NULL_TEXTS = {"focus": ("", "NULL"), "cur": ("",)}
Progress = Callable[[Path], None]


@dataclass(frozen=True)
class Rows:
    """The stored rows of one delivery: their Parquet files, their layout, and the export's format in words.

    `originals` are the copies of its own files where those are not the rows already.
    """

    files: list[Path]
    layout: Layout
    format: str
    originals: tuple[Path, ...] = ()


def is_parquet(path: Path) -> bool:
    """Whether a data file is Parquet by its name."""
    return path.suffix.lower() == ".parquet"


def store_rows(
    connection: DuckDBPyConnection,
    sources: Sequence[Path],
    folder: Path,
    progress: Progress = lambda path: None,
    ours: bool = False,
) -> Rows:
    """Put the rows of the data files into `folder`. Raises DataError for a file that is not what it should be.

    `ours` says that nobody else will ever write to the data files, so that they need no copy.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kinds = {is_parquet(path) for path in sources}
    if len(kinds) > 1:
        raise DataError("CSV and Parquet files are mixed in one delivery", str(sources[0].parent))
    store = _copied if kinds.pop() else _converted
    return store(connection, sources, folder, progress, link_file if ours else copy_file)


def _copied(
    connection: DuckDBPyConnection,
    sources: Sequence[Path],
    folder: Path,
    progress: Progress,
    copy: Callable[[Path, Path], Path],
) -> Rows:
    files = []
    for number, source in enumerate(sources, start=1):
        files.append(copy(source, folder / f"rows-{number:05d}.parquet"))
        progress(source)
    types = parquet_types(connection, files, str(sources[0]))
    return Rows(files, read_layout(types, str(sources[0])), format_of(list(types), is_parquet=True))


def parquet_types(connection: DuckDBPyConnection, files: list[Path], where: str) -> dict[str, str]:
    """The columns of Parquet files and their DuckDB types. Raises DataError when one is no Parquet file."""
    import duckdb

    try:
        described = connection.execute(f"describe select * from {scan(files)}").fetchall()
    except duckdb.Error as error:
        raise DataError(f"the Parquet file cannot be read: {_reason(error)}", where, "copy it again") from error
    return {row[0]: row[1] for row in described}


def copy_file(source: Path, target: Path) -> Path:
    """Copy a file, sharing its blocks where the file system can. Never a link: exports are overwritten in place."""
    with source.open("rb") as reader, target.open("wb") as writer:
        try:
            fcntl.ioctl(writer.fileno(), _FICLONE, reader.fileno())
        except OSError:
            shutil.copyfileobj(reader, writer, 16 << 20)
    return target


def link_file(source: Path, target: Path) -> Path:
    """Give a file a second name; a copy where the file system has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        copy_file(source, target)
    return target


def _converted(
    connection: DuckDBPyConnection,
    sources: Sequence[Path],
    folder: Path,
    progress: Progress,
    copy: Callable[[Path, Path], Path],
) -> Rows:
    headers = [_header(source) for source in sources]
    layouts = [
        read_layout(dict.fromkeys(header, "VARCHAR"), str(source))
        for header, source in zip(headers, sources, strict=True)
    ]
    shape = layouts[0].shape
    if any(layout.shape != shape for layout in layouts):
        raise DataError("CUR and FOCUS files are mixed in one delivery", str(sources[0].parent))
    keys = _label_columns(layouts)
    queries = [
        (f"select {_select(header, layout, keys)}", len(header))
        for header, layout in zip(headers, layouts, strict=True)
    ]
    originals = _keep(sources, folder.parent / "originals", copy)
    files = _convert_pieces(originals, sources, queries, _NULL_TEXTS[shape], folder, progress)
    if not files:
        raise DataError("the export has a header and no rows", str(sources[0]), "deliver or copy it again")
    return Rows(files, _stored_layout(layouts, keys), format_of(headers[0], is_parquet=False), tuple(originals))


def _keep(sources: Sequence[Path], folder: Path, copy: Callable[[Path, Path], Path]) -> list[Path]:
    """Copies of the files, which nobody can change while they are read."""
    folder.mkdir()
    names = [_NUMBER.sub("", source.name) for source in sources]
    return [
        copy(source, folder / f"{number:05d}-{name}")
        for number, (source, name) in enumerate(zip(sources, names, strict=True), start=1)
    ]


def _convert_pieces(
    originals: Sequence[Path],
    sources: Sequence[Path],
    queries: Sequence[tuple[str, int]],
    nulls: tuple[str, ...],
    folder: Path,
    progress: Progress,
) -> list[Path]:
    """Convert the pieces of all files, several at a time: one core each is faster than all cores on one piece."""
    stream, turn, files = pieces(originals, folder), Lock(), list[Path]()

    def work() -> None:
        connection = connect(threads=1)
        while piece := _next(stream, turn):
            target = folder / piece.path.with_suffix(".parquet").name.replace("piece", "rows")
            _convert_piece(connection, piece, *queries[piece.source], nulls, target, sources[piece.source])
            piece.path.unlink()
            files.append(target)
            progress(sources[piece.source])

    workers = min(os.cpu_count() or 1, _MOST_AT_ONCE)
    with ThreadPoolExecutor(workers) as pool, _named(dict(zip(map(str, originals), sources, strict=True))):
        jobs = [pool.submit(work) for _ in range(workers)]
        try:
            for job in jobs:
                job.result()
        finally:
            with turn:
                stream.close()
    return sorted(files)


@contextmanager
def _named(sources: Mapping[str, Path]) -> Iterator[None]:
    """An error in a copy names the file that was copied."""
    try:
        yield
    except DataError as error:
        where = error.where or ""
        copy = next((one for one in sources if where == one or where.startswith(f"{one}:")), None)
        if copy is None:
            raise
        raise DataError(error.what, f"{sources[copy]}{where.removeprefix(copy)}", error.fix) from error


def _next(stream: Generator[Piece], turn: Lock) -> Piece | None:
    with turn:
        return next(stream, None)


def _stored_layout(layouts: Sequence[Layout], keys: dict[str, str]) -> Layout:
    shape = layouts[0].shape
    columns = [column.name for column in known_columns(shape) if any(layout.has(column.name) for layout in layouts)]
    labels = {label.column: label for layout in layouts for label in layout.labels}
    return Layout(
        shape=shape,
        columns={name: (name,) for name in columns},
        labels=tuple(replace(labels[original], column=stored) for original, stored in keys.items()),
        types=dict.fromkeys([*columns, *keys.values()], "VARCHAR"),
    )


def split_by_period(connection: DuckDBPyConnection, rows: Rows, folder: Path) -> list[tuple[str, Rows]]:
    """The rows of each billing period, oldest first; the files are rewritten only where there are several periods."""
    period = period_sql(rows.layout)
    (column,) = rows.layout.columns[period_column(rows.layout)][:1]
    # few texts are cast instead of one a row
    texts = f"select distinct {identifier(column)} from {scan(rows.files)}"
    query = f"select distinct {period} from ({texts}) order by 1"
    periods = [row[0] for row in connection.execute(query).fetchall()]
    if len(periods) == 1:
        return [(periods[0], rows)]
    parts = []
    for found in periods:
        target = folder / f"rows-{found}.parquet"
        of_period = f"select * from {scan(rows.files)} where {period} = {literal(found)}"
        connection.execute(f"copy ({of_period}) to {literal(str(target))} (format parquet)")
        parts.append((found, replace(rows, files=[target])))
    return parts


def _header(source: Path) -> list[str]:
    with open_text(source) as handle:
        return column_names(read_header(handle, source).names, f"{source}:1")


def _label_columns(layouts: Sequence[Layout]) -> dict[str, str]:
    """Every label column of the delivery -> the name it is stored under: two keys may differ in case only."""
    originals = dict.fromkeys(label.column for layout in layouts for label in layout.labels)
    return {original: f"label_{number:04d}" for number, original in enumerate(originals)}


def _select(header: list[str], layout: Layout, keys: dict[str, str]) -> str:
    """Which fields of a record are kept, under which names. `c7` is the eighth field."""
    position = {name: f"c{index}" for index, name in enumerate(header)}
    parts = [
        f"coalesce({', '.join(position[name] for name in names)}) as {column}"
        if len(names) > 1
        else f"{position[names[0]]} as {column}"
        for column, names in layout.columns.items()
    ]
    parts += [f"{position[original]} as {stored}" for original, stored in keys.items() if original in position]
    return ", ".join(parts)


def _read_csv(piece: Path, fields: int, nulls: tuple[str, ...], newline: str = "") -> str:
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(fields))
    return (
        f"read_csv({path_list([piece])}, columns = {{{columns}}}, header = false, auto_detect = false, "
        "delim = ',', quote = '\"', escape = '\"', max_line_size = 16777216, "
        f"nullstr = [{', '.join(map(literal, nulls))}]{newline})"
    )


def _convert_piece(
    connection: DuckDBPyConnection,
    piece: Piece,
    select: str,
    fields: int,
    nulls: tuple[str, ...],
    target: Path,
    source: Path,
) -> None:
    """Write the rows of a piece. Raises DataError for a record that has not as many fields as the header."""
    import duckdb

    with suppress(duckdb.InvalidInputException):
        marked = _read_csv(piece.path, fields + 1, nulls, _NEWLINES[piece.newline])
        if _convert(connection, f"{select} from {marked}", target) == piece.lines:
            return
    # A record is torn, a line blank, or a mark within quotes: the text itself tells.
    unmark(piece.path, piece.newline)
    if torn := first_torn(piece.path, fields):
        raise DataError(torn.what, f"{source}:{piece.line + torn.line}", _AGAIN)
    try:
        _convert(connection, f"{select} from {_read_csv(piece.path, fields, nulls)}", target)
    except duckdb.InvalidInputException as error:
        raise DataError(f"a row is no CSV: {_why(error)}", f"{source}:{_line(error, piece.line)}", _AGAIN) from error


def _convert(connection: DuckDBPyConnection, query: str, target: Path) -> int:
    """Write a select as Parquet; how many rows it has."""
    options = "format parquet, compression lz4_raw, row_group_size 20480"
    (count,) = connection.execute(f"copy ({query}) to {literal(str(target))} ({options})").fetchone() or (0,)
    return int(count)


def _line(error: Exception, first: int) -> int:
    """The line of the file, by that of the piece which DuckDB names; the first one of the piece where it names none."""
    named = _NAMED_LINE.search(str(error))
    return first + int(named[1]) - 1 if named else first


def _why(error: Exception) -> str:
    return next((words for said, words in _REFUSED.items() if said in str(error)), _reason(error))


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if line.startswith("Error")), lines[0])[:160] if lines else "unknown"


def columns_named(layout: Layout) -> list[str]:
    """The physical columns a layout reads, quoted: what a bare engine would have to read too."""
    names = [name for names in layout.columns.values() for name in names]
    return [identifier(name) for name in dict.fromkeys([*names, *(label.column for label in layout.labels)])]
