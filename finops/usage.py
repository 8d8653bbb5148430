"""The stored rows of the deliveries that count, opened for questions about hours, quantities and rates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.catalog import Delivery, Problem, open_catalog, store_of
from finops.choose import Chosen, choose
from finops.engines.duckdb import reader
from finops.errors import DataError
from finops.holding import held
from finops.ledger.rows import bind_rows
from finops.prices import PriceBook, read_prices
from finops.rates import own_rates, rated_usage
from finops.reader import described

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Usage:
    """Open rows: `connection` has the view `cur`. `problems` is what a reader of the figures should know.

    `chosen` are all deliveries that count, those of other shapes and the payers left out among them.
    """

    connection: DuckDBPyConnection
    database: Path
    deliveries: tuple[Delivery, ...]
    currency: str
    problems: tuple[Problem, ...]
    chosen: Chosen

    @property
    def described(self) -> list[dict[str, Any]]:
        """The deliveries as a document names them."""
        return [described(one) for one in self.deliveries]

    @property
    def final(self) -> bool | None:
        """Whether all deliveries are final; None where nobody can tell."""
        states = {one.final for one in self.deliveries}
        return False if False in states else None if None in states else True


@contextmanager
def open_usage(database: Path, export: str | None = None) -> Iterator[Usage]:
    """Open the rows of the Cost and Usage Reports that count.

    Raises DataError when there are none or their rows are gone, or when they are in several currencies.
    """
    chosen = choose_usage(database, export)
    reports = tuple(one for one in chosen.deliveries if one.shape == "cur")
    folders = (store_of(database) / one.delivery_id for one in reports)
    with held(folders), closing(reader(store_of(database))) as connection:
        bind_rows(connection, database, reports, chosen.payers_left_out)
        currencies = sorted({one.currency for one in reports})
        if len(currencies) > 1:
            raise DataError(f"one price cannot be in {' and '.join(currencies)}", str(database), "--export NAME")
        yield Usage(
            connection, database, reports, currencies[0], (*chosen.problems, *_passed_over(chosen.deliveries)), chosen
        )


def choose_usage(database: Path, export: str | None = None) -> Chosen:
    """The deliveries that count, of which the rows of Cost and Usage Reports are opened."""
    with open_catalog(database) as catalog:
        return choose(catalog, "unblended", export=export)


def price_book(usage: Usage) -> PriceBook:
    """The rates of the bill, and behind them the price lists of its currency."""
    listed = (row for row in read_prices(usage.database) if row.currency == usage.currency)
    return PriceBook.of(own_rates(rated_usage(usage.connection)), listed)


def _passed_over(deliveries: tuple[Delivery, ...]) -> Iterator[Problem]:
    others = [one for one in deliveries if one.shape != "cur"]
    if others:
        periods = ", ".join(f"{one.export} {one.period}" for one in others)
        text = "only a Cost and Usage Report says what commitments cover: these are left out"
        yield Problem("not_a_usage_report", text, periods)
