"""CSV text cut into pieces of whole records, from files of every packing."""

import csv
import gzip
import io
import threading
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError
from finops.ingest import csv_pieces
from finops.ingest.csv_pieces import open_text, pieces, read_header, record_end
from finops.ingest.record_ends import unmark

FIELDS = st.lists(st.text(st.sampled_from('ab,"\n\r '), max_size=8), min_size=2, max_size=3)


def text_of(rows: list[list[str]]) -> bytes:
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerows(rows)
    return sink.getvalue().encode()


def packed(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(content))
    elif name.endswith(".zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("bill.csv", content)
    else:
        path.write_bytes(content)
    return path


def read_back(sources: list[Path], folder: Path) -> list[tuple[int, bytes]]:
    found = []
    for piece in pieces(sources, folder):
        unmark(piece.path, piece.newline)
        found.append((piece.source, piece.path.read_bytes()))
        piece.path.unlink()
    return found


@given(rows=st.lists(FIELDS, min_size=1, max_size=30), size=st.integers(1, 40), block=st.integers(1, 16))
def test_pieces_are_whole_records_and_together_the_whole_file(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], size: int, block: int
) -> None:
    folder = tmp_path_factory.mktemp("pieces")
    body = text_of(rows)
    source = packed(folder, "bill.csv.gz", b"a,b\n" + body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_pieces, "PIECE_BYTES", size)
        patch.setattr(csv_pieces, "_BLOCK", block)
        parts = [part for _, part in read_back([source], folder)]
    assert b"".join(parts) == body
    records = [row for part in parts for row in csv.reader(io.StringIO(part.decode(), newline=""))]
    assert records == list(csv.reader(io.StringIO(body.decode(), newline="")))


@pytest.mark.parametrize("name", ["bill.csv", "bill.csv.gz", "bill.csv.zip"])
def test_every_packing_gives_the_same_records_and_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    source = packed(tmp_path, name, b"\xef\xbb\xbfa,b\r\n1,2\r\n3,4\r\n")
    assert read_back([source], tmp_path) == [(0, b"1,2\r\n3,4\r\n")]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_several_files_are_read_in_order_each_without_its_header(tmp_path: Path) -> None:
    sources = [packed(tmp_path, f"{n}.csv.gz", f"a,b\n{n},x\n".encode()) for n in range(3)]
    assert read_back(sources, tmp_path) == [(n, f"{n},x\n".encode()) for n in range(3)]


@pytest.mark.parametrize("name", ["bill.csv.gz", "bill.csv.zip"])
def test_a_file_cut_short_is_an_error_that_names_it(tmp_path: Path, name: str) -> None:
    rows = b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * 7919) for n in range(20000))
    source = packed(tmp_path, name, rows)
    source.write_bytes(source.read_bytes()[:-2000])
    with pytest.raises(DataError, match="damaged or cut short") as caught:
        read_back([source], tmp_path)
    assert caught.value.where == str(source)


def test_an_archive_of_two_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bill.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.csv", "a\n1\n")
        archive.writestr("two.csv", "a\n1\n")
    with pytest.raises(DataError, match="2 files"), open_text(path):
        pass


def test_an_empty_file_has_no_header(tmp_path: Path) -> None:
    path = packed(tmp_path, "bill.csv", b"")
    with open_text(path) as handle, pytest.raises(DataError, match="not even a header"):
        read_header(handle, path)


def test_a_reader_that_stops_early_stops_the_decompression_too(tmp_path: Path) -> None:
    source = packed(tmp_path, "bill.csv.gz", b"a\n" + b"1\n" * 5000)
    before = set(threading.enumerate())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_pieces, "PIECE_BYTES", 100)
        patch.setattr(csv_pieces, "_BLOCK", 50)
        stream = pieces([source], tmp_path)
        next(stream)
        assert set(threading.enumerate()) - before
        stream.close()
    assert not set(threading.enumerate()) - before


def test_a_newline_within_quotes_ends_no_record() -> None:
    assert record_end(b'a,"b\nc"\nd') == 8
    assert record_end(b'b\nc"\nd', open_quote=True) == 5
    assert record_end(b'"never closed\n') == 0


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_a_piece_tells_where_in_the_file_it_begins(tmp_path: Path, newline: bytes) -> None:
    source = packed(tmp_path, "bill.csv", newline.join([b"a,b", b"1,2", b'3,"x', b'y"', b"4,5"]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_pieces, "PIECE_BYTES", 1)
        patch.setattr(csv_pieces, "_BLOCK", 4)
        places = []
        for piece in pieces([source], tmp_path):
            places.append((piece.line, piece.lines))
            piece.path.unlink()
    assert sum(lines for _, lines in places) == 4
    assert [line for line, _ in places] == [2 + sum(lines for _, lines in places[:n]) for n in range(len(places))]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b'a,"b\n1,2\n3,"4\n', "does not end in its line"),
        (b"a,b\r1,2\r3,4\r", "a carriage return alone ends a line"),
        (b"a" * (1 << 20) + b",b\n1,2\n", "does not end in its line"),
    ],
)
def test_rows_that_would_be_drawn_into_the_header_are_refused(tmp_path: Path, content: bytes, what: str) -> None:
    path = packed(tmp_path, "bill.csv", content)
    with open_text(path) as handle, pytest.raises(DataError, match=what):
        read_header(handle, path)
