"""The groups of an answer: one row per day and pair of keys, with its four costs as exact decimals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from typing import Any

from finops.errors import DataError
from finops.ingest.cost_explorer.cache import Answer
from finops.ingest.cost_explorer.plan import METRICS, Cut, Span

_SCALE = Decimal("1e-10")
_LARGEST = Decimal(10) ** 28
# The unit of a metric that counts nothing.
_NO_UNIT = "N/A"
_NO_GROUP = "(none)"


@dataclass(frozen=True)
class Group:
    """What one pair of keys cost on one day (UTC), by each of METRICS.

    `keys` are as AWS spells them, a tag's without its key. `finer` is how many amounts had more than 10 decimals.
    """

    day: date
    keys: tuple[str, str]
    currency: str
    costs: tuple[Decimal, ...]
    finer: int = 0


def groups(answer: Answer, span: Span, cut: Cut) -> list[Group]:
    """Every group of the answer. Raises DataError for an answer that is not one to the question."""
    where = f"Cost Explorer, {span.month} by {cut.title}"
    found = list(_found(answer, span, cut, where))
    seen: set[tuple[date, tuple[str, str]]] = set()
    for one in found:
        if (one.day, one.keys) in seen:
            raise DataError(f"the answer has {' and '.join(one.keys)} of {one.day} twice", where, "ask with --refresh")
        seen.add((one.day, one.keys))
    return _with_currency(found)


def _found(answer: Answer, span: Span, cut: Cut, where: str) -> Iterator[Group]:
    for page in answer.pages:
        for result in page.get("ResultsByTime", ()):
            day = date.fromisoformat(result["TimePeriod"]["Start"])
            if not span.start <= day < span.end:
                raise DataError(f"the answer has {day}, which was not asked for", where, "ask with --refresh")
            for group in result.get("Groups", ()):
                yield _group(day, _keys(group["Keys"], cut, where), group["Metrics"], where)
            if not result.get("Groups") and _costs_something(result.get("Total", {})):
                yield _group(day, (_NO_GROUP, "" if cut.tag else _NO_GROUP), result["Total"], where)


def _keys(keys: Sequence[str], cut: Cut, where: str) -> tuple[str, str]:
    service, other = keys
    if cut.tag is None:
        return service, other
    # `Owner$web`; `Owner$` where the key is missing or its value empty, which look alike.
    key, dollar, value = other[: len(cut.tag)], other[len(cut.tag) : len(cut.tag) + 1], other[len(cut.tag) + 1 :]
    if (key, dollar) != (cut.tag, "$"):
        raise DataError(f"the answer has the key {other}, which was not asked for", where)
    return service, value


def _group(day: date, keys: tuple[str, str], metrics: Mapping[str, Any], where: str) -> Group:
    missing = [name for name in METRICS if name not in metrics]
    if missing:
        raise DataError(f"the answer lacks {', '.join(missing)}", where)
    amounts = [_amount(metrics[name], where) for name in METRICS]
    units = {metrics[name].get("Unit", _NO_UNIT) for name, cost in zip(METRICS, amounts, strict=True) if cost}
    if len(units) > 1 or _NO_UNIT in units:
        raise DataError(f"a cost of {day} is in {' and '.join(sorted(units))}", where)
    given = units or {metrics[name].get("Unit", _NO_UNIT) for name in METRICS} - {_NO_UNIT}
    costs = tuple(_rounded(cost) for cost in amounts)
    finer = sum(cost != exact for cost, exact in zip(costs, amounts, strict=True))
    return Group(day, keys, min(given, default=""), costs, finer)


def _amount(metric: Mapping[str, Any], where: str) -> Decimal:
    try:
        amount = Decimal(metric["Amount"])
    except (InvalidOperation, KeyError, TypeError) as error:
        raise DataError(f"{metric.get('Amount')!r} is no amount", where) from error
    if not amount.is_finite():
        raise DataError(f"{metric['Amount']!r} is no amount", where)
    if abs(amount) >= _LARGEST:
        raise DataError(f"{amount} is too large to be held exactly", where)
    return amount


def _rounded(amount: Decimal) -> Decimal:
    with localcontext(prec=60):
        return amount.quantize(_SCALE, ROUND_HALF_EVEN)


def _costs_something(metrics: Mapping[str, Any]) -> bool:
    return any(Decimal(metric.get("Amount", "0")) for metric in metrics.values())


def _with_currency(found: list[Group]) -> list[Group]:
    """What costs nothing may come without a unit: then it is in the currency of the others."""
    currency = next((one.currency for one in found if one.currency), "USD")
    return [one if one.currency else replace(one, currency=currency) for one in found]
