"""The demo company's bill as Cost Explorer knows it: by day, service, record type, account and tags."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from functools import cache

from finops.ingest.cost_explorer.account import Account
from finops.ingest.cost_explorer.cache import Answer
from finops.ingest.cost_explorer.groups import groups
from finops.ingest.cost_explorer.plan import plan, request
from finops.ingest.demo.estate import estate
from finops.ingest.demo.ledger import ledger
from finops.ingest.demo.line import Line, Tags
from finops.ingest.demo.metrics import Metrics, metrics
from finops.ingest.demo.periods import moment, periods
from finops.ledger.cost_explorer import Month
from tests.cost_explorer_server import Charge, Server

PAYER = str(estate().payer)
MONTHS = ("2026-08", "2026-09", "2026-10")
TAGS = ("Owner", "CostCenter")
# The day on which the newest delivery of the demo was made.
TODAY = date(2026, 10, 28)
_RECORD_TYPES = {
    "EdpDiscount": "Enterprise Discount Program Discount",
    "PrivateRateDiscount": "Private Rate Card Discount",
    "BundledDiscount": "Bundled Discount",
}
_SERVICES = {"AmazonES": "Amazon OpenSearch Service", "ElasticMapReduce": "Amazon Elastic MapReduce"}
_INSTANCES = ("BoxUsage", "SpotUsage", "HeavyUsage")
_UNIT = Decimal("1e-10")
_Key = tuple[date, str, str, str, Tags]


@cache
def demo_charges(months: int = 3) -> tuple[Charge, ...]:
    """The charges of the newest months, each day's alike ones added up."""
    sums: dict[_Key, list[Metrics]] = defaultdict(list)
    for period in periods(months):
        for line in ledger(period):
            sums[_key(line)].append(metrics(line))
    return tuple(_charge(key, costs) for key, costs in sums.items())


@cache
def demo_month(period: str) -> Month:
    """What Cost Explorer answers about one of the months, ready to be loaded."""
    asked = plan(TODAY, 90, TAGS)
    server = Server(demo_charges(), today=TODAY, page_size=1_000_000)
    span = next(one for one in asked.spans if one.month == period)
    answers = {
        cut: Answer(PAYER, request(span, cut), "2026-10-28T00:00:00+00:00", [server.cost_and_usage(request(span, cut))])
        for cut in asked.cuts
    }
    return Month(
        export="cost-explorer",
        identity=f"ce:{PAYER}",
        source=f"ce:{PAYER}",
        period=period,
        delivery="20261028T000000Z",
        files=(),
        fingerprint=period,
        vouched=True,
        reason="what Cost Explorer answers",
        account=Account(PAYER, PAYER),
        answers=tuple((cut, tuple(groups(answer, span, cut))) for cut, answer in answers.items()),
        estimated=any(answer.estimated for answer in answers.values()),
    )


def _key(line: Line) -> _Key:
    item = line.item
    kind = _RECORD_TYPES.get(item.type, item.type)
    return moment(line.start).date(), _service(line), kind, item.account, item.tags


def _service(line: Line) -> str:
    """Cost Explorer shows tax as a service of its own, and EC2 in two."""
    item = line.item
    if item.type == "Tax":
        return "Tax"
    if item.product == "AmazonEC2":
        instances = any(word in item.usage_type for word in _INSTANCES)
        return "Amazon Elastic Compute Cloud - Compute" if instances else "EC2 - Other"
    return _SERVICES.get(item.product) or str(estate().products[item.product]["name"])


def _charge(key: _Key, costs: list[Metrics]) -> Charge:
    day, service, record_type, account, tags = key
    unblended, net, amortized, net_amortized = (sum(cost[at] for cost in costs) * _UNIT for at in range(4))
    return Charge(day, unblended, service, record_type, account, dict(tags), net, amortized, net_amortized)
