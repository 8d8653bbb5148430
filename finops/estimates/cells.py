"""One cell or value that should be a cost: a figure, nothing, or a text that is none."""

from __future__ import annotations

import re
from decimal import Decimal

from finops.estimates.amounts import Figure, Unread, find_figures

_NOTHING = re.compile(r"[-\u2010-\u2015\s.]*|n/?a|none", re.IGNORECASE)
_FREE = re.compile(r"(?:\(?free(?:[ -]tier)?\)?|no (?:extra |additional )?(?:cost|charge)s?|gratis|kostenlos)\W*", re.I)
_PARENTHESES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_ARITHMETIC = re.compile(r"[0-9+=*/\u00d7\u00f7%]|\bx\b|\bor\b|\bplus\b|\bminus\b", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]|[{}]")
_ONLY_PARENTHESES = re.compile(r"\s*\(\s*\)\W*")
_EACH = re.compile(r"\beach\b|\bapiece\b", re.IGNORECASE)


def read_cell(text: str, bare: bool = False) -> Figure | Unread | list[Figure] | None:
    """The figure of a cell; several where it holds several; None where it says there is none.

    What stands beside a figure may explain it, in parentheses or words, but not change it: `$15 + usage` is Unread.
    """
    if _NOTHING.fullmatch(text):
        return None
    if _FREE.fullmatch(_PARENTHESES.sub("", text).strip() or text):
        return Figure(text, 0, len(text), Decimal(0), Decimal(0))
    found = find_figures(text, bare)
    unread = next((one for one in found if isinstance(one, Unread)), None)
    if unread or not found:
        return unread or Unread(text, 0, len(text), "it is no figure")
    figures = [one for one in found if isinstance(one, Figure)]
    figures = [one for one in figures if one.currency or one.share is not None] or figures
    if len(figures) > 1:
        return figures
    return _alone(text, figures[0])


def _alone(text: str, figure: Figure) -> Figure | Unread:
    beside = text[: figure.start] + " " + text[figure.end :]
    rest = _PARENTHESES.sub("", beside)
    if _EACH.search(rest):
        return Figure(**{**vars(figure), "thing": "each"})
    if _ARITHMETIC.search(rest) or (figure.currency is None and figure.share is None and _LETTER.search(rest)):
        return Unread(text, 0, len(text), "more stands beside the figure than explains it")
    if _ONLY_PARENTHESES.fullmatch(beside):
        return Unread(text, 0, len(text), "parentheses may mean a credit")
    return figure
