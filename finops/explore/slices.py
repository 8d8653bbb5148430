"""A slice of spend: rows by dimensions, held against other days, and the same over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import Decimal
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from finops.dimensions import dimension, needed_joins, needed_mart, where_text
from finops.errors import FinopsError
from finops.explore.question import Question
from finops.output.values import exact_decimal, shown, signed_money
from finops.report.compare import Compared, added
from finops.report.windows import Window
from finops.spend import notes

if TYPE_CHECKING:
    from finops.reader import Ledger

# What a person looks through on a page; `find` and the filters reach all others.
MOST_ROWS = 500
# Days, weeks or months of the chart: never more bars than can be told apart.
_STEPS = ((62, "day"), (366, "week"))


def answer(ledger: Ledger, question: Question) -> dict[str, Any]:
    """The slice as the page shows it: rows, the rest, totals, cost over time, and what is to be said of it.

    Raises FinopsError when the rows do not sum to the mart.
    """
    _create_slice(ledger, question)
    total, found = _total(ledger, question), _shown(ledger, question)
    (count,) = ledger.rows("select count(*) as rows from slice")
    return {
        "by": [one.word for one in question.by],
        "rows": [_row(row, question, total.now) for row in found],
        "count": count["rows"],
        "found": _found(ledger, question),
        "rest": _rest(count["rows"], total, found, question),
        "total": _amounts(total, question),
        "over_time": {"step": step_of(question.span), "bars": list(_bars(ledger, question))},
        "basis": basis(ledger, question),
        "problems": [asdict(one) for one in [*ledger.problems, *notes(ledger, question.by, count["rows"])]],
    }


def basis(ledger: Ledger, question: Question) -> dict[str, Any]:
    """What the figures are: metric, currency, days, and whether they are final."""
    return {
        "metric": ledger.ask.metric,
        "currency": ledger.currency,
        "from": question.span.start,
        "to": question.span.end,
        "against": [question.against.start, question.against.end] if question.against else None,
        "final": ledger.final,
        "as_of": ledger.as_of,
    }


def money(value: Decimal) -> dict[str, str]:
    """An amount for the page: every digit, and as a person reads it. Both are texts: no digit is lost on the way."""
    return {"exact": exact_decimal(value), "shown": shown(value, "money")}


def step_of(span: Window) -> str:
    """The dimension that parts a span into bars."""
    return next((step for days, step in _STEPS if span.length <= days), "month")


def inside(span: Window) -> str:
    """The condition that a line of `facts` starts in the span."""
    return f"(facts.charge_day >= date '{span.start}' and facts.charge_day < date '{span.end}')"


def _create_slice(ledger: Ledger, question: Question) -> None:
    by = question.by
    keys = ", ".join(f"{one.expression(at)} as k{at}" for at, one in enumerate(by))
    spans = question.spans
    sums = ", ".join(
        f"cast(coalesce(sum(facts.{ledger.cost}) filter (where {inside(span)}), 0) as decimal(38, 10)) as cost_{at}"
        for at, span in enumerate(spans)
    )
    joins = needed_joins(by)
    ledger.connection.execute(
        f"create or replace temp table slice as select {keys}, {sums} from {needed_mart(by)} as facts {joins.sql} "
        f"where {' or '.join(map(inside, spans))} group by all",
        joins.params,
    )


def _total(ledger: Ledger, question: Question) -> Compared:
    """The sum of the mart on the days of each span, which the rows are held against."""
    (rows,) = ledger.rows(f"select {_sums(question, '')} from slice")
    sums = ", ".join(
        f"coalesce(sum(facts.{ledger.cost}) filter (where {inside(span)}), 0) as cost_{at}"
        for at, span in enumerate(question.spans)
    )
    (mart,) = ledger.rows(f"select {sums} from daily_cost as facts")
    if rows != mart:
        raise FinopsError(f"the rows sum to {rows['cost_0']} and the mart to {mart['cost_0']}", where="finops explore")
    return _compared(mart, question)


def _sums(question: Question, where: str) -> str:
    return ", ".join(f"coalesce(sum(cost_{at}){where}, 0) as cost_{at}" for at in range(len(question.spans)))


def _compared(row: dict[str, Any], question: Question) -> Compared:
    return Compared("", row["cost_0"], (row["cost_1"],) if question.against else ())


def _shown(ledger: Ledger, question: Question) -> list[dict[str, Any]]:
    where, params = _finding(question)
    return ledger.rows(f"select * from slice {where} order by {_order(question)} limit {MOST_ROWS}", params)


def _finding(question: Question) -> tuple[str, list[str]]:
    if not question.find:
        return "", []
    keys = range(len(question.by))
    return "where " + " or ".join(f"contains(lower(k{at}), lower(?))" for at in keys), [question.find for _ in keys]


def _order(question: Question) -> str:
    names = [f"k{at}" for at in range(len(question.by))]
    if question.order == "name":
        return ", ".join([*names, "cost_0 desc"])
    if question.order == "change" and question.against:
        return ", ".join(["abs(cost_0 - cost_1) desc", *names])
    times = len(list(takewhile(lambda one: one.over_time, question.by)))
    return ", ".join([*names[:times], "cost_0 desc", *names[times:]])


def _row(row: dict[str, Any], question: Question, whole: Decimal) -> dict[str, Any]:
    keys = [row[f"k{at}"] for at in range(len(question.by))]
    return {
        "keys": keys,
        "where": [where_text(one.word, [key]) for one, key in zip(question.by, keys, strict=True)],
        **_amounts(_compared(row, question), question, whole),
    }


def _amounts(one: Compared, question: Question, whole: Decimal | None = None) -> dict[str, Any]:
    said: dict[str, Any] = {"cost": money(one.now)}
    if whole:
        said["share"] = shown(one.now / whole * 100, "percent")
    if question.against and one.change is not None:
        said["before"] = money(one.before[0])
        said["change"] = {"exact": exact_decimal(one.change), "shown": signed_money(one.change)}
        said["percent"] = None if one.percent is None else f"{one.percent:+,.1f}%"
    return said


def _found(ledger: Ledger, question: Question) -> int | None:
    """How many rows have the text that is looked for; None where none is."""
    where, params = _finding(question)
    return int(ledger.rows(f"select count(*) as rows from slice {where}", params)[0]["rows"]) if where else None


def _rest(
    count: int, total: Compared, shown_rows: Sequence[dict[str, Any]], question: Question
) -> dict[str, Any] | None:
    """The rows beyond those shown, added up, so that a page still makes the total."""
    if question.find or count == len(shown_rows):
        return None
    here = added([_compared(row, question) for row in shown_rows])
    before = tuple(whole - part for whole, part in zip(total.before, here.before, strict=True))
    rest = Compared("", total.now - here.now, before)
    return {"rows": count - len(shown_rows), **_amounts(rest, question, total.now)}


def _bars(ledger: Ledger, question: Question) -> Iterator[dict[str, Any]]:
    """Cost by step of the span, each beside the step at the same place of the days it is held against."""
    now, *before = (_series(ledger, span, step_of(question.span)) for span in question.spans)
    for at, (label, cost) in enumerate(now):
        held = before[0][at] if before and at < len(before[0]) else None
        bar: dict[str, Any] = {"label": label, "cost": money(cost)}
        yield {**bar, "before": {"label": held[0], **money(held[1])}} if held else bar


def _series(ledger: Ledger, span: Window, step: str) -> Sequence[tuple[str, Decimal]]:
    """Every step of a span in order, also those that nothing was charged in."""
    sql = dimension(step).sql
    costs = {
        row["step"]: row["cost"]
        for row in ledger.rows(
            f"select {sql} as step, sum(facts.{ledger.cost}) as cost from daily_cost as facts "
            f"where {inside(span)} group by 1"
        )
    }
    days = f"select cast(unnest(range(date '{span.start}', date '{span.end}', interval 1 day)) as date) as charge_day"
    spine = ledger.rows(f"select distinct {sql} as step from ({days}) as facts order by 1")
    return [(row["step"], costs.get(row["step"], Decimal(0))) for row in spine]
