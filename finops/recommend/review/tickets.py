"""A ticket for each owner: their advice with its money, what to check before, and how to take it back."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple

from finops.output.as_markdown import escaped
from finops.output.values import exact, money
from finops.recommend.review.asked import Advice, Asked
from finops.recommend.review.piece import Left, Piece, file_name

_KINDS = Path(__file__).with_name("review_kinds.csv")
_NOBODY = "nobody"
_CLASSES = ("measured", "upper bound", "needs data")


class Care(NamedTuple):
    """What to look at before a change of a kind is made, and what it takes to undo it."""

    check: str
    undo: str


# What is said of a kind that the table does not know.
_UNKNOWN = Care("Ask whoever runs it.", "Keep what there was before.")


@cache
def care() -> dict[str, Care]:
    """By kind of advice."""
    with _KINDS.open(newline="", encoding="utf-8") as handle:
        return {row["kind"]: Care(row["check"], row["undo"]) for row in csv.DictReader(handle)}


def tickets(asked: Asked, pieces: Sequence[Piece], left: Sequence[Left]) -> list[Piece]:
    """One Markdown file per owner, who is named by the tag or account; one for what nobody is named for."""
    by_owner: dict[str, list[Advice]] = defaultdict(list)
    for one in asked.advice:
        by_owner[str(one["owner"] or "")].append(one)
    told = _told(pieces, left)
    return [
        _ticket(owner, by_owner[owner], asked, told) for owner in sorted(by_owner, key=lambda name: (not name, name))
    ]


def _told(pieces: Sequence[Piece], left: Sequence[Left]) -> dict[str, list[str]]:
    """By id of advice the lines that say which files hold it, and why it is in none."""
    found: dict[str, list[str]] = defaultdict(list)
    for piece in pieces:
        for name in piece.ids:
            found[name].append(f"- file: `{piece.name}`")
    for thing in left:
        for name in thing.ids:
            found[name].append(f"- not written: {escaped(thing.what)}: {escaped(thing.why)}")
    return found


def _ticket(owner: str, advice: Sequence[Advice], asked: Asked, told: Mapping[str, Sequence[str]]) -> Piece:
    title = f"Cost advice for {escaped(owner)}" if owner else "Cost advice that nobody is named for"
    parts = [
        f"# {title}",
        "\n".join(_sums(advice, asked)),
        "\n".join(_table(advice)),
        *("\n".join(_item(number, one, told.get(one.id, ()))) for number, one in enumerate(advice, start=1)),
    ]
    ids = tuple(one.id for one in advice)
    name = f"tickets/{file_name(owner) if owner else _NOBODY}.md"
    return Piece(name, "\n\n".join(parts) + "\n", f"ticket for {owner or _NOBODY}", ids)


def _sums(advice: Sequence[Advice], asked: Asked) -> Iterator[str]:
    basis = asked.basis
    days = f"From the bill of {basis.start} to {basis.end} (not included). " if basis.start and basis.end else ""
    yield f"{days}Money is {basis.currency or 'in the currency of the bill'} a month of 730 hours."
    yield ""
    for name in _CLASSES:
        of = [one for one in advice if one["class"] == name]
        if of:
            yield f"- {name}: {len(of)}{_in_sequence(of)}"


def _in_sequence(advice: Sequence[Advice]) -> str:
    values = [one["saving_in_sequence"] for one in advice if one["saving_in_sequence"] is not None]
    return f", saving {money(sum(values, Decimal(0)))} one after the other" if values else ", without a sum"


def _table(advice: Sequence[Advice]) -> Iterator[str]:
    yield "| # | what | costs now | saves | at least | class |"
    yield "| --: | --- | --: | --: | --: | --- |"
    for number, one in enumerate(advice, start=1):
        figures = [_money(one[name]) for name in ("current_cost", "saving", "saving_low")]
        cells = [str(number), escaped(str(one["action"])), *figures, escaped(str(one["class"]))]
        yield f"| {' | '.join(cells)} |"


def _item(number: int, one: Advice, told: Sequence[str]) -> Iterator[str]:
    held = care().get(one.kind, _UNKNOWN)
    yield f"## {number}. {escaped(str(one['action']))}"
    yield ""
    where = [f"{name} {escaped(str(one[name]))}" for name in ("account", "region") if one[name]]
    yield f"- id: `{one.id}` ({escaped(one.kind)})"
    if one["resource_id"] or where:
        yield f"- where: {', '.join([*([escaped(str(one['resource_id']))] if one['resource_id'] else []), *where])}"
    yield f"- money: {_figures(one)}"
    yield f"- evidence: {escaped(str(one['evidence']))}"
    yield from told
    yield f"- [ ] before: {escaped(held.check)}"
    yield f"- undo: {escaped(held.undo)}"


def _figures(one: Advice) -> str:
    if one.saving is None:
        return f"no figure ({escaped(str(one['class']))}); it costs {_money(one['current_cost'])} now"
    low, high = _money(one["saving_low"]), _money(one["saving_high"])
    band = f" ({low} to {high})" if low != high else ""
    months = one["pay_back_months"]
    paid = f", pays back in {exact(round(Decimal(months), 1))} months" if months else ""
    return f"saves {_money(one.saving)}{band}, {escaped(str(one['class']))}, {escaped(str(one['basis']))}{paid}"


def _money(value: Decimal | None) -> str:
    # a figure below a cent is told as <0.01, which Markdown takes for a tag
    return "" if value is None else escaped(money(value))
