"""truth.json: every figure that a tool should find in the exports, from the ledger before it is written."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from finops.ingest.demo import money
from finops.ingest.demo.company_tags import is_active
from finops.ingest.demo.cur_cells import time_interval
from finops.ingest.demo.estate import Table, estate
from finops.ingest.demo.focus import charges
from finops.ingest.demo.layout import delivery_ids
from finops.ingest.demo.ledger import ledger
from finops.ingest.demo.line import Item, Line
from finops.ingest.demo.metrics import Metrics, is_commitment_purchase, metrics
from finops.ingest.demo.periods import HOURS_A_DAY, Period, deliveries, moment, periods
from finops.ingest.demo.policy import INVALID, UNTAGGABLE, UNTAGGED, Rule, is_taggable, rules, value_of

_Figures = dict[str, str]
_Cell = tuple[Item, int]
_AMORTIZED_UPFRONT = (
    "savings_plan_amortized_upfront_commitment_for_billing_period",
    "reservation_amortized_upfront_fee_for_billing_period",
)
_NOTES = [
    "All money in USD, exact decimals as text; days are UTC and those of the start of the charge.",
    "Without net columns (no discount in the period) the net metrics are the gross ones.",
    "list: the public price of usage, else the unblended cost; 0 for negations, commitment fees, discounts.",
    "FOCUS: BilledCost adds up to unblended, EffectiveCost to amortized, ListCost to list; by account,"
    " service, region and tag they are net_unblended, net_amortized and list. Days and types differ.",
    "required_tags: on amortized cost, for FOCUS on EffectiveCost; coverage is tagged_cost in percent of"
    " taggable_cost; a value the settings reject counts as tagged, and is in invalid_cost.",
    "faults: the costs are those of the resource's hours that show the fault, cost_net_amortized what FOCUS"
    " calls EffectiveCost; reads_as is what the"
    " company's settings make of a required tag there.",
]


def truth(months: int = 3, delivery: str = "last") -> dict[str, Any]:
    """What truth.json holds for `months` periods; the restated one as the given delivery had it.

    Raises UsageError for a number of months that the demo does not have.
    """
    newest = periods(months, delivery)
    ledgers = {period: ledger(period) for period in newest}
    return {
        "schema_version": 1,
        "notes": _NOTES,
        "payer": estate().payer,
        "currency": "USD",
        "metrics": list(Metrics._fields),
        "delivery": delivery,
        "data_end": time_interval(max(period.cutoff for period in newest)),
        "periods": {period.key: _period(period, lines) for period, lines in ledgers.items()},
        "restated": {period.key: _deliveries(period) for period in periods(months) if len(deliveries(period)) > 1},
        "faults": _faults(ledgers),
    }


def _period(period: Period, lines: Sequence[Line]) -> dict[str, Any]:
    cells = _cells(lines)
    return {
        "final": period.final,
        "delivery": period.delivery,
        "delivery_ids": delivery_ids(period),
        "net_columns": period.discounted,
        "rows": _rows(lines),
        "totals": _figures(sum_of(cells.values())),
        "amortized_identity": _identity(lines),
        "by": {name: _by(cells, key) for name, key in _dimensions().items()},
        "required_tags": [_coverage(cells, rule, "amortized") for rule in rules()],
        "required_tags_focus": [_coverage(cells, rule, "net_amortized") for rule in rules()],
    }


def _deliveries(newest: Period) -> dict[str, Any]:
    """Both versions of the restated period: what changed between them."""
    found = {}
    for period in deliveries(newest):
        lines = ledger(period)
        cells = _cells(lines)
        found[period.delivery] = {
            "delivery_ids": delivery_ids(period),
            "final": period.final,
            "rows": _rows(lines),
            "totals": _figures(sum_of(cells.values())),
            "tax": money.text(sum(line.unblended for line in lines if line.item.type == "Tax")),
        }
    return found


def _rows(lines: Sequence[Line]) -> dict[str, int]:
    return {"cur": len(lines), "focus": sum(len(charges(line)) for line in lines)}


def _cells(lines: Sequence[Line]) -> dict[_Cell, Metrics]:
    """The metrics by item and day: everything the truth asks for is a sum of these."""
    found: dict[_Cell, list[Metrics]] = defaultdict(list)
    for line in lines:
        found[line.item, line.start // HOURS_A_DAY].append(metrics(line))
    return {cell: sum_of(parts) for cell, parts in found.items()}


def sum_of(parts: Iterable[Metrics]) -> Metrics:
    """The sum of metrics, each by itself."""
    columns = list(zip(*parts, strict=True))
    return Metrics(*(sum(column) for column in columns)) if columns else Metrics(0, 0, 0, 0, 0)


def _figures(values: Metrics) -> _Figures:
    return {name: money.text(value) for name, value in values._asdict().items()}


@cache
def _dimensions() -> dict[str, Callable[[Item, int], str]]:
    return {
        "line_item_type": lambda item, _: item.type,
        "account": lambda item, _: item.account,
        "service": lambda item, _: item.product,
        "region": lambda item, _: item.region,
        "usage_type": lambda item, _: item.usage_type,
        "day": lambda _, day: f"{moment(day * HOURS_A_DAY):%Y-%m-%d}",
        "cost_category:Team Budget": lambda item, _: item.cost_category,
        **{f"tag:{rule.key}": _tag(rule) for rule in rules()},
    }


def _tag(rule: Rule) -> Callable[[Item, int], str]:
    return lambda item, _: value_of(item, rule)


def _by(cells: dict[_Cell, Metrics], key: Callable[[Item, int], str]) -> dict[str, _Figures]:
    groups: dict[str, list[Metrics]] = defaultdict(list)
    for (item, day), values in cells.items():
        groups[key(item, day)].append(values)
    return {name: _figures(sum_of(parts)) for name, parts in sorted(groups.items())}


def _identity(lines: Sequence[Line]) -> _Figures:
    """Amortized is unblended less the upfront fees paid, plus this period's part of all upfront fees."""
    unblended = sum(line.unblended for line in lines)
    paid = sum(line.unblended for line in lines if is_commitment_purchase(line))
    spread = sum(line.more.get(name, 0) for line in lines for name in _AMORTIZED_UPFRONT)
    parts = {"unblended": unblended, "upfront_fees_paid": paid, "amortized_upfront": spread}
    parts["amortized"] = unblended - paid + spread
    return {name: money.text(value) for name, value in parts.items()}


