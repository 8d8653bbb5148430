"""The figures in one line of text: `$15`, `$60-120`, `~$137/month`, `<$0.01/day`, `1,234.50 USD`, `30% of prod`.

A figure is read whole or not at all: what may mean two things is `Unread`, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from finops.estimates.numbers import Number, Unclear, read_number, rounded_place
from finops.estimates.units import read_per

_SYMBOLS = {
    "$": "USD", "us$": "USD", "usd$": "USD", "ca$": "CAD", "c$": "CAD", "au$": "AUD", "a$": "AUD", "nz$": "NZD",
    "hk$": "HKD", "s$": "SGD", "r$": "BRL", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "฿": "THB", "₩": "KRW",
    "dollar": "USD", "dollars": "USD", "us dollars": "USD", "euro": "EUR", "euros": "EUR",
}  # fmt: skip
CODES = ("USD", "EUR", "GBP", "CAD", "AUD", "NZD", "JPY", "INR", "CHF", "THB", "SGD", "HKD", "BRL", "KRW", "SEK",
         "NOK", "DKK", "PLN", "CNY", "MXN", "ZAR")  # fmt: skip
_COMMA_DECIMALS = frozenset({"EUR", "BRL", "SEK", "NOK", "DKK", "PLN"})

_CODE = "|".join(CODES)
_SYMBOL = r"(?:US|USD|CA|C|AU|A|NZ|HK|S|R)?\$|[€£¥₹฿₩]"
_NUMBER = r"[0-9]+(?:[.,'\u2019\u00a0\u202f][0-9]+)*|\.[0-9]+"


def _amount(n: int) -> str:
    return (
        rf"(?P<sign{n}>(?<![\w)\]])[-\u2212](?=\s?[$€£¥₹฿₩]))?"
        rf"(?:(?P<pre{n}>(?:(?<![A-Za-z])(?:{_CODE})\s?)?(?:{_SYMBOL})|(?<![A-Za-z])(?:{_CODE}))\s?|(?<![\w.,]))"
        rf"(?P<num{n}>{_NUMBER})"
        rf"(?:\s?(?P<mag{n}>million\b|mn\b|(?-i:[kKM])(?![A-Za-z0-9])))?"
        rf"(?P<post{n}>\s?(?:(?:{_CODE}|US dollars|dollars?|euros?)\b(?!\s?[0-9])|[€£](?!\s?[0-9])))?"
    )


_FIGURE = re.compile(
    rf"(?:{_amount(1)})(?:(?P<first>\s*/\s*[a-zA-Z]+)?(?P<dash>\s*(?:[-\u2010-\u2015\u2212]|\bto\b|\band\b)\s*)(?:{_amount(2)}))?",
    re.IGNORECASE,
)
_SHARE = re.compile(r"(?P<share>[0-9]+(?:\.[0-9]+)?)\s?%\s+of\s+(?:the\s+)?(?P<of>[^\W\d_][\w /&-]*)", re.IGNORECASE)
_BEFORE = re.compile(
    r"(?P<word>[<>\u2264\u2265~\u2248]=?|\b(?:approx(?:imately|\.)?|about|around|roughly|circa|ca\.?|est\.?|up to|under"
    r"|below|less than|at most|max(?:imum|\.)?|over|above|more than|at least|min(?:imum|\.)?"
    r"|from|starting at|between))\s*$",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"\s?%")
# Digits or letters that go on where the number ends: `$1e5`, `$1 234`.
_GOES_ON = re.compile(r"[A-Za-z0-9_]|\s[0-9]{3}(?![0-9])|[.,][0-9]")
_AT_MOST = frozenset({"<", "≤", "<=", "≤=", "up to", "under", "below", "less than", "at most", "max", "max.",
                      "maximum"})  # fmt: skip
_AT_LEAST = frozenset({">", "≥", ">=", "≥=", "over", "above", "more than", "at least", "min", "min.", "minimum", "from",
                       "starting at"})  # fmt: skip
_ABOUT = frozenset({"~", "≈", "~=", "about", "around", "roughly", "circa", "ca", "ca.", "est", "est."})
_THING = re.compile(
    r"\s*(?:[kmgt]i?b|v?cpus?|acus?|tasks?|nodes?|instances?|users?|requests?|hours?|hrs?|h|days?|%)\b|\s*%", re.I
)
# Controls that change the order in which digits are shown; the marks beside them only set a direction.
_REORDER = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MARKS = re.compile("[\u200e\u200f\u061c\u200b\ufeff]")
_DIGIT = re.compile("[0-9]")
_MARK = re.compile(rf"[$€£¥₹฿₩%]|(?=[^\W\d_])(?:{_CODE}|dollar|euro)", re.IGNORECASE)
_LEFT_OVER = re.compile(rf"(?:{_SYMBOL})\s?[-\u2212]?\s?[\d.,]*\d|\d\s?(?:{_CODE})\b|\d\s?[€£]")


@dataclass(frozen=True)
class Figure:
    """One figure. `high` None is open-ended; `unit` and `currency` None where the text does not say.

    `low_place` and `high_place` are the digits the ends vouch for. `thing` makes it a unit price, `share` (in
    percent, of the words in `of`) a figure without an amount of its own.
    """

    text: str
    start: int
    end: int
    low: Decimal | None
    high: Decimal | None
    unit: str | None = None
    currency: str | None = None
    approximate: bool = False
    low_place: Decimal = Decimal(1)
    high_place: Decimal = Decimal(1)
    thing: str | None = None
    share: Decimal | None = None
    of: str = ""


@dataclass(frozen=True)
class Unread:
    """A text that looks like a figure and was not read, and why."""

    text: str
    start: int
    end: int
    why: str


def plain_direction(text: str) -> str:
    """The text without marks that only set its direction."""
    return _MARKS.sub("", text)


def find_figures(text: str, bare: bool = False) -> list[Figure | Unread]:
    """Every figure in a line, in order. A number without a currency is one only where `bare` says so.

    What carries a currency and could not be read is there as Unread.
    """
    if not (_MARK.search(text) or (bare and _DIGIT.search(text))):
        return []
    if _REORDER.search(text) and _LEFT_OVER.search(_REORDER.sub("", text)):
        return [Unread(text.strip(), 0, len(text), "it holds characters that change the order of its digits")]
    found = [*_amounts(text, bare), *(_shares(text) if "%" in text else ())]
    if len(found) != 1 or _MARK.search(text, 0, found[0].start) or _MARK.search(text, found[0].end):
        found += _left_over(text, found)
    return sorted(found, key=lambda one: one.start)


def _amounts(text: str, bare: bool) -> Iterator[Figure | Unread]:
    at = 0
    while match := _FIGURE.search(text, at):
        at = max(match.end(), match.start() + 1)
        marked = any(match[name] for name in ("pre1", "post1", "pre2", "post2"))
        if not marked and (not bare or _PERCENT.match(text, match.end("num1"))):
            # The number may stand right before a figure: `2 $15`.
            at = match.end("num1")
            continue
        one = _figure(text, match)
        yield one
        at = max(one.end, match.end("num1"))


def _figure(text: str, match: re.Match[str]) -> Figure | Unread:
    whole = match["dash"] is not None and _is_range(text, match)
    end = match.end() if whole else _end_of_first(match)
    try:
        if _GOES_ON.match(text, end):
            raise Unclear("it goes on in a way that is no number")
        currency = _currency(match, whole)
        low = _number(match, 1, currency)
        high = _number(match, 2, currency) if whole else low
        if match["dash"] is not None and not whole and _joined(match):
            raise Unclear("two numbers are joined, and it is not clear whether they are a range")
        return _bounded(text, match, low, high, currency, end)
    except Unclear as error:
        return Unread(text[match.start() : match.end()].strip(), match.start(), match.end(), str(error))


def _bounded(text: str, match: re.Match[str], low: Number, high: Number, currency: str | None, end: int) -> Figure:
    """The figure with the words around it: `~`, `up to`, `+`, `/month`."""
    before = _BEFORE.search(text, 0, match.start())
    word = before["word"].lower() if before else ""
    if high is not low and word in ("from", "between"):
        word = ""
    start = before.start() if before else match.start()
    if match["sign1"] and word:
        raise Unclear("it has a sign and a bound")
    sign = -1 if match["sign1"] else 1
    plus = end < len(text) and text[end] == "+" and not re.match(r"\+\s*[\w$]", text[end:])
    per = read_per(text, end + plus)
    earlier = read_per(text, match.end("num1")) if match["first"] else per
    if earlier.unit != per.unit:
        raise Unclear("its ends have different units")
    first, last = low.value * sign, high.value * sign
    if first > last:
        raise Unclear("its range runs backwards")
    approximate = word in _ABOUT or word.startswith("approx")
    if (word in _AT_MOST or word in _AT_LEAST) and high is not low:
        raise Unclear("it is a range and a bound")
    return Figure(
        text=text[start : per.end].strip(),
        start=start,
        end=per.end,
        low=Decimal(0) if word in _AT_MOST else first,
        high=None if word in _AT_LEAST or plus else last,
        unit=per.unit,
        currency=currency,
        approximate=approximate,
        low_place=rounded_place(low) if approximate else low.place,
        high_place=rounded_place(high) if approximate else high.place,
        thing=per.thing,
    )


def _is_range(text: str, match: re.Match[str]) -> bool:
    """`$60-120` and `$60 - $120`, not `$60 - 2 tasks` and not `$60 and 2`."""
    marked = match["pre2"] or match["post2"] or (match["post1"] is None and match["pre1"] is None)
    dash = match["dash"]
    if "and" in dash.lower() and not re.search(r"\bbetween\s*$", text[: match.start()], re.IGNORECASE):
        return False
    if marked:
        return True
    return not _THING.match(text, match.end()) and (dash == dash.strip() or not re.match(r"\s*\w", text[match.end() :]))


def _joined(match: re.Match[str]) -> bool:
    return match["dash"] == match["dash"].strip()


def _end_of_first(match: re.Match[str]) -> int:
    return max(match.end("num1"), match.end("mag1"), match.end("post1"))


def _number(match: re.Match[str], n: int, currency: str | None) -> Number:
    magnitude = match[f"mag{n}"] or ""
    if n == 1 and match["mag2"] and not magnitude:
        # `$1-2k` says thousands once, for both of them.
        magnitude = match["mag2"]
    return read_number(match[f"num{n}"], magnitude, currency in _COMMA_DECIMALS)


def _currency(match: re.Match[str], whole: bool) -> str | None:
    found = {currency for n in ((1, 2) if whole else (1,)) if (currency := _marked(match, n))}
    if len(found) > 1:
        raise Unclear("it names two currencies")
    return next(iter(found), None)


def _marked(match: re.Match[str], n: int) -> str | None:
    """The currency of one amount: in `$15 CAD` and `USD $15` the code decides what the sign means."""
    before, after = currency_of(match[f"pre{n}"] or ""), currency_of(match[f"post{n}"] or "")
    if before and after and before != after and before != "USD":
        raise Unclear("it names two currencies")
    return after or before


@lru_cache(maxsize=256)
def currency_of(mark: str) -> str | None:
    """The ISO code of a currency's sign, code or name; None when it is none."""
    text = re.sub(r"\s+", " ", mark.strip().lower())
    return _SYMBOLS.get(text) or next((code for code in CODES if text.startswith(code.lower())), None)


def currency_in(text: str) -> str | None:
    """The one currency a heading names, as in `Monthly Cost (USD)`."""
    found = {code for code in CODES if re.search(rf"(?<![A-Za-z]){code}(?![A-Za-z])", text, re.IGNORECASE)}
    found |= {_SYMBOLS[sign] for sign in "€£¥₹฿₩" if sign in text}
    if "$" in text and not found:
        found = {currency for mark in re.findall(rf"{_SYMBOL}", text) if (currency := currency_of(mark))}
    return found.pop() if len(found) == 1 else None


def _shares(text: str) -> Iterator[Figure]:
    for match in _SHARE.finditer(text):
        share, of = Decimal(match["share"]), match["of"].strip()
        yield Figure(match[0].strip(), match.start(), match.end(), None, None, share=share, of=of)


def _left_over(text: str, found: list[Figure | Unread]) -> Iterator[Unread]:
    taken = [(one.start, one.end) for one in found]
    for match in _LEFT_OVER.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            yield Unread(match[0].strip(), match.start(), match.end(), "it is no number that can be read")
