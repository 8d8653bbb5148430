"""Which deliveries count. A payer's period that several exports hold is counted once, and said so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from finops.as_of import held_then
from finops.catalog import COST_EXPLORER, Delivery, Problem, recorded, unavailable_in
from finops.errors import DataError, UsageError
from finops.ledger.recipe import recipe

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# The order in which exports are believed: the finest and best documented first.
FORMATS = ("CUR 2.0", "legacy CUR", "FOCUS", COST_EXPLORER)
_METRICS = frozenset({"unblended", "net_unblended", "amortized", "net_amortized", "list"})
_AMORTIZED = frozenset({"amortized", "net_amortized"})
_NET = frozenset({"net_unblended", "net_amortized"})
# Note on a delivery -> the metrics whose figures it belongs to.
_TOLD_WITH = {
    "unclassified": _METRICS,
    "rounded_costs": _METRICS,
    "amortized_identity": _AMORTIZED,
    "net_difference": _NET,
    "repeated_plan_fees": frozenset({"net_amortized"}),
    "net_equals_gross": _NET,
    "not_in_grouping": _METRICS,
    "payer_unknown": _METRICS,
    "one_member_account": _METRICS,
}


@dataclass(frozen=True)
class Chosen:
    """The deliveries that count. `payers_left_out` are (delivery, payer) pairs that count from another delivery.

    `unavailable` maps a metric to the column it lacks, in any of the deliveries.
    """

    deliveries: tuple[Delivery, ...]
    payers_left_out: tuple[tuple[str, str], ...] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def choose(
    catalog: DuckDBPyConnection,
    metric: str,
    period: str | None = None,
    export: str | None = None,
    as_of: str | None = None,
    among: Callable[[Delivery], bool] = lambda one: True,
) -> Chosen:
    """Choose among the current deliveries, or those that were when `as_of` was, that `among` admits.

    `metric` says which figures the notes are for.

    Raises DataError when there is none, or one that is needed is gone; UsageError for an unknown export or delivery.
    """
    held = _loaded(catalog) if as_of is None else held_then(catalog, as_of, period, export)
    loaded = [one for one in held if among(one)]
    if not loaded:
        raise DataError("nothing is loaded yet", fix="finops ingest FOLDER")
    names = sorted({one.export for one in loaded})
    if export and export not in names:
        raise UsageError(f"no export is called {export}", "--export", f"--export {names[0]}" if names else None)
    asked = [one for one in loaded if (not export or one.export == export) and (not period or one.period == period)]
    if not asked:
        periods = sorted({one.period for one in loaded})
        raise DataError(
            f"{period} is not loaded",
            f"loaded: {', '.join(periods)}",
            f"finops ingest FOLDER, or --period {periods[-1]}",
        )
    payers = _payers(catalog)
    counted, left_out, notes = _once_per_payer(asked, payers)
    return Chosen(
        deliveries=tuple(counted),
        payers_left_out=tuple(left_out),
        unavailable=unavailable_in(catalog, [one.delivery_id for one in counted]),
        problems=(*notes, *_several_payers(counted, payers), *_quality(catalog, counted, metric)),
    )


def of_another_version(one: Delivery) -> bool:
    """Whether the marts of a delivery were made another way than this version makes them."""
    return one.recipe != recipe(one.shape)


def require_this_version(counted: Sequence[Delivery]) -> None:
    """Raises DataError for a delivery of another version: figures made in different ways are not added up."""
    other = [one for one in counted if of_another_version(one)]
    if not other:
        return
    first = other[0]
    more = f" and {len(other) - 1} more" if len(other) > 1 else ""
    gone = first.state == "replaced"
    raise DataError(
        f"another version of finops loaded {first.export} {first.period}{more}",
        f"delivery {first.delivery}" + (", which was replaced: its rows are gone" if gone else ""),
        "a reading without --as-of" if gone else "finops db upgrade: it makes them anew from the store",
    )


def _loaded(catalog: DuckDBPyConnection) -> list[Delivery]:
    return [one for one in recorded(catalog) if one.state == "current"]


def _payers(catalog: DuckDBPyConnection) -> dict[str, list[str]]:
    payers: dict[str, list[str]] = defaultdict(list)
    for delivery_id, payer in catalog.execute(
        "select delivery_id, billing_account_id from delivery_payers order by 1, 2"
    ).fetchall():
        payers[delivery_id].append(payer)
    return payers


def _once_per_payer(
    asked: Sequence[Delivery], payers: Mapping[str, Sequence[str]]
) -> tuple[list[Delivery], list[tuple[str, str]], list[Problem]]:
    rivals: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
    for one in asked:
        for payer in payers.get(one.delivery_id, [""]):
            rivals[one.period, payer].append(one)
    winners = {key: min(group, key=_preference) for key, group in rivals.items()}
    counted = {one.delivery_id for one in winners.values()}
    left_out = [
        (one.delivery_id, payer)
        for (period, payer), group in rivals.items()
        for one in group
        if one.delivery_id != winners[period, payer].delivery_id and one.delivery_id in counted
    ]
    return [one for one in asked if one.delivery_id in counted], left_out, _several_exports(rivals, winners)


def _preference(one: Delivery) -> tuple[bool, bool, int, int, str]:
    rank = next((place for place, name in enumerate(FORMATS) if one.format.startswith(name)), len(FORMATS))
    # Sums have no detail: they stand in only where no export holds the period.
    return (one.format == COST_EXPLORER, not one.vouched, rank, -one.rows, one.export)


def _several_exports(
    rivals: Mapping[tuple[str, str], Sequence[Delivery]], winners: Mapping[tuple[str, str], Delivery]
) -> list[Problem]:
    others: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (period, payer), group in rivals.items():
        winner = winners[period, payer]
        for one in group:
            if one.export != winner.export:
                others[winner.export, one.export].append(period)
    return [
        Problem(
            "several_exports",
            f"{', '.join(sorted(set(periods)))} is loaded from {winner} and {other}; it is counted once, from {winner}",
            f"--export {other}",
        )
        for (winner, other), periods in others.items()
    ]


def _several_payers(counted: Sequence[Delivery], payers: Mapping[str, Sequence[str]]) -> list[Problem]:
    found = sorted({payer for one in counted for payer in payers.get(one.delivery_id, ())})
    text = f"the figures hold {len(found)} payers: {', '.join(found[:5])}{', ...' if len(found) > 5 else ''}"
    return [Problem("several_payers", text, "--where payer=")] if len(found) > 1 else []


def _quality(catalog: DuckDBPyConnection, counted: Sequence[Delivery], metric: str) -> list[Problem]:
    """What is known against the deliveries; the same note on several is told once."""
    notes: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
    for one in counted:
        if not one.vouched:
            notes["unvouched", "no manifest vouches that the delivery is complete"].append(one)
        if one.final is not True:
            notes[_BY_AWS if one.format == COST_EXPLORER else _FINALITY[one.final]].append(one)
        rows = catalog.execute(_PROBLEMS_OF, [one.delivery_id]).fetchall()
        for code, message in rows:
            if metric in _TOLD_WITH.get(code, ()):
                notes[code, message].append(one)
    return [Problem(code, message, _joined(places)) for (code, message), places in notes.items()]


_PROBLEMS_OF = "select code, message from problems where delivery_id = ? order by code, message"
_FINALITY = {
    False: ("estimated", "costs without an invoice id are estimates"),
    None: ("finality_unknown", "finality is unknown: the export has no invoice ids"),
}
_BY_AWS = ("estimated", "AWS calls costs of the month estimates")


def _joined(deliveries: Sequence[Delivery]) -> str:
    periods: dict[str, list[str]] = defaultdict(list)
    for one in deliveries:
        periods[one.export].append(one.period)
    return "; ".join(f"{export} {_few(found)}" for export, found in periods.items())


def _few(periods: Sequence[str]) -> str:
    return ", ".join(periods) if len(periods) <= 4 else f"{periods[0]}, ... {periods[-1]} ({len(periods)} periods)"
