"""The text of a CSV export, decompressed and cut into pieces of whole records.

ISA-L decompresses several times faster than DuckDB's own gzip reader. Pieces keep the disk small and let one be
decompressed while the one before it is parsed.
"""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from typing import IO, cast

from finops.errors import DataError
from finops.ingest.record_ends import mark, marks

# Small enough to stay in the processor's and the kernel's caches: 128 MiB takes a quarter longer.
PIECE_BYTES = 24 << 20
# Larger ones fall out of the caches too.
_BLOCK = 256 << 10
_HEADER_LIMIT = 1 << 20
# A bill shrinks to a tenth or a thirtieth. What swells beyond this is no bill, and would fill the disk.
MOST_SWELLING = 250
UNQUESTIONED_BYTES = 256 << 20


@contextmanager
def open_text(path: Path) -> Iterator[IO[bytes]]:
    """The decompressed bytes of a .csv, .csv.gz or .zip with one member. Raises DataError when it is damaged."""
    name = path.name.lower()
    try:
        if name.endswith(".gz"):
            with _inflated(path) as handle:
                yield handle
        elif name.endswith(".zip"):
            with zipfile.ZipFile(path) as archive, archive.open(_only_member(archive, path)) as handle:
                yield handle
        else:
            with path.open("rb") as handle:
                yield handle
    except (EOFError, zlib.error, zipfile.BadZipFile, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataError(f"the file is damaged or cut short: {error}", str(path), "copy or deliver it again") from error


@contextmanager
def _inflated(path: Path) -> Iterator[IO[bytes]]:
    """The bytes in a gzip file; what ISA-L says of damage is said as zlib says it."""
    from isal import igzip, isal_zlib

    try:
        with cast("IO[bytes]", igzip.open(path, "rb")) as handle:  # type: ignore[no-untyped-call]
            yield handle
    except isal_zlib.error as error:  # type: ignore[misc]
        raise zlib.error(str(error)) from error


def _only_member(archive: zipfile.ZipFile, path: Path) -> str:
    members = [info.filename for info in archive.infolist() if not info.is_dir()]
    if len(members) != 1:
        raise DataError(f"the archive holds {len(members)} files, one CSV was expected", str(path))
    return members[0]


@dataclass(frozen=True)
class Header:
    """The first line: the column names in it, how it ends, and the bytes after it that were read already."""

    names: list[str]
    newline: bytes
    rest: bytes


def read_header(handle: IO[bytes], path: Path) -> Header:
    """The first line of a file.

    Raises DataError when it is no header: rows that a quote or another kind of newline draws into it would be lost.
    """
    start = handle.read(_HEADER_LIMIT).removeprefix(b"\xef\xbb\xbf")
    line, newline, rest = start.partition(b"\n")
    if not line.strip():
        raise DataError("the file is empty: not even a header", str(path), "copy or deliver it again")
    if line.count(b'"') % 2 or not (newline or len(start) < _HEADER_LIMIT):
        raise DataError("the header does not end in its line", f"{path}:1", "copy or deliver it again")
    if b"\r" in line.removesuffix(b"\r"):
        raise DataError(
            "a carriage return alone ends a line", f"{path}:1", "deliver it with lines that end in LF or CRLF"
        )
    return Header(_names(line, path), b"\r\n" if line.endswith(b"\r") else b"\n", rest)


def _names(line: bytes, path: Path) -> list[str]:
    try:
        return next(csv.reader([line.decode("utf-8")], strict=True), [])
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"the header is no CSV: {error}", f"{path}:1", "copy or deliver it again") from error


def record_end(block: bytes, open_quote: bool = False) -> int:
    """Where the last whole record of a block ends; 0 when no record does.

    A newline ends a record only outside quotes: where the quotes before it are even in number, `open_quote` counted.
    """
    position = block.rfind(b"\n")
    while position >= 0:
        if (block.count(b'"', 0, position) + open_quote) % 2 == 0:
            return position + 1
        position = block.rfind(b"\n", 0, position)
    return 0


@dataclass(frozen=True)
class Piece:
    """Some whole records of the source with this number, as a plain file without header, their ends marked.

    `line` is the line of the source that the first record begins in, `lines` how many there are.
    """

    source: int
    path: Path
    newline: bytes
    line: int
    lines: int


def pieces(sources: Sequence[Path], folder: Path) -> Generator[Piece]:
    """The records of CSV files, piece by piece, in `folder`; whoever takes a piece deletes its file.

    The next pieces are decompressed in a thread meanwhile.
    """
    ready: Queue[Piece | BaseException | None] = Queue(maxsize=1)
    stop = Event()
    worker = Thread(target=_produce, args=(sources, folder, ready, stop), daemon=True)
    worker.start()
    try:
        while (piece := ready.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece
    finally:
        stop.set()
        while worker.is_alive():
            while not ready.empty():
                ready.get_nowait()
            worker.join(timeout=0.05)


def _produce(sources: Sequence[Path], folder: Path, ready: Queue[Piece | BaseException | None], stop: Event) -> None:
    try:
        for source, path in enumerate(sources):
            for number, part in enumerate(_cut(source, path, folder / "piece.part")):
                if stop.is_set():
                    return
                target = folder / f"piece-{source:05d}-{number:05d}.csv"
                ready.put(replace(part, path=part.path.rename(target)))
        ready.put(None)
    except BaseException as error:
        ready.put(error)


def _cut(source: int, path: Path, draft: Path) -> Iterator[Piece]:
    """Write the file's records to `draft`, a piece at a time."""
    with open_text(path) as handle:
        header = read_header(handle, path)
        rest, line = header.rest, 2
        while rest := rest or handle.read(_BLOCK):
            lines, rest = _write_piece(handle, rest, draft, path, header.newline)
            yield Piece(source, draft, header.newline, line, lines)
            line += lines


def _require_proportion(path: Path, size: int) -> None:
    """Raises DataError for an archive of which more than any bill has come already."""
    most = max(UNQUESTIONED_BYTES, MOST_SWELLING * path.stat().st_size)
    if size > most:
        what = f"the archive would swell to more than {most:,} bytes, {MOST_SWELLING} times its size"
        raise DataError(what, str(path), "unpack it yourself if that is right")


def _write_piece(handle: IO[bytes], block: bytes, draft: Path, path: Path, newline: bytes) -> tuple[int, bytes]:
    """Write blocks until the piece is full and a record ends; how many lines that is, and what follows that record."""
    size, lines, open_quote = 0, 0, False
    with draft.open("wb") as sink:
        while block:
            _require_proportion(path, handle.tell())
            block += _cut_newline(handle, block)
            size += len(block)
            end = record_end(block, open_quote) if size >= PIECE_BYTES else 0
            text = block[:end] if end else block
            marked = mark(text, newline)
            sink.write(marked)
            lines += marks(text, marked)
            if end:
                return lines, block[end:]
            open_quote ^= block.count(b'"') % 2 == 1
            block = handle.read(_BLOCK)
        if not text.endswith(b"\n"):
            lines += 1
            sink.write(mark(newline, newline))
    return lines, b""


def _cut_newline(handle: IO[bytes], block: bytes) -> bytes:
    """The rest of a newline of which the block has the first half."""
    return handle.read(1) if block.endswith(b"\r") else b""
