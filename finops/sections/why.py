"""What changed and why: the exact decomposition of the change against the window before, as a bridge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from finops.dimensions import Dimension, dimension
from finops.output.report_words import cash, change_cell, count_cell, money_cell, short_span, text_cell, window_name
from finops.output.values import printable
from finops.output.why_words import NAMES, headline, points, short_name
from finops.report.compare import compare_sql
from finops.report.model import Block, Cell, Chart, Column, Row, Section, Series, Source, Table
from finops.report.sources import command, written_out
from finops.sections.attempt import attempted
from finops.sections.case import Case
from finops.variance.why.answer import ENVIRONMENT, Answer, why
from finops.variance.why.parts import Change, Part, together
from finops.variance.why.spans import Asked

KEY, TITLE = "changes", "What changed and why"
_NAMES = {"now": "Cost", "up": "More", "down": "Less"}
_ZERO = Decimal(0)
_SHARE = Decimal("0.0001")
# Where what came and went is far more than what is left of it, a share says no more than that.
_SHARE_SHOWN = 999
# What a bridge shows one by one; smaller effects are one step.
_STEPS = 7
_OTHERS = "all others"
_VALUES, _POINTS = 12, 3
# Steps are small beside the cost where all of it is so many times as much.
_SMALL = 4


def changes(case: Case, moved: Section | None) -> Section:
    """The bridge and its effects, then what moved most; where the effects fail, what moved still stands."""
    rest = moved.blocks if moved else ()
    if not case.facts.before:
        text = f"There is no {'week' if case.facts.cadence == 'weekly' else 'month'} before to hold it against."
        return Section(KEY, TITLE, (text,), rest)
    made = attempted(KEY, TITLE, lambda: _explained(case))
    lead = Block("What moved most", moved.text) if moved else None
    return replace(made, blocks=(*made.blocks, *([lead] if lead else []), *rest))


def _explained(case: Case) -> Section:
    now, before = case.facts.windows[:2]
    split = ENVIRONMENT if case.history.settings.environments else _first_tag(case)
    against = f"{before.start}..{before.end}"
    answer = why(case.history, Asked(start=now.start, end=now.end, against=against), split)
    by = [] if split is ENVIRONMENT else [split.word]
    source = Source(
        f"{command(case.history, 'variance --why', now, by)} --against {against}",
        written_out(*compare_sql(case.history, split, (now, before), longer=True)),
    )
    return _section(answer, case.facts.currency, source)


def _first_tag(case: Case) -> Dimension:
    tags = case.history.settings.tags.required
    return dimension(f"tag:{tags[0]}") if tags else ENVIRONMENT


def _section(answer: Answer, currency: str, source: Source) -> Section:
    parts, whole, spans = answer.parts(), answer.whole, answer.spans
    before, after = window_name(spans.before.days), window_name(spans.after.days)
    text = [
        f"{after} against {before}, every charge of these days, the longer ones too: "
        f"{headline(whole._replace(name='cost'), currency)}. The steps add up to the change to the last decimal.",
        *(f"{problem.message}." for problem in spans.problems),
    ]
    effects = _by_effect(parts)
    names = short_span(spans.before.days), short_span(spans.after.days)
    chart = bridge_of(whole, effects, names, currency)
    if chart.floor is not None:
        said = f"The axis begins at {cash(chart.floor, currency)}, so that the steps can be seen."
        chart = replace(chart, note=said)
    values = _values(answer, parts, currency, source)
    bridge = Block("From one to the other", (), chart, _effects(effects, whole, currency, source))
    return Section(KEY, TITLE, tuple(text), (bridge, values))


def _by_effect(parts: Sequence[Part]) -> list[Part]:
    """The effects of all values of the split together, the largest first; what only moved between them is none."""
    return [part for part in together(map(_of_all, parts)) if part.change]


def _of_all(part: Part) -> Part:
    """The part of one value as one of all of them; its causes say where they are, as two may be called the same."""
    causes = ((f"{short_name(key)} in {printable(part.split)}", change) for key, change in part.causes)
    return part._replace(split="", causes=tuple(causes))


def bridge_of(whole: Change, effects: Sequence[Part], names: tuple[str, str], currency: str) -> Chart:
    """Bars from the cost before to the cost after; each stands where the one before it ended."""
    shown, rest = effects[:_STEPS], effects[_STEPS:]
    steps = [(NAMES[part.name], part.change) for part in shown]
    if rest:
        steps.append((_OTHERS, sum((part.change for part in rest), _ZERO)))
    spans, level = [], whole.before
    for _, change in steps:
        spans.append((level, level + change))
        level += change
    labels = (names[0], *(name for name, _ in steps), names[1])
    told = [cash(whole.before, currency), *(cash(change, currency, sign=True) for _, change in steps)]
    told.append(cash(whole.after, currency))
    said = ", ".join(f"{label} {amount}" for label, amount in zip(labels[1:-1], told[1:-1], strict=True))
    label = f"A bridge from {told[0]} to {told[-1]}: {said or 'nothing changed'}."
    return Chart(
        "bridge",
        label,
        "bridge",
        labels,
        tuple(_bars([(_ZERO, whole.before), *spans, (_ZERO, whole.after)], labels, told)),
        floor=_floor([whole.before, whole.after, *(level for span in spans for level in span)]),
    )


def _floor(levels: Sequence[Decimal]) -> Decimal | None:
    """Where the axis may begin so that steps are seen that are small beside the cost; None where that is zero."""
    low, high = min(levels), max(levels)
    return low - (high - low) / 2 if low > _SMALL * (high - low) else None


def _bars(spans: Sequence[tuple[Decimal, Decimal]], labels: Sequence[str], told: Sequence[str]) -> Iterator[Series]:
    """Bars between two levels as bars upon each other: what lifts them, and they themselves on each side of zero."""
    said = tuple(f"{label}; {amount}" for label, amount in zip(labels, told, strict=True))
    lifts = tuple(_lift(*span) for span in spans)
    if any(lifts):
        yield Series("", lifts, "before", is_base=True)
    tones = ["now", *("down" if end < start else "up" for start, end in spans[1:-1]), "now"]
    for tone, name in _NAMES.items():
        for side in (_above, _below):
            values = tuple(side(*span) if tones[at] == tone else None for at, span in enumerate(spans))
            if any(values):
                yield Series(name, values, tone, told=said)


def _lift(start: Decimal, end: Decimal) -> Decimal:
    """The level nearest to zero that both ends are beyond; 0 where zero is between them."""
    low, high = min(start, end), max(start, end)
    return low if low > 0 else min(high, _ZERO)


def _above(start: Decimal, end: Decimal) -> Decimal:
    return max(start, end, _ZERO) - max(min(start, end), _ZERO)


def _below(start: Decimal, end: Decimal) -> Decimal:
    return min(start, end, _ZERO) - min(max(start, end), _ZERO)


def _effects(effects: Sequence[Part], whole: Change, currency: str, source: Source) -> Table:
    columns = (
        Column("effect", "Effect"),
        Column("change", "Change", "change"),
        Column("share", "Of the change", "share"),
        Column("keys", "Causes", "count"),
        Column("causes", "Most of it"),
    )
    rows = tuple(
        (
            text_cell(NAMES[part.name]),
            change_cell(part.change, currency),
            _share(part.change, whole.change),
            count_cell(part.keys),
            text_cell(_causes(part, currency)),
        )
        for part in effects
    )
    nothing = Cell("")
    total = (Cell("Total"), change_cell(whole.change, currency), _share(whole.change, whole.change), nothing, nothing)
    return Table("effects", "The change by effect", columns, rows, total=total, source=source)


def _causes(part: Part, currency: str) -> str:
    return ", ".join(f"{cause} {cash(change, currency, sign=True)}" for cause, change in part.causes)


def _share(change: Decimal, whole: Decimal) -> Cell:
    """A part of the change in percent of it, which may be more than all of it or less than nothing."""
    if not whole:
        return Cell("n/a", tone="muted")
    value = (change * 100 / whole).quantize(_SHARE) + _ZERO
    if abs(value) > _SHARE_SHOWN:
        return Cell(f"{'-' if value < 0 else ''}>{_SHARE_SHOWN}%", value)
    return Cell(f"{round(value) + 0}%", value)


def _values(answer: Answer, parts: Sequence[Part], currency: str, source: Source) -> Block:
    """Each value of the split with the effects that moved it."""
    name = answer.split.argument or answer.split.word.capitalize()
    columns = (
        Column(answer.split.key, name, "code"),
        Column("cost_before", "Before", "money"),
        Column("cost_after", "After", "money"),
        Column("change", "Change", "change"),
        Column("why", "Why"),
    )
    rows = tuple(
        (
            text_cell(one.name),
            money_cell(one.before, currency),
            money_cell(one.after, currency),
            change_cell(one.change, currency),
            text_cell("; ".join(points([part for part in parts if part.split == one.name], currency)[:_POINTS])),
        )
        for one in answer.sums[:_VALUES]
    )
    left = answer.sums[_VALUES:]
    rest = _together(left, currency) if left else None
    total = _together(answer.sums, currency, "Total")
    table = Table("changes-why", f"The change by {name}", columns, rows, rest, total, source)
    return Block(f"By {name.lower() if answer.split.word == 'environment' else name}", table=table)


def _together(sums: Sequence[Change], currency: str, name: str = "") -> Row:
    before = sum((one.before for one in sums), _ZERO)
    after = sum((one.after for one in sums), _ZERO)
    return (
        Cell(name or f"{len(sums):,} others"),
        money_cell(before, currency),
        money_cell(after, currency),
        change_cell(after - before, currency),
        Cell(""),
    )
