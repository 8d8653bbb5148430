"""A question and the ledger that answers it: the chosen deliveries, the period and the filters, as DuckDB views."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.catalog import Delivery, Problem, changes_sql, mart_sql, open_catalog, require_marts, store_of
from finops.choose import Chosen, choose, require_this_version
from finops.config.settings import Settings
from finops.cuts import folders
from finops.dimensions import (
    Dimension,
    Filter,
    dimension,
    keys_of,
    needed_joins,
    needed_mart,
    parse_by,
    parse_where,
    where_sql,
)
from finops.engines.duckdb import literal, reader, sibling
from finops.errors import DataError, UsageError
from finops.holding import held
from finops.tag_places import create_unsplit, needs_environments, split_tag_sets, stored, tells_places
from finops.virtual_tags import categories

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COST_COLUMNS = {
    "unblended": "x_unblended_cost",
    "net_unblended": "x_net_unblended_cost",
    "amortized": "x_amortized_cost",
    "net_amortized": "x_net_amortized_cost",
    "list": "list_cost",
}
_READ = ("resource_daily", "daily_cost", "period_totals", "split_cost_daily", "tag_sets")
_LAST = re.compile(r"(\d{1,4})([dwm])")
_FILTERED = ("resource_daily", "daily_cost")
# How far the data reach is told from what every delivery has, whatever cut of it is read.
_UNCUT = ("period_totals",)

__all__ = ["COST_COLUMNS", "Ask", "Ledger", "Problem", "Views", "ledger_of", "open_ledger", "open_views"]


@dataclass(frozen=True)
class Ask:
    """What a reading verb is asked. `end` is exclusive; `by` are dimensions that must be ready to group by.

    `as_of` names a delivery: the ledger is read as it was when that one was current.
    """

    period: str | None = None
    last: str | None = None
    start: date | None = None
    end: date | None = None
    metric: str = "unblended"
    where: tuple[str, ...] = ()
    export: str | None = None
    by: str | None = None
    as_of: str | None = None


@dataclass(frozen=True)
class Ledger:
    """An open ledger: `connection` has the marts, limited to the chosen deliveries, the period and the filters.

    `cost` is the SQL column of the metric, `start` and `end` the charge days covered (half-open), `final` None
    where nobody can tell, `as_of` the end of the newest charge seen. `cut` opens the ledger for other dimensions,
    `unavailable` maps each metric that the deliveries cannot give to the column they lack.
    """

    connection: DuckDBPyConnection
    ask: Ask
    settings: Settings
    cost: str
    currency: str
    start: date
    end: date
    final: bool | None
    as_of: datetime | None
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unavailable: Mapping[str, str] = field(default_factory=dict)
    cut: Callable[[Sequence[Dimension]], Ledger] | None = None
    prepare: Callable[[Hashable, Callable[[], None]], None] = field(default=lambda _, make: make())
    """Runs what creates tables about all rows, whatever days or part is asked for: once for its key."""

    def over(self, *dimensions: Dimension) -> Ledger:
        """The ledger that can be grouped by these dimensions too: itself, but where Cost Explorer has them in a cut.

        Raises UsageError when Cost Explorer was not asked for them. It closes with this one.
        """
        return self.cut(dimensions) if self.cut else self

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Run a query, one dict per row."""
        cursor = self.connection.execute(sql, list(params))
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@dataclass(frozen=True)
class Views:
    """The marts that a question is about, as DuckDB views: the deliveries chosen, and a connection for each cut.

    `connect` gives the connection that can be grouped by further dimensions too: the same one for the same cut.
    `prepare` is that of a ledger over a connection.
    """

    settings: Settings
    chosen: Chosen
    connect: Callable[[Sequence[Dimension]], DuckDBPyConnection]
    prepare: Callable[[DuckDBPyConnection, Hashable, Callable[[], None]], None]


@contextmanager
def open_ledger(db: Path, settings: Settings, ask: Ask) -> Iterator[Ledger]:
    """Open the ledger for one question; its SQL reaches no file but those of the store.

    Raises DataError when nothing is loaded for it, UsageError for a question that does not fit together, for a
    metric the export cannot give (naming the missing column) and for a total over two currencies.
    """
    with open_views(db, settings, ask) as views:
        yield ledger_of(views, ask)


