"""A billing month from Cost Explorer: its answers as rows, and the same marts once for each way they are grouped."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from finops import models
from finops.catalog import COST_EXPLORER, Problem
from finops.engines.duckdb import literal
from finops.ingest.cost_explorer.account import Account
from finops.ingest.cost_explorer.groups import Group
from finops.ingest.cost_explorer.plan import RECORD_TYPES, Cut
from finops.ingest.discover import Found
from finops.ledger.build import Built, write_marts
from finops.ledger.parts import Part, Step
from finops.ledger.recipe import SERVICE_CODES, SOURCE_MODELS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHAPE = "ce"
# Cost Explorer rounds every amount to ten decimals, so groupings differ by that; half a cent is no rounding.
_NOTICEABLE = Decimal("0.005")
_GROUPS = "cost_explorer_group_rows"


@dataclass(frozen=True)
class Month(Found):
    """What Cost Explorer answered about one billing month: the groups of every cut, those by record type first."""

    account: Account = field(kw_only=True)
    answers: tuple[tuple[Cut, tuple[Group, ...]], ...] = field(kw_only=True)
    estimated: bool = field(kw_only=True)


def month_parts(
    connection: DuckDBPyConnection, found: Found, files: Sequence[Path], folder: Path, step: Step
) -> Generator[Part, None, None]:
    """The one period of a Month."""
    month = cast(Month, found)
    rows = folder / "rows"
    rows.mkdir()
    written = {cut: rows / f"{cut.folder.replace('/', '-')}.parquet" for cut, _ in month.answers}
    for cut, groups in month.answers:
        _write_rows(connection, month, cut, groups, written[cut])
    cuts = [{"folder": cut.folder, "dimensions": list(cut.dimensions)} for cut in written]
    build = partial(build_month, connection, month, written)
    yield Part(str(month.period), list(written.values()), COST_EXPLORER, SHAPE, {"cuts": cuts}, build)


def build_month(
    connection: DuckDBPyConnection, month: Month, files: dict[Cut, Path], folder: Path, delivery_id: str
) -> Built:
    """Write the marts of every cut below `folder` and check that each sums to the answer by record type.

    Raises DataError when one does not.
    """
    (charges, groups), *others = month.answers
    total = sum((group.costs[0] for group in groups), Decimal(0))
    _bind_source(connection, files)
    problems = []
    for cut, _ in others:
        _bind_cut(connection, files[cut], ("true",) if cut.tag else ("true", "false"))
        _bind_line_items(connection, total)
        _write_cut(connection, month, cut, folder / cut.folder, delivery_id)
        problems += _left_out(connection, cut)
    # The cut by record type is the delivery's own, and what is said of the delivery is read from its marts.
    _bind_cut(connection, files[others[0][0]])
    _bind_line_items(connection, total, len(groups))
    _write_cut(connection, month, charges, folder / charges.folder, delivery_id)
    (found,) = _rows(connection, _SUMMARY)
    return Built(
        rows=len(groups),
        unblended=total,
        currency=found["currency"],
        final=not month.estimated,
        last_charge=found["last_charge"],
        payers={month.account.payer: len(groups)},
        unavailable={"list": "list price"},
        problems=[*problems, *_unclassified(connection), *_rounding(month), *_payer(month.account)],
    )


def _write_rows(connection: DuckDBPyConnection, month: Month, cut: Cut, groups: Sequence[Group], target: Path) -> None:
    cells = [(group.day, *group.keys, group.currency, *map(str, group.costs)) for group in groups]
    columns = [[cell[at] for cell in cells] for at in range(8)]
    connection.execute(_ANSWERED, [month.account.payer, f"{month.period}-01", *columns])
    select = _BY_TAG if cut.tag else _BY_ACCOUNT if "account" in cut.dimensions else _BY_CHARGE
    connection.execute(f"copy ({select}) to {literal(str(target))} (format parquet)")


def _bind_source(connection: DuckDBPyConnection, files: dict[Cut, Path]) -> None:
    """Create what the models read whatever the cut, and the models."""
    for table, path in (("service_codes", SERVICE_CODES), ("record_types", RECORD_TYPES)):
        connection.execute(
            f"create or replace temp table {table} as "
            f"from read_csv({literal(str(path))}, header = true, all_varchar = true)"
        )
    connection.execute("create or replace temp table cost_explorer_grouped (may_carry_tag varchar)")
    charges, first, *_ = files.values()
    _read(connection, "cost_explorer_charge_rows", charges)
    _bind_cut(connection, first)
    for name, kind in SOURCE_MODELS[SHAPE].items():
        connection.execute(f"create or replace temp {kind} {name} as {models.model(name).sql}")


def _bind_cut(connection: DuckDBPyConnection, groups: Path, may_carry_tag: Sequence[str] = ()) -> None:
    """Let the groups of a cut stand for the charges that may (true) or may not (false) carry a tag, or for none."""
    connection.execute("delete from cost_explorer_grouped")
    for known in may_carry_tag:
        connection.execute("insert into cost_explorer_grouped values (?)", [known])
    _read(connection, _GROUPS, groups, "" if may_carry_tag else " where false")


def _read(connection: DuckDBPyConnection, table: str, path: Path, condition: str = "") -> None:
    connection.execute(f"create or replace temp view {table} as from read_parquet({literal(str(path))}){condition}")


def _bind_line_items(connection: DuckDBPyConnection, total: Decimal, rows: int | None = None) -> None:
    """The rows of the cut and what they must sum to; without `rows` they are as many as there are."""
    connection.execute("create or replace temp table line_items as from cost_explorer_line_items")
    connection.execute(
        "create or replace temp table source_totals as select "
        "coalesce(cast(? as bigint), (select count(*) from line_items)) as line_items, "
        "cast(? as decimal(38, 10)) as unblended",
        [rows, str(total)],
    )


def _write_cut(connection: DuckDBPyConnection, month: Month, cut: Cut, folder: Path, delivery_id: str) -> None:
    folder.mkdir(parents=True)
    rows = f"{_GROUPS} where tag_value <> ''" if cut.tag else "(select null as tag_set_id, '' as tag_value) where false"
    connection.execute(_TAG_SETS + rows, [delivery_id, cut.tag])
    connection.execute(f"copy tag_sets to {literal(str(folder / 'tag_sets.parquet'))} (format parquet)")
    write_marts(connection, folder, delivery_id, str(month.period))


def _left_out(connection: DuckDBPyConnection, cut: Cut) -> list[Problem]:
    """What is charged by record type and is in no group of the cut, when it is more than rounding."""
    (found,) = _rows(connection, _NOT_GROUPED)
    if found["cost"] < _NOTICEABLE:
        return []
    text = f"{found['cost']:,.2f} {found['currency']} of charges are in no group by {cut.title} or in too many"
    return [Problem("not_in_grouping", f"{text}; they stand under (not in this grouping)", cut.title)]


def _unclassified(connection: DuckDBPyConnection) -> list[Problem]:
    return [
        Problem("unclassified", f"charges of the unknown type {row['x_line_item_type']} sum to {row['unblended']:,.2f}")
        for row in sorted(
            _rows(connection, models.model("unclassified_charges").sql), key=itemgetter("x_line_item_type")
        )
    ]


def _rounding(month: Month) -> list[Problem]:
    finer = sum(group.finer for _, groups in month.answers for group in groups)
    text = f"{finer} amount(s) of Cost Explorer have more than 10 decimals; they were rounded half-even"
    return [Problem("rounded_costs", text)] if finer else []


def _payer(account: Account) -> list[Problem]:
    if not account.payer_known:
        text = f"{account.account} may not ask which account pays its bill; it is taken for the payer"
        return [Problem("payer_unknown", text, "organizations:DescribeOrganization")]
    if account.payer == account.account:
        return []
    text = f"Cost Explorer was asked by the member account {account.account} and shows its cost alone"
    return [Problem("one_member_account", text, account.account)]


def _rows(connection: DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


_ANSWERED = """
create or replace temp table answered as
select
    cast(? as varchar) as billing_account_id,
    cast(? as timestamp) as billing_period_start,
    unnest(cast(? as date[])) as charge_day,
    unnest(cast(? as varchar[])) as service_name,
    unnest(cast(? as varchar[])) as other,
    unnest(cast(? as varchar[])) as billing_currency,
    unnest(cast(cast(? as varchar[]) as decimal(38, 10)[])) as x_unblended_cost,
    unnest(cast(cast(? as varchar[]) as decimal(38, 10)[])) as x_net_unblended_cost,
    unnest(cast(cast(? as varchar[]) as decimal(38, 10)[])) as x_amortized_cost,
    unnest(cast(cast(? as varchar[]) as decimal(38, 10)[])) as x_net_amortized_cost
