"""The estimates of the environments: which lines count for which, per month, and where in the bill they are."""

from __future__ import annotations

import calendar
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from finops.catalog import Problem
from finops.config.settings import Environment, Settings
from finops.errors import ConfigError
from finops.estimates.labels import Target, target_of
from finops.estimates.lines import Line, Reading
from finops.variance.reading import existing, problems_of, read_one, words_for

_HOURS_A_DAY, _MONTHS_A_YEAR, _WEEK = 24, 12, 7


@dataclass(frozen=True)
class Promise:
    """What one or more lines say a part of an environment costs in the month, in the currency of the bill.

    `target` None: the whole environment (`whole`), or a label nobody knows. `high` None is open-ended. `share`
    (percent) of the environment `of` stands in place of amounts. `lines` are where it comes from, the first leads.
    """

    environments: tuple[str, ...]
    label: str
    low: Decimal
    high: Decimal | None
    target: Target | None
    lines: tuple[Line, ...]
    whole: bool = False
    share: Decimal | None = None
    of: str = ""
    slack: Decimal = Decimal(0)
    """Half of the last digit that the documents print, for the month: what they leave open."""


def promises(settings: Settings, month: date, currency: str) -> tuple[list[Promise], list[Problem]]:
    """All promises of the settings for a month, and what could not be made one.

    Raises ConfigError when no environment names a document, DataError for one that cannot be read.
    """
    readings = _readings(settings)
    problems = [*problems_of(list(readings.values())), *_nobodys(settings, readings)]
    found: dict[tuple[object, ...], Line] = {}
    for one in settings.environments:
        for line in _of(one, settings, readings):
            key = (line.source_file, line.source_line, line.label, line.figure, line.environments)
            found.setdefault(key, line)
    made: list[Promise] = []
    for line in found.values():
        promise = _promise(line, settings, month, currency)
        if isinstance(promise, Problem):
            problems.append(promise)
        else:
            made.append(promise)
    return list(_merged(made)), problems


def documents(settings: Settings) -> list[Path]:
    """The documents that environments have their estimates in, from here. Raises ConfigError where there is none."""
    paths = dict.fromkeys(_path(settings, name) for one in settings.environments for name in one.estimates)
    if not paths:
        raise ConfigError(
            "no environment names a document with its estimates",
            str(settings.path or "finops.toml"),
            '[environments.prod] estimates = ["docs/review.md"]',
        )
    return [existing(path) for path in paths]


def _readings(settings: Settings) -> dict[Path, Reading]:
    words = words_for(settings)
    return {path: read_one(path, words) for path in documents(settings)}


def _path(settings: Settings, name: str) -> Path:
    """Where a document of the settings is, from here: annotations need the path from the working directory."""
    folder = settings.path.parent if settings.path else Path()
    return Path(os.path.relpath(folder / name))


def _of(one: Environment, settings: Settings, readings: Mapping[Path, Reading]) -> Iterator[Line]:
    """The lines of one environment: its rows; without any the total or the share stated for it.

    What names no environment is that of the only environment the document is given for.
    """
    mine: list[Line] = []
    for name in one.estimates:
        lines = readings[_path(settings, name)].lines
        mine += [line for line in lines if one.name in line.environments]
        if len(_given_for(settings, name)) == 1:
            mine += [_in(line, one.name) for line in lines if not line.environments]
    rows = [line for line in mine if line.counts]
    yield from rows or [line for line in mine if _is_stated(line)][:1]


def _is_stated(line: Line) -> bool:
    return (line.kind == "total" and line.low is not None) or line.share is not None


def _given_for(settings: Settings, name: str) -> list[str]:
    """The environments a document is given for."""
    return [other.name for other in settings.environments if name in other.estimates]


def _nobodys(settings: Settings, readings: Mapping[Path, Reading]) -> Iterator[Problem]:
    """A problem for each environment of a document that no environment of the settings takes its lines from."""
    takers: dict[Path, list[str]] = {}
    for one in settings.environments:
        for name in one.estimates:
            takers.setdefault(_path(settings, name), []).append(one.name)
    for path, reading in readings.items():
        seen: set[tuple[str, ...]] = set()
        for line in reading.lines:
            left = not set(line.environments) & set(takers[path]) if line.environments else len(takers[path]) > 1
            if left and line.environments not in seen and (line.counts or _is_stated(line)):
                seen.add(line.environments)
                text = (
                    f"costs of {line.environment} are compared with nothing: [environments] gives the document to "
                    if line.environment
                    else "these costs name no environment, and [environments] gives the document to "
                )
                yield Problem(
                    "estimate_not_compared", text + ", ".join(takers[path]), f"{line.source_file}:{line.source_line}"
                )


def _in(line: Line, environment: str) -> Line:
    return replace(line, environments=(environment,))


def _promise(line: Line, settings: Settings, month: date, currency: str) -> Promise | Problem:
    where = f"{line.source_file}:{line.source_line}"
    if line.share is not None:
        return Promise(
            line.environments, line.label, Decimal(0), None, None, (line,), whole=True, share=line.share, of=line.of
        )
    factor = _factor(line, month)
    if factor is None:
        per = "for once" if line.unit == "once" else "without a unit of time"
        return Problem("estimate_not_compared", f"{line.label} is {per}: no month can be held against it", where)
    if line.low != 0 and line.currency != currency:
        said = f"in {line.currency}" if line.currency else "in no stated currency"
        return Problem("estimate_not_compared", f"{line.label} is {said}, the bill in {currency}", where)
    low = (line.low or Decimal(0)) * factor
    high = None if line.high is None else line.high * factor
    whole = line.kind == "total"
    target = None if whole else _target(line, settings)
    slack = line.high_place * factor / 2
    return Promise(line.environments, line.label, low, high, target, (line,), whole=whole, slack=slack)


def _factor(line: Line, month: date) -> Decimal | None:
    """How many of the line's units the month has."""
    days = Decimal(calendar.monthrange(month.year, month.month)[1])
    if line.unit == "hour" and line.hours_a_week is not None:
        return line.hours_a_week * days / _WEEK
    factors = {
        "hour": days * _HOURS_A_DAY,
        "day": days,
        "week": days / _WEEK,
        "month": Decimal(1),
        "year": Decimal(1) / _MONTHS_A_YEAR,
    }
    return factors.get(line.unit or "") if line.low != 0 or line.unit else Decimal(1)


def _target(line: Line, settings: Settings) -> Target | None:
    if line.service or line.usage_type:
        return Target(tuple(filter(None, line.service.split("|"))), line.usage_type)
    own = [
        (one.text, Target(one.services, one.usage_type, tuple((key, values) for key, values in one.tags.items())))
        for one in settings.labels
    ]
    return target_of(line.label, line.configuration, own)


def _merged(found: Sequence[Promise]) -> Iterator[Promise]:
    """Lines that mean the same part of the bill are one promise: nothing in the bill tells them apart."""
    groups: dict[object, list[Promise]] = {}
    for at, one in enumerate(found):
        key = (frozenset(one.environments), one.target) if one.target else at
        groups.setdefault(key, []).append(one)
    for same in groups.values():
        high = (
            None if any(one.high is None for one in same) else sum((one.high or Decimal(0) for one in same), Decimal(0))
        )
        yield Promise(
            same[0].environments,
            " + ".join(one.label for one in same),
            sum((one.low for one in same), Decimal(0)),
            high,
            same[0].target,
            tuple(line for one in same for line in one.lines),
            same[0].whole,
            same[0].share,
            same[0].of,
            sum((one.slack for one in same), Decimal(0)),
        )
