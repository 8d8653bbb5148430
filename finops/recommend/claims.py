"""Savings that documents claim, with file and line: `70% savings`, `30-40% savings`, `saves ~$32/month`."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from finops.estimates.numbers import Unclear, read_number
from finops.estimates.text import SourceText

_TABLE = Path(__file__).with_name("claims.csv")
_NUMBER = r"[0-9][0-9,.]*(?<![,.])"
_BAND = rf"(?P<most>up to\s+\$?)?(?P<low>{_NUMBER})\s*(?:%?\s*(?:-|\u2013|to)\s*\$?(?P<high>{_NUMBER})\s*)?"
_PERCENT = re.compile(rf"{_BAND}\s*%")
_PER = r"(?P<per>/\s*GB(?:[-/ ]*(?:month|mo))?|/\s*(?:month|mo)\b|\s+(?:a|per) month)"
_MONEY = re.compile(rf"(?=up to\s+\$|\$)\$?\s?{_BAND}{_PER}", re.IGNORECASE)
_SAVES = re.compile(r"\bsav(?:e|es|ed|ing|ings)\b|\bcheaper\b|\bdiscount", re.IGNORECASE)
# `Savings Plans` alone claims nothing.
_NO_CLAIM = re.compile(r"\bsavings plans?\b", re.IGNORECASE)


@dataclass(frozen=True)
class Subject:
    """What a claim may be about: `words` name it, `measure` is how the bill tells, `unit` what a claim has to be in.

    `times` is what a price is multiplied with, as hours of a month.
    """

    name: str
    words: re.Pattern[str]
    unit: str
    measure: str
    key: str
    times: Decimal | None


@dataclass(frozen=True)
class Claim:
    """One claim: what it says (`low` to `high`, in `unit`), where, and about what; None where no subject is known."""

    file: str
    line: int
    text: str
    subject: Subject | None
    low: Decimal
    high: Decimal
    unit: str


@cache
def subjects() -> tuple[Subject, ...]:
    """The table of subjects, the narrower ones first."""
    with _TABLE.open(newline="", encoding="utf-8") as handle:
        return tuple(
            Subject(
                row["subject"],
                re.compile(row["words"], re.IGNORECASE),
                row["unit"],
                row["measure"],
                row["key"],
                Decimal(row["times"]) if row["times"] else None,
            )
            for row in csv.DictReader(handle)
        )


def claims_of(source: SourceText) -> Iterator[Claim]:
    """Every claim of a saving in a document: a figure on a line that speaks of saving."""
    for number, line in enumerate(source.lines, start=1):
        if _SAVES.search(_NO_CLAIM.sub("", line)):
            yield from _in_line(source.name, number, line)


def _in_line(file: str, number: int, line: str) -> Iterator[Claim]:
    subject = next((one for one in subjects() if one.words.search(line)), None)
    text = " ".join(line.strip().strip("|-* ").split())
    for pattern in (_PERCENT, _MONEY):
        for found in pattern.finditer(line):
            try:
                low = read_number(found["low"]).value
                high = read_number(found["high"]).value if found["high"] else low
                low = Decimal(0) if found["most"] else low
            except Unclear:
                continue
            yield Claim(file, number, text, subject, low, high, _unit(found))


def _unit(found: re.Match[str]) -> str:
    per = found.groupdict().get("per")
    if per is None:
        return "percent"
    return "a GB-month" if "GB" in per.upper() else "a month"