@contextmanager
def open_views(db: Path, settings: Settings, ask: Ask) -> Iterator[Views]:
    """Open the marts for one question. Raises what `open_ledger` does, but for what only the rows can tell."""
    filters = [parse_where(text) for text in ask.where]
    asked = [*parse_by(ask.by), *(one.dimension for one in filters)]
    known: dict[tuple[tuple[str, str], ...], DuckDBPyConnection] = {}
    with ExitStack() as stack:
        chosen = _chosen(db, ask, stack)
        database = stack.enter_context(closing(reader(store_of(db))))

        def connect(more: Sequence[Dimension]) -> DuckDBPyConnection:
            of = folders(chosen.deliveries, [*asked, *more], settings)
            key = tuple(sorted(of.items()))
            if key not in known:
                connection = stack.enter_context(closing(sibling(database)))
                _create_views(connection, store_of(db), chosen, settings, ask, filters, of)
                known[key] = connection
            return known[key]

        prepared: set[tuple[int, Hashable]] = set()

        def prepare(connection: DuckDBPyConnection, key: Hashable, make: Callable[[], None]) -> None:
            if (id(connection), key) not in prepared:
                make()
                prepared.add((id(connection), key))

        yield Views(settings, chosen, connect, prepare)


def ledger_of(views: Views, ask: Ask) -> Ledger:
    """The ledger over views that were opened for `ask`. Raises UsageError for a total over two currencies."""
    known: dict[int, Ledger] = {}

    def cut(more: Sequence[Dimension]) -> Ledger:
        connection = views.connect(more)
        key = id(connection)
        if key not in known:
            ledger = _ledger(connection, views.settings, ask, views.chosen)
            known[key] = replace(ledger, cut=cut, prepare=partial(views.prepare, connection))
        return known[key]

    return cut(())


def _chosen(db: Path, ask: Ask, stack: ExitStack) -> Chosen:
    with open_catalog(db) as catalog:
        chosen = choose(catalog, ask.metric, period=ask.period, export=ask.export, as_of=ask.as_of)
    stack.enter_context(held(store_of(db) / one.delivery_id for one in chosen.deliveries))
    require_this_version(chosen.deliveries)
    require_marts(store_of(db), chosen.deliveries)
    if ask.metric in chosen.unavailable:
        raise UsageError(
            f"the export cannot give {ask.metric} cost: it has no usable {chosen.unavailable[ask.metric]}",
            f"--metric {ask.metric}",
            "another --metric, or deliver the export with that column",
        )
    return chosen


def _create_views(
    connection: DuckDBPyConnection,
    store: Path,
    chosen: Chosen,
    settings: Settings,
    ask: Ask,
    filters: list[Filter],
    of: Mapping[str, str],
) -> None:
    ids = [delivery.delivery_id for delivery in chosen.deliveries]
    for mart in _READ:
        name = f"all_{mart}" if mart in _FILTERED else mart
        if mart in (*_FILTERED, "tag_sets"):
            name = stored(name, settings.tags)
        select = mart_sql(store, ids, mart, None if mart in _UNCUT else of)
        if mart != "tag_sets" and chosen.payers_left_out:
            select += f" where (delivery_id, coalesce(billing_account_id, '')) not in ({_pairs(chosen)})"
        connection.execute(f"create temp view {name} as {select}")
    connection.execute(f"create temp view cost_changes as {changes_sql(store, ids)}")
    _create_deliveries(connection, chosen.deliveries)
    if tells_places(settings.tags):
        create_unsplit(connection)
    first, end = _days(connection, ask)
    for mart in _FILTERED:
        connection.execute(f"create temp view {mart} as {_limited(mart, first, end)}")
    _create_lookups(connection, settings, ask, filters)
    if tells_places(settings.tags):
        split_tag_sets(connection, settings, [*settings.tags.tags, *keys_of("tag", _asked(settings, ask, filters))])
    if filters:
        for mart in _FILTERED:
            connection.execute(f"create or replace temp view {mart} as {_where(connection, mart, first, end, filters)}")


