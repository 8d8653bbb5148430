"""A side read from the ledger: the mart `charges` of the deliveries that count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from finops.catalog import COST_EXPLORER, Delivery, mart_sql, open_catalog, require_marts, store_of
from finops.choose import Chosen, choose, require_this_version
from finops.dimensions import parse_where
from finops.engines.duckdb import reader
from finops.errors import DataError, UsageError
from finops.reader import COST_COLUMNS
from finops.reconcile.sides import THE_EXPORT, Charge, Side

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MART = "charges"
_CHARGES = """
select
    billing_period,
    x_charge_type,
    cast(sum({cost}) as decimal(38, 10)) as cost,
    invoice_id,
    coalesce(x_service_code, '') as service,
    charge_day,
    coalesce(billing_currency, '') as currency,
    coalesce(billing_account_id, '') as payer
from chosen
where {condition}
group by all
order by all
"""
# A bill is a payer's, in a currency: only these part it without tearing an invoice.
_FILTERS = {"payer": "billing_account_id", "currency": "billing_currency"}


@dataclass(frozen=True)
class Question:
    """What is compared: a billing period or all, in which metric, of which payers and currencies."""

    metric: str = "unblended"
    period: str | None = None
    where: tuple[str, ...] = ()


def the_export(database: Path, question: Question, export: str | None = None, but: str | None = None) -> Side:
    """The side of the billing exports, or of the one called `export`; `but` is an export that stays out of it.

    Raises DataError when nothing is loaded for it, UsageError for a metric the export cannot give.
    """
    return _side(database, question, THE_EXPORT, export, lambda one: not _asked_of_aws(one) and one.export != but)


def cost_explorer(database: Path, question: Question) -> Side:
    """The side of what Cost Explorer answered. Raises DataError when it was not asked."""
    with open_catalog(database) as catalog:
        known = catalog.execute("select format, period from deliveries where state = 'current'").fetchall()
    periods = sorted(period for form, period in known if form == COST_EXPLORER)
    if not periods:
        raise DataError("Cost Explorer's side is missing: no answer of it is loaded", str(database), "finops ingest ce")
    if question.period and question.period not in periods:
        where = f"asked about: {', '.join(periods)}"
        raise DataError(f"Cost Explorer's side is missing: {question.period} is not loaded", where, "finops ingest ce")
    return _side(database, question, COST_EXPLORER, None, _asked_of_aws)


def other_export(database: Path, question: Question, name: str) -> Side:
    """The side of one export by its name. Raises UsageError when there is none."""
    with open_catalog(database) as catalog:
        rows = catalog.execute("select distinct export from deliveries where state = 'current' order by 1").fetchall()
    names = [row[0] for row in rows]
    if name not in names:
        fix = f"--against ce, --against invoice or --against {'|'.join(names)}"
        raise UsageError(f"there is no export {name} to hold the bill against", "--against", fix)
    return _side(database, question, name, name, lambda one: True)


def _asked_of_aws(one: Delivery) -> bool:
    return one.format == COST_EXPLORER


def _side(database: Path, question: Question, name: str, export: str | None, among: Callable[[Delivery], bool]) -> Side:
    with open_catalog(database) as catalog:
        chosen = choose(catalog, question.metric, question.period, export, among=among)
    if question.metric in chosen.unavailable:
        missing = chosen.unavailable[question.metric]
        raise UsageError(f"{name} cannot give {question.metric} cost: no usable {missing}", "--metric", "another one")
    require_this_version(chosen.deliveries)
    require_marts(store_of(database), chosen.deliveries)
    with closing(reader(store_of(database))) as connection:
        charges, currencies, payers = _charges(connection, store_of(database), chosen, question)
    used = {one.period for one in charges}
    if not charges:
        raise DataError(f"{name} has nothing for {' and '.join(question.where)}", "--where", "finops status")
    if len(currencies) > 1:
        raise UsageError(
            f"a total over {' and '.join(currencies)} means nothing", name, f"--where currency={currencies[0]}"
        )
    counted = tuple(one for one in chosen.deliveries if one.period in used)
    return Side(name, currencies[0], tuple(charges), counted, chosen.problems, frozenset(payers))


def _charges(
    connection: DuckDBPyConnection, store: Path, chosen: Chosen, question: Question
) -> tuple[list[Charge], list[str], set[str]]:
    """The charges, the currencies they are in and the payers they are of."""
    source = mart_sql(store, [one.delivery_id for one in chosen.deliveries], MART)
    condition, params = _condition(chosen, question.where)
    connection.execute(f"create temp view chosen as {source}")
    rows = connection.execute(_CHARGES.format(cost=COST_COLUMNS[question.metric], condition=condition), params)
    charges, currencies, payers = [], set(), set()
    for *charge, currency, payer in rows.fetchall():
        charges.append(Charge(*charge))
        currencies.add(currency)
        payers.add(payer)
    return charges, sorted(currencies), payers


def _condition(chosen: Chosen, where: Sequence[str]) -> tuple[str, list[str]]:
    conditions, params = ["true"], []
    for delivery_id, payer in chosen.payers_left_out:
        conditions.append("not (delivery_id = ? and coalesce(billing_account_id, '') = ?)")
        params += [delivery_id, payer]
    for column, values in _filters(where):
        conditions.append(f"{column} in ({', '.join('?' * len(values))})")
        params += values
    return " and ".join(conditions), params


def _filters(where: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for one in map(parse_where, where):
        if one.dimension.word not in _FILTERS:
            what = f"a bill is not tied by {one.dimension.word}: an invoice does not tell it"
            raise UsageError(what, "--where", "--where payer=ID or --where currency=USD")
        yield _FILTERS[one.dimension.word], one.values


def limited_to(side: Side, periods: Sequence[str]) -> Side:
    """The side without the other periods."""
    return replace(
        side,
        charges=tuple(one for one in side.charges if one.period in periods),
        deliveries=tuple(one for one in side.deliveries if one.period in periods),
    )