def _coverage(cells: dict[_Cell, Metrics], rule: Rule, metric: str) -> dict[str, str | None]:
    costs: dict[str, int] = defaultdict(int)
    for (item, _), values in cells.items():
        costs[value_of(item, rule)] += getattr(values, metric)
    total = sum(costs.values())
    taggable = total - costs[UNTAGGABLE]
    tagged = taggable - costs[UNTAGGED]
    amounts = {
        "total_cost": total,
        "untaggable_cost": costs[UNTAGGABLE],
        "taggable_cost": taggable,
        "tagged_cost": tagged,
        "valid_cost": tagged - costs[INVALID],
        "invalid_cost": costs[INVALID],
        "gap_cost": costs[UNTAGGED],
    }
    texts = {name: money.text(value) for name, value in amounts.items()}
    return {"tag": rule.key, **texts, "coverage": _percent(tagged, taggable)}


def _percent(part: int, whole: int) -> str | None:
    return money.text(money.divide(part * 100 * money.ONE, whole)) if whole else None


def _faults(ledgers: Mapping[Period, Sequence[Line]]) -> list[dict[str, Any]]:
    lines = _faulty_lines(ledgers)
    return [
        {
            "tag": fault["tag"],
            "cause": fault["cause"],
            "resource_id": resource,
            "account": account,
            "reads_as": sorted(readings),
            "cost_amortized": {key: money.text(sum_of(cost).amortized) for key, cost in sorted(costs.items())},
            "cost_net_amortized": {key: money.text(sum_of(cost).net_amortized) for key, cost in sorted(costs.items())},
        }
        for fault in estate().faults
        for (resource, account), (readings, costs) in sorted(_fault(fault, lines).items())
    ]


def _faulty_lines(ledgers: Mapping[Period, Sequence[Line]]) -> dict[str, list[tuple[Period, Line]]]:
    """The taggable lines of every resource that has a fault, by the resource's key."""
    keys = {fault["resource"] for fault in estate().faults}
    found: dict[str, list[tuple[Period, Line]]] = defaultdict(list)
    for period, lines in ledgers.items():
        for line in lines:
            if line.item.key in keys and is_taggable(line.item):
                found[line.item.key].append((period, line))
    return found


def _fault(
    fault: Table, lines: dict[str, list[tuple[Period, Line]]]
) -> dict[tuple[str, str], tuple[set[str], dict[str, list[Metrics]]]]:
    """By resource id and account: how the settings read the tag, and what those hours cost by period."""
    rule = next((rule for rule in rules() if rule.key == fault["tag"]), None)
    found: dict[tuple[str, str], tuple[set[str], dict[str, list[Metrics]]]] = {}
    for period, line in lines[fault["resource"]]:
        if is_active(fault, line.start):
            item = line.item
            readings, costs = found.setdefault((item.resource, item.account), (set(), defaultdict(list)))
            costs[period.key].append(metrics(line))
            if rule:
                readings.add(value_of(item, rule))
    return found
