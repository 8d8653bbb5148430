"""Documents as text: exact for machines, safe and readable for people, whole or not at all in a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.catalog import Problem
from finops.document import Basis, Column, Document, Rows
from finops.errors import EngineError
from finops.output import as_csv, as_json, as_markdown, as_table, as_terminal, write
from finops.output.values import exact_decimal, money, printable, shown

MONEY = st.decimals(min_value=-(10**20), max_value=10**20, places=10)
SERVICE_COST = (Column("service"), Column("cost", "money"))
BASIS = Basis(
    date(2026, 10, 1),
    date(2026, 11, 1),
    "unblended",
    "USD",
    False,
    datetime(2026, 10, 28, tzinfo=UTC),
    [{"export": "e"}],
)


def document(rows: Sequence[Sequence[Any]], columns: Sequence[Column] = SERVICE_COST, **values: Any) -> Document:
    return Document("spend", values.pop("basis", BASIS), Rows.of(columns, rows), **values)


def text(module: Any, *args: Any, **values: Any) -> str:
    return "".join(module.chunks(document(*args, **values)))


# --- exact


@given(MONEY)
def test_json_keeps_every_digit_in_plain_notation(cost: Decimal) -> None:
    printed = text(as_json, [("a", cost)], totals={"cost": cost})
    assert "E" not in printed.split('"rows"')[1].replace('"E', "")
    parsed = json.loads(printed, parse_float=Decimal, parse_int=Decimal)
    assert parsed["rows"][0]["cost"] == parsed["totals"]["cost"] == cost


@given(MONEY)
def test_csv_keeps_every_digit(cost: Decimal) -> None:
    (row,) = csv.DictReader(io.StringIO(text(as_csv, [("a", cost)])))
    assert Decimal(row["cost"]) == cost


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0E-10", "0"),
        ("-0.0000000000", "0"),
        ("1.5000000000", "1.5"),
        ("100", "100"),
        ("1E-10", "0.0000000001"),
        ("1E+3", "1000"),
    ],
)
def test_a_decimal_is_plain_and_has_no_trailing_zero(value: str, expected: str) -> None:
    assert exact_decimal(Decimal(value)) == expected


@given(st.text())
def test_any_text_survives_json_and_no_control_character_is_raw(name: str) -> None:
    printed = text(as_json, [(name, Decimal(1))])
    assert json.loads(printed)["rows"][0]["service"] == name
    assert not any(character != "\n" and (character < " " or "\x7f" <= character <= "\x9f") for character in printed)


def test_an_empty_document_is_json_too() -> None:
    parsed = json.loads(text(as_json, [], basis=Basis()))
    assert (parsed["rows"], parsed["period"], parsed["data"]["final"]) == (
        [],
        {"start": None, "end": None},
        None,
    )


def test_times_are_utc_in_iso_8601() -> None:
    parsed = json.loads(text(as_json, []))
    assert parsed["data"]["as_of"] == "2026-10-28T00:00:00Z"
    assert parsed["period"] == {"start": "2026-10-01", "end": "2026-11-01"}


# --- safe


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_csv_cell_never_starts_a_formula(start: str) -> None:
    (row,) = csv.DictReader(io.StringIO(text(as_csv, [(f"{start}1+1", Decimal(-5))])))
    assert row["service"].startswith("'")
    assert row["cost"] == "-5"


def test_csv_quotes_commas_quotes_and_keeps_names_as_they_are() -> None:
    assert text(as_csv, [('a,"b"', Decimal(1))]) == 'service,cost\n"a,""b""",1\n'


@given(st.text())
@pytest.mark.parametrize("module", [as_csv, as_markdown, as_table])
def test_no_control_character_reaches_a_terminal(module: Any, name: str) -> None:
    printed = text(module, [(name, Decimal(1))], totals={"cost": Decimal(1)})
    assert printable(printed.replace("\n", "")) == printed.replace("\n", "")


@pytest.mark.parametrize("module", [as_csv, as_markdown, as_table, as_terminal])
def test_the_name_of_a_column_is_as_safe_as_a_value(module: Any) -> None:
    printed = text(module, [("a", Decimal(1))], [Column("tag:\x1b[2J"), Column("cost", "money")])
    assert "\x1b[2J" not in printed
    assert "\\x1b" in printed


def test_markdown_values_cannot_become_markup() -> None:
    printed = text(as_markdown, [("a|b<script>`x`[l](u)*@team\nz", Decimal(1))])
    (line,) = [line for line in printed.splitlines() if "script" in line]
    assert line == r"| a\|b&lt;script&gt;\`x\`\[l\](u)\*&#64;team\\nz | 1.00 |"


