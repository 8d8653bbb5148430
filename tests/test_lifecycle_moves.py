"""The arithmetic of moving objects to colder classes, at the list prices of us-east-1 of July 2024."""

from __future__ import annotations

from decimal import Decimal

import pytest

from finops.recommend.lifecycle_moves import (
    KIB_PER_GB,
    Move,
    break_even_kib,
    break_even_reads,
    object_saving,
    pay_back_months,
    tiering_break_even_kib,
)

STANDARD = Decimal("0.023")


def move(price: str, per_thousand: str, retrieval: str = "0", floor: int = 0, own: int = 0, other: int = 0) -> Move:
    fee = Decimal(per_thousand) / 1000
    return Move(STANDARD, Decimal(price), fee, Decimal(retrieval), floor, own, other, STANDARD)


MOVES = {
    "IA": move("0.0125", "0.01", "0.01", floor=128),
    "GIR": move("0.004", "0.02", "0.03", floor=128),
    "Flexible": move("0.0036", "0.03", own=32, other=8),
    "Deep Archive": move("0.00099", "0.05", own=32, other=8),
}


@pytest.mark.parametrize(
    ("kib", "months"),
    [
        (64, {"IA": None, "GIR": "21.85", "Flexible": "33.4", "Deep Archive": "43.95"}),
        (128, {"IA": "7.8", "GIR": "8.6", "Flexible": "14.4", "Deep Archive": "20.2"}),
        (256, {"IA": "3.9", "GIR": "4.3", "Flexible": "6.7", "Deep Archive": "9.7"}),
        (1024, {"IA": "0.98", "GIR": "1.08", "Flexible": "1.6", "Deep Archive": "2.35"}),
        (8192, {"IA": "0.12", "GIR": "0.13", "Flexible": "0.2", "Deep Archive": "0.29"}),
    ],
)
def test_a_transition_pays_back_after_the_months_of_the_table(kib: int, months: dict[str, str | None]) -> None:
    found = {name: pay_back_months(one, Decimal(kib)) for name, one in MOVES.items()}
    digits = {name: None if text is None else Decimal(text) for name, text in months.items()}
    told = {
        name: None if value is None else value.quantize(digits[name] or Decimal(1)) for name, value in found.items()
    }
    assert told == digits


@pytest.mark.parametrize(
    ("name", "kib"), [("IA", "69.6"), ("GIR", "22.3"), ("Flexible", "15.4"), ("Deep Archive", "9.8")]
)
def test_below_a_size_an_object_is_billed_more_in_the_class_than_in_standard(name: str, kib: str) -> None:
    found = break_even_kib(MOVES[name])
    assert found is not None
    assert found.quantize(Decimal("0.1")) == Decimal(kib)
    assert object_saving(MOVES[name], found) == pytest.approx(Decimal(0), abs=Decimal("1e-25"))
    assert object_saving(MOVES[name], found - 1) < 0 < object_saving(MOVES[name], found + 1)


@pytest.mark.parametrize("name", MOVES)
def test_an_object_of_the_size_that_breaks_even_in_a_year_pays_back_in_a_year(name: str) -> None:
    found = break_even_kib(MOVES[name], 12)
    assert found is not None
    assert pay_back_months(MOVES[name], found) == pytest.approx(Decimal(12))


@pytest.mark.parametrize(("name", "reads"), [("IA", "1.05"), ("GIR", "0.63")])
def test_reading_everything_that_often_a_month_eats_the_saving(name: str, reads: str) -> None:
    found = break_even_reads(MOVES[name])
    assert found is not None
    assert found.quantize(Decimal("0.01")) == Decimal(reads)
    assert object_saving(MOVES[name], Decimal(1024), found) == pytest.approx(Decimal(0), abs=Decimal("1e-20"))


def test_a_class_that_costs_as_much_never_breaks_even() -> None:
    assert break_even_kib(move("0.023", "0.01"), 12) is None
    assert pay_back_months(move("0.023", "0.01"), Decimal(10**9)) is None
    assert break_even_reads(MOVES["Flexible"]) is None


def test_intelligent_tiering_pays_from_the_sizes_of_its_tiers() -> None:
    watched = Decimal("0.0000025")
    tiers = [tiering_break_even_kib(watched, STANDARD, Decimal(price)) for price in ("0.0125", "0.004", "0.023")]
    assert [None if kib is None else round(kib) for kib in tiers] == [250, 138, None]


@pytest.mark.parametrize(("kib", "once"), [(1024, "104.86"), (128, "838.86")])
def test_ten_tebibytes_save_what_they_save_and_cost_once_by_the_size_of_their_objects(kib: int, once: str) -> None:
    objects = 10 * 1024 * KIB_PER_GB / kib
    assert objects * object_saving(MOVES["IA"], Decimal(kib)) == Decimal("107.52")
    assert (objects * MOVES["IA"].fee).quantize(Decimal("0.01")) == Decimal(once)
