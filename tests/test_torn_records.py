"""A record of a CSV export that does not fit its header is refused, with its line; no field ever shifts."""

import csv
import gzip
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.cli import main
from finops.engines.duckdb import connect, identifier
from finops.engines.layout import read_layout
from finops.engines.source import scan
from finops.errors import DataError
from finops.ingest.rows import store_rows
from tests.tiny_export import LINES, restate, write_export

_TORN = {
    "a blank field too many": lambda record: record + b",",
    "several blank fields too many": lambda record: record + b",,,",
    "a quoted blank field too many": lambda record: record + b',""',
    "a comma in the midst, the last field blank": lambda record: record.replace(b"Usage", b"Us,age", 1),
    "a field too many": lambda record: record + b",x",
    "a field too few": lambda record: record.rpartition(b",")[0],
    "two records in one line": lambda record: record + record,
    "no fields at all": lambda record: b"x",
    "a quote that is not closed": lambda record: record.replace(b"AWSLambda", b'"AWSLambda', 1),
    "a carriage return in the midst": lambda record: record.replace(b"AWSLambda", b"AWS\rLambda", 1),
}


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The records of a legacy report, its header first; the last column is blank in all of them but one."""
    path = next(write_export(tmp_path_factory.mktemp("made")).rglob("*.csv"))
    return path.read_bytes().split(b"\r\n")[:-1]


def packed(path: Path, content: bytes) -> Path:
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(content))
    elif path.name.endswith(".zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("bill.csv", content)
    else:
        path.write_bytes(content)
    return path


def stored(path: Path, folder: Path) -> list[tuple[str | None, ...]]:
    """What finops keeps of a file, record by record, column by column of its layout."""
    rows = store_rows(connection := connect(threads=1), [path], folder / "rows")
    names = [*rows.layout.columns, *(label.column for label in rows.layout.labels)]
    query = f"select {', '.join(map(identifier, names))} from {scan(rows.files)}"
    return sorted(connection.execute(query).fetchall(), key=str)


def read_strictly(content: bytes) -> list[tuple[str | None, ...]]:
    """The same by another reader. Raises csv.Error."""
    text = io.StringIO(content.decode(), newline="")
    header, *records = [record for record in csv.reader(text, strict=True) if record]
    assert {len(record) for record in records} == {len(header)}
    layout = read_layout(dict.fromkeys(header, "VARCHAR"), "")
    names = [*(names[0] for names in layout.columns.values()), *(label.column for label in layout.labels)]
    kept = [tuple(record[header.index(name)] or None for name in names) for record in records]
    return sorted(kept, key=str)


@pytest.mark.parametrize("name", ["bill.csv", "bill.csv.gz", "bill.zip"])
@pytest.mark.parametrize("torn", _TORN)
def test_a_torn_record_is_refused_with_its_line(tmp_path: Path, bill: list[bytes], torn: str, name: str) -> None:
    records = [*bill[:3], _TORN[torn](bill[3]), *bill[4:]]
    path = packed(tmp_path / name, b"\n".join(records) + b"\n")
    with pytest.raises(DataError) as caught:
        stored(path, tmp_path)
    assert caught.value.where == f"{path}:4"


@pytest.mark.parametrize("at", [1, -1])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_first_record_and_the_last_are_looked_at_like_the_others(
    tmp_path: Path, bill: list[bytes], at: int, end: bytes
) -> None:
    records = list(bill)
    records[at] += b","
    path = packed(tmp_path / "bill.csv", (end or b"\n").join(records) + end)
    with pytest.raises(DataError, match="a record has 18 fields, its header has 17") as caught:
        stored(path, tmp_path)
    assert caught.value.where == f"{path}:{2 if at == 1 else len(bill)}"


def test_lines_are_counted_through_pieces_and_quoted_newlines(
    tmp_path: Path, bill: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("finops.ingest.csv_pieces.PIECE_BYTES", 2000)
    monkeypatch.setattr("finops.ingest.csv_pieces._BLOCK", 300)
    folded = bill[1].replace(b"AmazonEC2", b'"Amazon\nEC2"')
    path = packed(tmp_path / "bill.csv", b"\n".join([bill[0], *[folded] * 40, bill[2] + b",", *bill[1:]]) + b"\n")
    with pytest.raises(DataError) as caught:
        stored(path, tmp_path)
    assert caught.value.where == f"{path}:82"


@pytest.mark.parametrize(
    "text",
    [
        b"{0}\n{1}\n\n{2}\n\n\n",
        b"{0}\n{1}\n{2}",
        b"{0}\r\n{1}\r\n{2}\r\n",
        b"{0}\n{q}\n{2}\n",
        b"{0}\r\n{q}\r\n{2}",
        b"\xef\xbb\xbf{0}\n{1}\n{2}\n",
    ],
    ids=["blank lines", "no last newline", "CRLF", "a newline in quotes", "a newline in quotes, CRLF", "BOM"],
)
def test_what_is_whole_is_kept_as_another_reader_reads_it(tmp_path: Path, bill: list[bytes], text: bytes) -> None:
    folded = bill[1].replace(b"AmazonEC2", b'"Amazon\nEC2,."')
    for name, record in ((b"{0}", bill[0]), (b"{1}", bill[1]), (b"{2}", bill[2]), (b"{q}", folded)):
        text = text.replace(name, record)
    path = packed(tmp_path / "bill.csv", text)
    assert stored(path, tmp_path) == read_strictly(text.removeprefix(b"\xef\xbb\xbf"))


def test_a_comma_at_the_end_of_every_line_is_a_column_without_a_name(tmp_path: Path, bill: list[bytes]) -> None:
    whole = b"\n".join(bill)
    path = packed(tmp_path / "bill.csv", whole.replace(b"\n", b",\n") + b",\n")
    assert stored(path, tmp_path) == read_strictly(whole)


@settings(max_examples=60, deadline=None)
@given(
    place=st.floats(0, 0.999),
    damage=st.sampled_from([b",", b",,", b'"', b'""', b'","', b"\n", b"\r", b"\r\n", b"\x00", b"a", b"\xc3", b""]),
    cut=st.integers(0, 3),
    ends=st.sampled_from([b"\n", b"\r\n"]),
)
def test_a_bill_with_any_damage_is_refused_or_read_as_another_reader_reads_it(
    tmp_path_factory: pytest.TempPathFactory, bill: list[bytes], place: float, damage: bytes, cut: int, ends: bytes
) -> None:
    folder = tmp_path_factory.mktemp("torn")
    whole = ends.join(bill) + ends
    start = int(len(whole) * place)
    content = whole[:start] + damage + whole[start + cut :]
    try:
        found = stored(packed(folder / "bill.csv", content), folder)
    except DataError:
        return
    assert found == read_strictly(content)


def test_a_torn_delivery_leaves_the_one_before_as_it_was(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    export = write_export(tmp_path, [*LINES] * 3)
    database = str(tmp_path / "finops.duckdb")
    assert main(["ingest", str(export), "--db", database]) == 0
    assert main(["spend", "--format", "csv", "--db", database]) == 0
    before = capfd.readouterr().out
    restate(export, "second", [*LINES] * 3)
    path = next(export.rglob("*.csv"))
    records = path.read_bytes().split(b"\r\n")
    path.write_bytes(b"\r\n".join([*records[:6], records[6] + b",", *records[7:]]))
    assert main(["ingest", str(export), "--db", database]) == 3
    assert capfd.readouterr().err.splitlines()[-3:] == [
        "error: a record has 18 fields, its header has 17",
        f"  where: {path}:7",
        "  try: copy or deliver it again",
    ]
    assert main(["spend", "--format", "csv", "--db", database]) == 0
    assert before.endswith(capfd.readouterr().out)


def test_two_columns_of_one_name_are_refused(tmp_path: Path, bill: list[bytes]) -> None:
    header = bill[0].replace(b"lineItem/UsageType", b"lineItem/UnblendedCost")
    path = packed(tmp_path / "bill.csv", b"\n".join([header, *bill[1:]]))
    with pytest.raises(DataError, match="two columns are called lineItem/UnblendedCost") as caught:
        stored(path, tmp_path)
    assert caught.value.where == f"{path}:1"