# --- readable


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1234567.895", "1,234,567.90"), ("0.125", "0.12"), ("0.135", "0.14"), ("0", "0.00"),
        ("0.0000000001", "<0.01"), ("-0.001", ">-0.01"), ("0.006", "0.01"), ("-1234.5", "-1,234.50"),
        ("99999999999999999999999999999.99", "99,999,999,999,999,999,999,999,999,999.99"),
    ],
)  # fmt: skip
def test_money_is_rounded_to_the_cent_and_never_to_nothing(value: str, expected: str) -> None:
    assert money(Decimal(value)) == expected


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (None, "money", "n/a"), (None, "flag", "unknown"), (None, "text", ""),
        (True, "flag", "yes"), (False, "flag", "no"),
        (1234567, "count", "1,234,567"), (Decimal("76.5903"), "percent", "76.59%"),
        (datetime(2026, 10, 1, 6, 30, tzinfo=UTC), "time", "2026-10-01 06:30 UTC"),
    ],
)  # fmt: skip
def test_a_value_is_shown_by_its_kind(value: Any, kind: Any, expected: str) -> None:
    assert shown(value, kind) == expected


def test_coverage_just_below_all_is_not_shown_as_all() -> None:
    assert shown(Decimal("99.9999"), "percent") == "99.99%"


@pytest.mark.parametrize(
    ("final", "word"), [(False, "total (estimated)"), (None, "total (finality unknown)"), (True, "total")]
)
@pytest.mark.parametrize("module", [as_table, as_markdown])
def test_a_total_says_what_it_is_worth(module: Any, final: bool | None, word: str) -> None:
    basis = Basis(currency="USD", final=final, deliveries=[{"export": "e"}])
    printed = text(module, [("a", Decimal(1))], totals={"cost": Decimal(1)}, basis=basis)
    assert word in printed.splitlines()[-1]
    assert ("estimated" in printed) == (final is False)


def test_a_total_without_a_dimension_says_what_it_is_worth() -> None:
    printed = text(as_table, [(Decimal(5),)], [Column("cost", "money")], totals={"cost": Decimal(5)})
    assert printed.splitlines()[-4:] == ["total (estimated)", "cost", "----", "5.00"]


def test_a_plain_table_lines_up_wide_characters_too() -> None:
    lines = text(as_table, [("日本", Decimal(1)), ("abcdefg", Decimal(1000))]).splitlines()[-2:]
    assert lines == ["日本         1.00", "abcdefg  1,000.00"]


@pytest.mark.parametrize("module", [as_table, as_markdown])
def test_a_long_table_is_shortened_and_says_so(module: Any) -> None:
    printed = text(module, [(f"s{n}", Decimal(n)) for n in range(30)], table_rows=20)
    assert "10 more rows; --format csv or json holds all" in printed
    assert "s19" in printed
    assert "s20" not in printed


@pytest.mark.parametrize("module", [as_csv, as_json])
def test_csv_and_json_hold_every_row(module: Any) -> None:
    assert text(module, [(f"s{n}", Decimal(n)) for n in range(12_345)], table_rows=20).count("s1234") == 6


def test_a_terminal_gets_colour_and_the_same_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    told = document([("a[b]\x1b[2J", Decimal(1))], totals={"cost": Decimal(1)})
    write(told, "table")
    printed = capsys.readouterr().out
    assert "\x1b[1m" in printed
    assert "a[b]\\x1b[2J" in printed
    assert "total (estimated)" in printed
    write(told, "table", tmp_path / "file")
    assert "\x1b" not in (tmp_path / "file").read_text()


# --- where it goes


def test_problems_go_to_stderr_and_into_json(capsys: pytest.CaptureFixture[str]) -> None:
    told = document([("a", Decimal(1))], problems=[Problem("p", "look here\x1b[2J", "there")])
    write(told, "csv")
    out, err = capsys.readouterr()
    assert out == "service,cost\na,1\n"
    assert err == "note: look here\\x1b[2J (there)\n"
    write(told, "json")
    out, err = capsys.readouterr()
    assert json.loads(out)["problems"] == [{"code": "p", "message": "look here\x1b[2J", "where": "there"}]
    assert err == ""


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    write(document([("é", Decimal(1))]), "csv", path)
    assert path.read_text(encoding="utf-8") == "service,cost\né,1\n"
    assert list(tmp_path.iterdir()) == [path]
    assert capsys.readouterr().out == ""


def test_a_failure_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    def read(_: int | None) -> Any:
        yield ("a", Decimal(1))
        raise ValueError("in the middle")

    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(ValueError, match="in the middle"):
        write(Document("spend", BASIS, Rows(SERVICE_COST, 2, read)), "csv", path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["missing/out.csv", "."])
def test_a_file_that_cannot_be_written_is_an_error_of_three_lines(tmp_path: Path, name: str) -> None:
    with pytest.raises(EngineError) as error:
        write(document([]), "csv", tmp_path / name)
    assert error.value.exit_code == 4
    assert len(error.value.lines()) == 3


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    link.symlink_to(real)
    write(document([]), "csv", link)
    assert link.is_symlink()
    assert real.read_text() == "service,cost\n"


def test_a_device_is_written_to_and_not_replaced() -> None:
    write(document([]), "csv", Path("/dev/null"))
    assert Path("/dev/null").is_char_device()
