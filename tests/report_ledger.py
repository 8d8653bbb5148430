"""A small ledger held in memory, for the tests of the report: a few lines per day, written out as marts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb

from finops.config import Settings
from finops.reader import Ask, Ledger, Problem
from finops.report.facts import ReportFacts, build
from finops.report.windows import Cadence

ALL_HOURS = (1 << 24) - 1
SECOND = {"sub_account_id": "200000000020"}
Tags = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Line:
    """What a day's lines of one resource cost. A tag's value with '!' before it is invalid."""

    charge_day: date
    cost: str
    x_service_code: str = "AmazonEC2"
    sub_account_id: str = "200000000010"
    region_id: str | None = "us-east-2"
    resource_id: str | None = "i-1"
    tags: Tags = ()
    x_line_item_type: str = "Usage"
    x_is_long: bool = False
    hours_mask: int = ALL_HOURS
    line_items: int = 24

    @property
    def taggable(self) -> bool:
        return self.x_line_item_type == "Usage" and self.resource_id is not None


@dataclass(frozen=True)
class Loaded:
    """What the catalog would say about the lines."""

    final: dict[str, bool | None] = field(default_factory=dict)
    vouched: bool = True
    currency: str = "USD"
    required: tuple[str, ...] = ("Project", "Environment", "Owner", "CostCenter")
    metric: str = "amortized"
    where: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    as_of: datetime | None = None


LOADED = Loaded(
    final={"2026-08": True, "2026-09": True},
    as_of=datetime(2026, 10, 27, 14, tzinfo=UTC),
    problems=(Problem("no_discount", "no discount in 2026-08", "acme-cur"),),
)


def ledger(lines: Iterable[Line], loaded: Loaded | None = None) -> Ledger:
    """An open ledger over the lines; its months are final only where `loaded` says so."""
    held, loaded = list(lines), loaded or Loaded()
    sets = {tags: n for n, tags in enumerate(dict.fromkeys(line.tags for line in held))}
    connection = duckdb.connect()
    connection.execute(_TABLES)
    _fill(connection, "resource_daily", [_mart_row(line, sets[line.tags]) for line in held])
    named = sorted({_delivery_of(line.charge_day) for line in held})
    _fill(connection, "deliveries", [{"delivery_id": one, "export": "acme-cur"} for one in named])
    tagged = [_tag_row(n, *tag) for tags, n in sets.items() for tag in tags]
    _fill(connection, "tag_values", [row | {"delivery_id": one} for row in tagged for one in named])
    connection.execute(_DAILY_COST)
    days = [line.charge_day for line in held] or [date(2026, 10, 1)]
    end = max(days) + timedelta(days=1)
    return Ledger(
        connection=connection,
        ask=Ask(metric=loaded.metric, where=loaded.where),
        settings=_settings(loaded.required),
        cost=f"x_{loaded.metric}_cost",
        currency=loaded.currency,
        start=min(days),
        end=end,
        final=None,
        deliveries=_deliveries(held, loaded),
        problems=list(loaded.problems),
        as_of=loaded.as_of or datetime(end.year, end.month, end.day, tzinfo=UTC),
    )


def every_day(first: date, last: date, **values: Any) -> list[Line]:
    """The same line on each day from the first to the last."""
    return [Line(first + timedelta(days=n), **values) for n in range((last - first).days + 1)]


ALL_TAGS = (("Project", "atlas"), ("Environment", "prod"), ("Owner", "web"), ("CostCenter", "CC-A-001"))
HOSTILE = "<script>alert('x')</script> | `a` %{x}"
MONDAY = date(2026, 10, 19)


def day(month: int, number: int) -> date:
    return date(2026, month, number)


def estate() -> list[Line]:
    """Ten weeks that end in a Tuesday afternoon, 27 October: every kind of row the report knows."""
    dates = day(8, 17), day(10, 26)
    lines = every_day(*dates, cost="100", tags=ALL_TAGS)
    lines += every_day(*dates, cost="10.005", x_service_code="AmazonS3", resource_id="logs", tags=ALL_TAGS[:1])
    lines += every_day(*dates, cost="1", x_service_code="AmazonCloudWatch", resource_id=None)
    lines += every_day(dates[0], day(10, 18), cost="5", x_service_code="AWSGlue", tags=ALL_TAGS)
    lines += every_day(MONDAY, dates[1], cost="7", x_service_code="AmazonKinesis", resource_id="k", **SECOND)
    odd = (("Environment", "!qa"), ("Owner", HOSTILE))
    lines += every_day(*dates, cost="2", resource_id="odd", tags=odd)
    lines.append(Line(day(10, 27), "60", hours_mask=(1 << 14) - 1, tags=ALL_TAGS))
    lines += [longer(day(month, 1), "300", "AWSSupport", "Fee") for month in (9, 10)]
    return [*lines, longer(day(10, 20), "12", "AmazonRoute53", "Tax")]


def longer(start: date, cost: str, service: str, line_item_type: str) -> Line:
    """A line that is no usage of one day."""
    line = Line(start, cost, service, x_line_item_type=line_item_type, x_is_long=True)
    return replace(line, resource_id=None, hours_mask=1, line_items=1)


def read_estate(cadence: Cadence) -> ReportFacts:
    """The facts of the report over the estate."""
    return build(ledger(estate(), LOADED), cadence)


def _settings(required: Sequence[str]) -> Settings:
    settings = Settings()
    return replace(settings, tags=replace(settings.tags, required=tuple(required)))


def _delivery_of(charge_day: date) -> str:
    return f"id-{charge_day:%Y-%m}"


def _mart_row(line: Line, tag_set: int) -> dict[str, Any]:
    row = asdict(line)
    del row["tags"]
    return row | {
        "delivery_id": _delivery_of(line.charge_day),
        "tag_set_id": tag_set,
        "x_taggable": line.taggable,
        "charge_day": line.charge_day.isoformat(),
    }


def _tag_row(tag_set: int, tag: str, value: str) -> dict[str, Any]:
    state = "invalid" if value.startswith("!") else "valid" if value.strip() else "blank"
    return {"tag_set_id": tag_set, "tag": tag, "value": value if state == "valid" else "", "state": state}


def _deliveries(lines: Sequence[Line], loaded: Loaded) -> list[dict[str, Any]]:
    months = sorted({f"{line.charge_day:%Y-%m}" for line in lines})
    return [
        {
            "export": "acme-cur",
            "format": "CUR 2.0",
            "period": month,
            "delivery": f"d-{month}",
            "delivery_id": f"id-{month}",
            "rows": sum(line.line_items for line in lines if f"{line.charge_day:%Y-%m}" == month),
            "unblended": sum((Decimal(line.cost) for line in lines if f"{line.charge_day:%Y-%m}" == month), Decimal(0)),
            "final": loaded.final.get(month, False),
            "loaded_at": datetime(2026, 10, 28, 6, 0, tzinfo=UTC),
            "vouched": loaded.vouched,
            "note": "",
        }
        for month in months
    ]


def _fill(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        columns = ", ".join(rows[0])
        select = ", ".join(f"row.{name}" for name in rows[0])
        connection.execute(f"insert into {table} ({columns}) select {select} from (select unnest(?) as row)", [rows])


_TABLES = """
create table resource_daily (
    delivery_id varchar, billing_account_id varchar default '012345678901',
    charge_day date, sub_account_id varchar, region_id varchar, x_service_code varchar,
    charge_category varchar default 'Usage', x_line_item_type varchar, pricing_category varchar,
    x_usage_type varchar, resource_id varchar, tag_set_id ubigint, billing_currency varchar default 'USD',
    x_taggable boolean, x_is_long boolean, cost decimal(38, 10), line_items bigint, hours_mask integer,
    billing_period varchar as (strftime(charge_day, '%Y-%m')),
    x_charge_type varchar as (case when x_line_item_type = 'Usage' then 'usage' else lower(x_line_item_type) end),
    x_unblended_cost decimal(38, 10) as (cost), x_amortized_cost decimal(38, 10) as (cost)
);
create table cost_changes (
    delivery_id varchar, metric varchar, billing_currency varchar, is_change boolean, sub_account_id varchar,
    x_service_code varchar, charge_type varchar, old_cost decimal(38, 10), new_cost decimal(38, 10),
    restated_cost decimal(38, 10)
);
create table exempt_tags (tag varchar, delivery_id varchar, tag_set_id ubigint);
create table tag_values (
    delivery_id varchar, tag_set_id ubigint, tag varchar, raw_key varchar, raw_value varchar,
    value varchar, state varchar, key_rule varchar default 'exact'
);
create table tag_sets (delivery_id varchar, tag_set_id ubigint, source varchar, key varchar, value varchar);
create table deliveries (delivery_id varchar, export varchar);
create view all_resource_daily as select * from resource_daily;
"""

_DAILY_COST = """
create view all_daily_cost as
select * exclude (resource_id, x_usage_type, x_charge_type, x_unblended_cost, x_amortized_cost, line_items, hours_mask),
    sum(cost) as x_unblended_cost, sum(cost) as x_amortized_cost,
    sum(line_items) as line_items, bit_or(hours_mask) as hours_mask
from resource_daily group by all;
create view daily_cost as select * from all_daily_cost;
"""