"""
_BY_CHARGE = "select * exclude (other), other as record_type, cast(0 as ubigint) as tag_set_id from answered"
_BY_ACCOUNT = """
select
    * exclude (other), other as sub_account_id, cast(0 as ubigint) as tag_set_id, false as x_taggable
from answered
"""
# Whether the key is missing or its value empty cannot be told: neither is a set of tags.
_BY_TAG = """
select
    * exclude (other), other as tag_value, cast(null as varchar) as sub_account_id, true as x_taggable,
    cast(case when other = '' then 0 else dense_rank() over (order by other) end as ubigint) as tag_set_id
from answered
"""
_TAG_SETS = """
create or replace temp table tag_sets as
select distinct
    cast(? as varchar) as delivery_id, cast(tag_set_id as ubigint) as tag_set_id, 'resource_tag' as source,
    cast(? as varchar) as key, tag_value as value
from """
_SUMMARY = """
select
    string_agg(distinct billing_currency, ', ' order by billing_currency) as currency,
    max(last_charge) as last_charge
from period_totals
"""
_NOT_GROUPED = """
select
    coalesce(greatest(sum(abs(x_unblended_cost)), sum(abs(x_amortized_cost))), 0) as cost,
    any_value(billing_currency) as currency
from line_items
where sub_account_id = '(not in this grouping)'
"""
