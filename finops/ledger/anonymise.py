"""A ledger with the same costs and other names, to show to somebody who must not see the bill."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from finops.arrivals import Run
from finops.catalog import (
    Delivery,
    Entry,
    Problem,
    commit,
    deliveries,
    open_catalog,
    require_marts,
    single_writer,
    store_of,
    unavailable_in,
)
from finops.engines.duckdb import connect, identifier, literal, path_list
from finops.errors import DataError, UsageError
from finops.ledger.fakes import FAKED, account, fake_sql, new_secret
from finops.ledger.to_disk import to_disk
from finops.seals import seal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COSTS = ("x_unblended_cost", "x_net_unblended_cost", "x_amortized_cost", "x_net_amortized_cost", "list_cost")
_TOLD = "said of the delivery that this one is made of; its words are left out"


def anonymise(database: Path, target: Path, step: Callable[[str], None] = lambda text: None) -> list[Delivery]:
    """Write a new database with the current deliveries under other names; its secret is gone afterwards.

    It is there whole or not at all. Raises UsageError when the target exists, DataError when a total or a number of
    names would be another one.
    """
    current = deliveries(database)
    require_marts(store_of(database), current)
    with single_writer(target):
        _sweep(target)
        if target.exists() or store_of(target).exists():
            raise UsageError("the file or its store exists already", str(target), "name a new one")
        draft = target.with_name(f"{target.name}.{os.getpid()}.tmp")
        try:
            draft.mkdir(mode=0o700)
            with closing(connect()) as connection:
                new_secret(connection)
                _write_all(connection, database, draft / target.name, current, step)
            to_disk(draft)
            store_of(draft / target.name).rename(store_of(target))
            (draft / target.name).rename(target)
        finally:
            _sweep(target)
    return deliveries(target)


def _sweep(target: Path) -> None:
    """Remove what runs that broke left of the target: half of a bill is of no use, and looks like a whole one."""
    for draft in target.parent.glob(f"{escape(target.name)}.*.tmp"):
        made = draft / target.name
        if made.exists() and not store_of(made).exists() and not target.exists():
            # it broke between moving the store and moving the database
            shutil.rmtree(store_of(target))
        shutil.rmtree(draft)


def _write_all(
    connection: DuckDBPyConnection,
    database: Path,
    target: Path,
    current: list[Delivery],
    step: Callable[[str], None],
) -> None:
    exports: dict[str, str] = {}
    for number, one in enumerate(current, start=1):
        step(f"{one.export} {one.period}")
        export = exports.setdefault(one.identity, f"export-{len(exports) + 1}")
        fake = _renamed(one, export, number)
        _write_marts(connection, store_of(database) / one.delivery_id, store_of(target), fake.delivery_id)
        commit(target, _entry(connection, database, one, fake), Run("anonymised"), views=False)


def _renamed(one: Delivery, export: str, number: int) -> Delivery:
    """Its entry without a name in it. Its rows are not taken along, so its columns are of no use."""
    delivery = f"delivery-{number}"
    return replace(
        one,
        delivery_id=f"{export}-{one.period}-{number:04d}",
        export=export,
        identity=export,
        delivery=delivery,
        source="anonymised",
        fingerprint=delivery,
        layout={key: value for key, value in one.layout.items() if key in ("shape", "cuts")},
    )


def _entry(connection: DuckDBPyConnection, database: Path, one: Delivery, fake: Delivery) -> Entry:
    with open_catalog(database) as catalog:
        payers = catalog.execute(
            "select billing_account_id, rows from delivery_payers where delivery_id = ?", [one.delivery_id]
        ).fetchall()
        codes = catalog.execute(
            "select distinct code from problems where delivery_id = ? order by 1", [one.delivery_id]
        )
        problems = [Problem(code, f"{code}: {_TOLD}") for (code,) in codes.fetchall()]
        unavailable = unavailable_in(catalog, [one.delivery_id])
    named = {_fake_account(connection, payer): rows for payer, rows in payers}
    return Entry(fake, named, {}, unavailable, problems)


def _fake_account(connection: DuckDBPyConnection, name: str) -> str:
    (found,) = connection.execute(f"select {account('name')} from (select ? as name)", [name]).fetchone() or (name,)
    return str(found)


def _write_marts(connection: DuckDBPyConnection, source: Path, store: Path, delivery_id: str) -> None:
    home = store / delivery_id
    files = [*source.glob("marts/**/*.parquet"), *source.glob("cuts/**/*.parquet")]
    for path in files:
        target = home / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(connection, path, target, delivery_id)
    store.chmod(0o700)
    seal(home, home.rglob("*.parquet"))


def _write(connection: DuckDBPyConnection, source: Path, target: Path, delivery_id: str) -> None:
    read = f"read_parquet({path_list([source])}, hive_partitioning = false)"
    columns = [row[0] for row in connection.execute(f"describe select * from {read}").fetchall()]
    fakes = {name: fake_sql(name, literal(delivery_id)) for name in columns}
    unknown = [name for name, sql in fakes.items() if sql is None]
    if unknown:
        raise DataError(
            f"nobody has decided whether {unknown[0]} names anybody", str(source), "report this: it is a bug"
        )
    select = ", ".join(f"{sql} as {identifier(name)}" for name, sql in fakes.items())
    connection.execute(f"copy (select {select} from {read}) to {literal(str(target))} (format parquet)")
    target.chmod(0o600)
    _require_same(connection, read, f"read_parquet({path_list([target])}, hive_partitioning = false)", columns, target)


def _require_same(connection: DuckDBPyConnection, old: str, new: str, columns: list[str], target: Path) -> None:
    """The same rows and totals, and as many names as before: two names must not have become one."""
    facts = ", ".join(
        [
            "count(*)",
            *(f"sum({name})" for name in _COSTS if name in columns),
            *(f"count(distinct {identifier(name)})" for name in columns if name in FAKED),
        ]
    )
    before, after = (connection.execute(f"select {facts} from {read}").fetchone() for read in (old, new))
    if before != after:
        raise DataError(f"{target.name} would have {after} where it had {before}", str(target), "try once more")