def _pairs(chosen: Chosen) -> str:
    return ", ".join(f"({literal(delivery)}, {literal(payer)})" for delivery, payer in chosen.payers_left_out)


def _create_deliveries(connection: DuckDBPyConnection, deliveries: Sequence[Delivery]) -> None:
    connection.execute(
        "create temp table deliveries (delivery_id varchar, export varchar, format varchar, period varchar)"
    )
    connection.executemany(
        "insert into deliveries values (?, ?, ?, ?)",
        [[one.delivery_id, one.export, one.format, one.period] for one in deliveries],
    )


def _limited(mart: str, first: date | None, end: date | None) -> str:
    conditions = [
        f"facts.charge_day {operator} date {literal(day.isoformat())}"
        for operator, day in ((">=", first), ("<", end))
        if day is not None
    ]
    return f"select facts.* from all_{mart} as facts" + (f" where {' and '.join(conditions)}" if conditions else "")


def _create_lookups(connection: DuckDBPyConnection, settings: Settings, ask: Ask, filters: Sequence[Filter]) -> None:
    """The tables dimensions are joined to: only those the question needs are filled beyond the tag policy."""
    from finops.environments import create_environments
    from finops.tags import create_cost_category_values, create_tag_values

    asked = _asked(settings, ask, filters)
    create_tag_values(connection, settings.tags, keys_of("tag", asked))
    names = dict.fromkeys([*keys_of("cost_category", asked), *categories(settings)])
    create_cost_category_values(connection, list(names))
    if any(one.word == "environment" for one in asked) or needs_environments(settings.tags):
        create_environments(connection, settings)


def _asked(settings: Settings, ask: Ask, filters: Sequence[Filter]) -> list[Dimension]:
    return [*parse_by(ask.by), *(one.dimension for one in filters), *_residency(settings)]


def _residency(settings: Settings) -> list[Dimension]:
    return [dimension(word) for rule in settings.residency for word in rule.where]


def _where(
    connection: DuckDBPyConnection, mart: str, first: date | None, end: date | None, filters: Sequence[Filter]
) -> str:
    """The mart's rows that pass all filters. A view takes no parameters, so typed values go in as variables."""
    dimensions = [one.dimension for one in filters]
    if needed_mart(dimensions) != "daily_cost" and mart == "daily_cost":
        return _rolled_up()
    joins, condition = needed_joins(dimensions), where_sql(filters)
    limited = _limited(mart, first, end)
    sql = f"select facts.* from ({limited}) as facts {joins.sql} where {condition.sql}"
    for number, value in enumerate((*joins.params, *condition.params)):
        connection.execute(f"set variable asked_{number} = ?", [value])
        sql = sql.replace("?", f"getvariable('asked_{number}')", 1)
    return sql


def _rolled_up() -> str:
    """daily_cost from the filtered resource_daily: the filter needs a column that only the finer mart has."""
    from finops.models import model

    keys = ("select\n    billing_period", "group by\n    billing_period")
    sql = model("daily_cost").sql
    for key in keys:
        sql = sql.replace(key, key.replace("billing_period", "delivery_id, billing_period"), 1)
    return sql


def _days(connection: DuckDBPyConnection, ask: Ask) -> tuple[date | None, date | None]:
    """The first charge day asked for and the one after the last; None where nothing limits them."""
    given = [bool(ask.period), bool(ask.last), bool(ask.start or ask.end)]
    if sum(given) > 1:
        raise UsageError("--period, --last and --from/--to exclude each other", fix="use one of them")
    if ask.start and ask.end and ask.start >= ask.end:
        raise UsageError(f"--from {ask.start} is not before --to {ask.end}", fix="--to is the day after the last one")
    if not ask.last:
        return ask.start, ask.end
    row = connection.execute("select max(last_charge) from period_totals").fetchone()
    if not row or row[0] is None:
        raise DataError("there is no daily usage in the data to count weeks back from", f"--last {ask.last}")
    return _last(ask.last, row[0])


