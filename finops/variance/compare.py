"""Estimates held against the bill: one row per promise, one per service that nobody promised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from finops.catalog import Problem
from finops.variance.actuals import Actual, Charges, Month, add_up
from finops.variance.promises import Promise

Class = Literal["over", "within", "under", "not_estimated", "not_seen"]
_HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Held:
    """One line of the answer. Estimates are for the whole month; `variance` is against their part of the known days.

    `variance` is how far the cost to date lies above the high end (positive) or below the low one (negative), 0
    inside; None without an estimate. What is less than the document's own digits can say is within it all the same.
    """

    environment: str
    line: str
    service: str | None
    low: Decimal | None
    high: Decimal | None
    actual: Actual
    variance: Decimal | None
    kind: Class
    promise: Promise | None = None


def compare(found: Sequence[Promise], charges: Sequence[Charges], month: Month) -> list[Held]:
    """Every charge under exactly one line, and every promise with what was charged for it."""
    claimed: dict[int, list[Charges]] = {at: [] for at in range(len(found))}
    rest: dict[tuple[str, str], list[Charges]] = {}
    for one in charges:
        at = owner(found, one)
        if at is None:
            rest.setdefault((one.environment, one.service), []).append(one)
        else:
            claimed[at].append(one)
    environments = _by_environment(charges)
    held = [_held(promise, add_up(claimed[at], month), environments, month) for at, promise in enumerate(found)]
    return sorted([*held, *_unpromised(rest, month)], key=_order)


def unmapped(found: Iterable[Promise]) -> Iterator[Problem]:
    """A problem for each promise whose label means nothing in the bill."""
    for one in found:
        if one.target is None and not one.whole:
            line = one.lines[0]
            message = f"no service of the bill is known for {one.label}; give it one in [estimates.labels]"
            yield Problem("unmapped_label", message, f"{line.source_file}:{line.source_line}")


def owner(found: Sequence[Promise], charge: Charges) -> int | None:
    """The narrowest promise of the charge's environment that fits it, the first of several; else the whole one."""
    fitting = [
        (_narrowness(promise, charge), -at)
        for at, promise in enumerate(found)
        if charge.environment in promise.environments and _fits(promise, charge)
    ]
    return -max(fitting)[1] if fitting else None


def _narrowness(promise: Promise, charge: Charges) -> int:
    if promise.target is None:
        return 0
    target = promise.target if charge.usage_type is not None else replace(promise.target, usage_type="")
    return target.narrowness


def without_usage_types(found: Iterable[Promise]) -> Iterator[Problem]:
    """A problem for each promise about a part of a service, where nothing but Cost Explorer tells what was charged."""
    for one in found:
        if one.target is not None and one.target.usage_type:
            line = one.lines[0]
            message = f"Cost Explorer tells no usage types: {one.label} is held against all of {one.target.service}"
            yield Problem("usage_types_unknown", message, f"{line.source_file}:{line.source_line}")


def _fits(promise: Promise, charge: Charges) -> bool:
    if promise.target is None:
        return promise.whole
    return promise.target.fits(charge.service, charge.usage_type, charge.tags)


def _by_environment(charges: Sequence[Charges]) -> dict[str, list[Charges]]:
    found: dict[str, list[Charges]] = {}
    for one in charges:
        found.setdefault(one.environment, []).append(one)
    return found


def _held(promise: Promise, actual: Actual, environments: Mapping[str, list[Charges]], month: Month) -> Held:
    low, high = promise.low, promise.high
    due_low, due_high = low * month.share, None if high is None else high * month.share
    if promise.share is not None:
        other = add_up(environments.get(promise.of, ()), month)
        part = promise.share / _HUNDRED
        low = high = other.end.expected * part
        due_low = due_high = other.accrued * part
    variance = _beyond(actual.accrued, due_low, due_high)
    seen = actual.seen or due_high == 0
    slack = promise.slack * month.share
    kind: Class = "over" if variance > slack else "under" if variance < -slack else "within"
    return Held(
        environment="/".join(promise.environments),
        line=promise.label,
        service=promise.target.service if promise.target else None,
        low=low,
        high=high,
        actual=actual,
        variance=variance,
        kind=kind if seen else "not_seen",
        promise=promise,
    )


def _beyond(value: Decimal, low: Decimal, high: Decimal | None) -> Decimal:
    if high is not None and value > high:
        return value - high
    return value - low if value < low else Decimal(0)


def _unpromised(rest: Mapping[tuple[str, str], list[Charges]], month: Month) -> Iterator[Held]:
    for (environment, service), charges in rest.items():
        actual = add_up(charges, month)
        if actual.seen:
            yield Held(environment, service, service, None, None, actual, None, "not_estimated")


def _order(one: Held) -> tuple[object, ...]:
    """By environment; in it the estimates in the order of the document, then what nobody estimated, dearest first."""
    if one.promise is None:
        return (one.environment, 1, -one.actual.to_date, one.line)
    first = one.promise.lines[0]
    return (one.environment, 0, Decimal(0), f"{first.source_file}:{first.source_line:09d}")
