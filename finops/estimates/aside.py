"""What never enters a sum: other providers and currencies, alternatives, the same money seen twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from finops.estimates.kinds import alternative_in, is_view, provider_in
from finops.estimates.lines import Line, Note
from finops.estimates.sums import sum_of

_PARENTHESES = re.compile(r"\([^()]*\)")
_WORD = re.compile(r"[^\W_]+")


def set_aside(lines: Sequence[Line]) -> tuple[list[Line], list[Note]]:
    """The lines with those set aside turned into `other`, and a note for each reason."""
    notes: list[Note] = []
    kept = list(lines)
    for step in (_other_currencies, _other_providers, _alternative_rows, _second_views):
        for at, why in step(kept):
            notes.append(Note(why[0], why[1], kept[at].source_line))
            kept[at] = replace(kept[at], kind="other", counts=False, aside=why[0])
    return kept, notes


_Found = list[tuple[int, tuple[str, str]]]


def main_currency(lines: Sequence[Line]) -> str | None:
    """The currency most of the rows and totals are in; US dollars where two are as frequent."""
    found = Counter(line.currency for line in lines if line.kind != "other" and line.currency)
    return max(found, key=lambda currency: (found[currency], currency == "USD"), default=None)


def _other_currencies(lines: Sequence[Line]) -> _Found:
    main = main_currency(lines)
    return [
        (at, ("mixed_currency", f"{line.label} is in {line.currency}, the others in {main}; it is left out"))
        for at, line in enumerate(lines)
        if line.kind != "other" and line.currency and line.currency != main
    ]


def _other_providers(lines: Sequence[Line]) -> _Found:
    named = ((at, line, provider_in(line.label) or provider_in(line.section)) for at, line in enumerate(lines))
    return [
        (at, ("other_provider", f"{line.label} is paid to {provider}, not in the AWS bill; it is left out"))
        for at, line, provider in named
        if provider and line.kind != "other"
    ]


def _alternative_rows(lines: Sequence[Line]) -> _Found:
    """`RDS (scheduled)` beside `RDS (24/7)`: the first counts. The same for totals."""
    seen: dict[tuple[object, ...], int] = {}
    found: _Found = []
    for at, line in enumerate(lines):
        if line.kind == "other" or not alternative_in(line.label):
            continue
        key = (line.group, line.environments, line.kind, _base(line.label))
        first = seen.setdefault(key, at)
        if first != at:
            message = f"{line.label} is another way to run what {lines[first].label} costs; it does not count"
            found.append((at, ("alternative", message)))
    return found


def _base(label: str) -> str:
    text = label
    while word := alternative_in(text):
        text = re.sub(re.escape(word), " ", text, flags=re.IGNORECASE)
    outside = _PARENTHESES.sub(" ", text)
    return " ".join(word.casefold() for word in _WORD.findall(outside))


def _second_views(lines: Sequence[Line]) -> _Found:
    """A later table for the same environments that is announced as a view or an alternative, or has the same total."""
    groups: dict[tuple[tuple[int, int], tuple[str, ...]], list[int]] = {}
    for at, line in enumerate(lines):
        if line.counts and line.group[0]:
            groups.setdefault((line.group, line.environments), []).append(at)
    found: _Found = []
    counted: dict[tuple[str, ...], list[list[Line]]] = {}
    for (_, environments), places in groups.items():
        rows = [lines[at] for at in places]
        earlier = counted.setdefault(environments, [])
        why = _seen_before(rows, earlier)
        if why:
            found += [(at, ("seen_before", f"{lines[at].label}: {why}; it does not count again")) for at in places]
        else:
            earlier.append(rows)
    return found


def _seen_before(rows: Sequence[Line], earlier: Sequence[Sequence[Line]]) -> str | None:
    section = rows[0].section
    if not earlier:
        return None
    if is_view(section) or alternative_in(section):
        return f'"{section}" is another view of costs above'
    if len(rows) > 1 and any(_same_sum(rows, others) for others in earlier):
        return "its table has the same sum as one above"
    return None


def _same_sum(rows: Sequence[Line], others: Sequence[Line]) -> bool:
    first, second = sum_of(rows, "month"), sum_of(others, "month")
    if first is None or second is None or not first.low:
        return False
    return (first.low, first.high) == (second.low, second.high) and len(others) > 1
