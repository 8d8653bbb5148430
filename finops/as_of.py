"""The ledger as it was: which deliveries counted when a delivery, named by a person, was current."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from finops.arrivals import Arrival, arrivals, successor
from finops.catalog import Delivery, recorded
from finops.errors import DataError, UsageError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_EXAMPLES = 3


def held_then(
    catalog: DuckDBPyConnection, name: str, period: str | None = None, export: str | None = None
) -> list[Delivery]:
    """What the ledger held when the delivery called `name` was last current, oldest period first.

    Raises UsageError when no delivery, or several, are called so; DataError when one of that period and export (all
    without them) is gone.
    """
    history = arrivals(catalog)
    one = named(history, name)
    then = held(history, one)
    kept = {delivery.delivery_id: delivery for delivery in recorded(catalog)}
    for other in then:
        asked = period in (None, other.period) and export in (None, other.export)
        if asked and other.delivery_id not in kept:
            raise _gone(history, one, other)
    return [delivery for delivery in kept.values() if delivery.delivery_id in {other.delivery_id for other in then}]


def named(history: Sequence[Arrival], name: str) -> Arrival:
    """The delivery that a name, an id or the beginning of either means.

    Raises UsageError when none does, or several do.
    """
    exact = [one for one in history if name in (one.delivery, one.delivery_id)]
    found = exact or [one for one in history if name and _begins(one, name)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            f"no delivery is called {name}", "--as-of", "finops status and finops status --changes name them"
        )
    some = ", ".join(one.delivery_id for one in found[-_EXAMPLES:])
    raise UsageError(f"{len(found)} deliveries are called {name}", "--as-of", f"one of {some}")


def held(history: Sequence[Arrival], one: Arrival) -> list[Arrival]:
    """What the ledger held just before the run that replaced a delivery; what it holds now if none did.

    Nobody has figures of a moment between two deliveries of one run, so a run is one moment.
    """
    after = successor(history, one)
    run = [other.position for other in history if after and other.run == after.run]
    newest = {other.place: other for other in history if not run or other.position < min(run)}
    return list({**newest, one.place: one}.values())


def _words(history: Sequence[Arrival], one: Arrival) -> str:
    """When a delivery was replaced and by which, in words."""
    after = successor(history, one)
    what = f"delivery {one.delivery} of {one.export} {one.period} is gone"
    return f"{what}: {after.delivery} replaced it on {after.loaded_at:%Y-%m-%d %H:%M} UTC" if after else what


def _gone(history: Sequence[Arrival], asked: Arrival, one: Arrival) -> DataError:
    where = f"--as-of {asked.delivery}"
    if one is not asked:
        where += f", when {one.period} was that delivery"
    return DataError(
        _words(history, one), where, "leave --as-of out; keep_deliveries under [ledger] keeps more from now on"
    )


def _begins(one: Arrival, name: str) -> bool:
    return any(text.lower().startswith(name.lower()) for text in (one.delivery, one.delivery_id))
