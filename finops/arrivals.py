"""The order in which deliveries came, and which one took the place of which.

An arrival stays known when the delivery itself is long gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from finops.engines.duckdb import identifier

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLE = """
create table arrivals (
    position integer, run varchar, delivery_id varchar, identity varchar, export varchar, period varchar,
    delivery varchar, loaded_at timestamp, replaced varchar
);
"""
# What a database that did not keep them yet can still tell of them.
_OF_DELIVERIES = """
select
    row_number() over (order by loaded_at, state = 'current', delivery_id) as position, delivery_id as run,
    delivery_id, identity, export, period, delivery, loaded_at,
    lag(delivery_id) over (partition by identity, period order by state = 'current') as replaced
from {database}.deliveries
"""


@dataclass(frozen=True)
class Run:
    """One ingest: what it loads counts as having come at one moment. Without a name, each delivery is its own.

    `keep` is how many predecessors of a delivery stay readable.
    """

    name: str = ""
    keep: int = 1


@dataclass(frozen=True)
class Arrival:
    """A delivery that came, whether or not it is still there: `replaced` is the id of the one it took the place of.

    `position` counts from 1 over the whole database; those of one `run` came at one moment.
    """

    position: int
    run: str
    delivery_id: str
    identity: str
    export: str
    period: str
    delivery: str
    loaded_at: datetime
    replaced: str | None

    @property
    def place(self) -> tuple[str, str]:
        """The export and the period that it is a delivery of."""
        return self.identity, self.period


def arrivals(connection: DuckDBPyConnection) -> list[Arrival]:
    """Every delivery that ever came to an open catalog, in order."""
    (name,) = connection.execute("select current_database()").fetchone() or ("",)
    rows = connection.execute(f"select * from ({_kept_in(connection, name)}) order by position").fetchall()
    return [Arrival(*row) for row in rows]


def copy_arrivals(connection: DuckDBPyConnection, old: str) -> None:
    """Take over those of an attached catalog of that name."""
    connection.execute(f"insert into arrivals {_kept_in(connection, old)}")


def _kept_in(connection: DuckDBPyConnection, database: str) -> str:
    found = connection.execute(
        "select 1 from duckdb_tables() where database_name = ? and table_name = 'arrivals'", [database]
    ).fetchone()
    name = identifier(database)
    return f"select * from {name}.arrivals" if found else _OF_DELIVERIES.format(database=name)


def successor(history: Sequence[Arrival], one: Arrival) -> Arrival | None:
    """The delivery that took its place; None for the current one."""
    return next((other for other in history if other.place == one.place and other.position > one.position), None)