def days_asked(ledger: Ledger, ask: Ask) -> tuple[date | None, date | None]:
    """The charge days [first, end) that another question asks of this ledger, a period as its month; None: no limit.

    Raises UsageError for options that exclude each other or name no span.
    """
    if ask.period and not (ask.last or ask.start or ask.end):
        first = date.fromisoformat(f"{ask.period}-01")
        return first, _month(first.year * 12 + first.month)
    return _days(ledger.connection, ask)


def _last(text: str, newest: datetime) -> tuple[date, date]:
    """The last whole weeks (Monday to Sunday), days or months of data that ends at `newest`, UTC."""
    found = _LAST.fullmatch(text.strip().lower())
    if not found or int(found[1]) == 0:
        raise UsageError(f"--last {text} is no span", fix="--last 4w, --last 30d or --last 3m")
    count, unit = int(found[1]), found[2]
    today = newest.date()
    if unit == "d":
        return today - timedelta(days=count), today
    if unit == "w":
        monday = today - timedelta(days=today.weekday())
        return monday - timedelta(weeks=count), monday
    months = today.year * 12 + today.month - 1
    return _month(months - count), _month(months)


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _ledger(connection: DuckDBPyConnection, settings: Settings, ask: Ask, chosen: Chosen) -> Ledger:
    filters = [parse_where(text) for text in ask.where]
    facts = connection.execute(
        "select list(distinct billing_currency order by billing_currency), min(charge_day), max(charge_day), "
        "list(distinct delivery_id) from daily_cost"
    ).fetchone()
    currencies, first, last, used = facts if facts else ([], None, None, [])
    if currencies and len(currencies) > 1:
        raise UsageError(
            f"a total over {' and '.join(map(str, currencies))} means nothing",
            fix=f"--where currency={currencies[0]}",
        )
    deliveries = [one for one in chosen.deliveries if one.delivery_id in (used or ())] or list(chosen.deliveries)
    first_asked, end_asked = _days(connection, ask)
    start = first_asked or first or _first_day(deliveries)
    end = end_asked or (last + timedelta(days=1) if last else start)
    return Ledger(
        connection=connection,
        ask=ask,
        settings=settings,
        cost=COST_COLUMNS[ask.metric],
        currency=str(currencies[0]) if currencies else deliveries[0].currency,
        start=start,
        end=end,
        final=_finality(deliveries),
        as_of=max((one.last_charge.replace(tzinfo=UTC) for one in deliveries if one.last_charge), default=None),
        deliveries=[described(one) for one in deliveries],
        problems=[*chosen.problems, *_merged(connection, settings, ask, filters), *_widened(filters)],
        unavailable=chosen.unavailable,
    )


def _first_day(deliveries: Sequence[Delivery]) -> date:
    return date.fromisoformat(f"{min(one.period for one in deliveries)}-01")


def _finality(deliveries: Sequence[Delivery]) -> bool | None:
    states = {one.final for one in deliveries}
    if False in states:
        return False
    return None if None in states else True


def described(one: Delivery) -> dict[str, Any]:
    """A delivery as a document names it."""
    return {
        "export": one.export,
        "format": one.format,
        "period": one.period,
        "delivery": one.delivery,
        "delivery_id": one.delivery_id,
        "rows": one.rows,
        "unblended": one.unblended,
        "final": one.final,
        "loaded_at": one.loaded_at.replace(tzinfo=UTC),
        "vouched": one.vouched,
        "note": "" if one.vouched else "nothing vouches for completeness",
    }


def _merged(connection: DuckDBPyConnection, settings: Settings, ask: Ask, filters: Sequence[Filter]) -> list[Problem]:
    from finops.tags import merged_keys_notes

    asked = keys_of("tag", [*parse_by(ask.by), *(one.dimension for one in filters)])
    return merged_keys_notes(connection, settings.tags, asked) if asked else []


def _widened(filters: Sequence[Filter]) -> list[Problem]:
    return [
        Problem(
            "covered_usage_with_negation",
            "covered usage and the negation that takes it back are counted together",
            f"--where {one.dimension.word}",
        )
        for one in filters
        if one.widened
    ]
