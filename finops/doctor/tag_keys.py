"""Checks of cost allocation tags: which required keys reach the bill, and since when.

A tag reaches the bill from the day its key is activated; a backfill reaches back to the month it names, for the keys
that were active when it was asked for (AWS: "Backfill cost allocation tags").
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from finops.aws import Door
from finops.config import Settings
from finops.config.policy import keys_of
from finops.doctor.case import Case, price
from finops.doctor.check import Check, Verdict, ok, problem, several, unchecked
from finops.doctor.holdings import Holdings
from finops.errors import FinopsError

AREA = "tags"
_PAGE = 1000
_BACKFILL_MONTHS = 12
_CONSOLE = "AWS console: Billing and Cost Management > Cost allocation tags"
_ACTIVATE = "aws ce update-cost-allocation-tags-status --cost-allocation-tags-status {keys}"
_BACKFILL = "aws ce start-cost-allocation-tag-backfill --backfill-from {month}-01T00:00:00Z"

# Tag key as AWS spells it -> what AWS says of it.
Keys = Mapping[str, Mapping[str, str]]
Backfills = list[tuple[datetime, date]]
"""When each backfill was asked for, and the first day it reaches."""


def cost() -> str:
    """What the questions of this file cost, for a person: AWS charges each request."""
    usd = price("ce", "ListCostAllocationTags") + price("ce", "ListCostAllocationTagBackfillHistory")
    return f"2 requests to Cost Explorer, {usd} USD, and one more for each {_PAGE:,} tag keys beyond the first"


def check_tags(case: Case) -> Iterator[Check]:
    """One row for each required tag, and one for the backfill."""
    if not isinstance(case.identity, FinopsError):
        case.say(f"asking which tag keys are activated: {cost()} (--free leaves it out)")
    backfills = case.ask("backfills of tags", _backfills)
    if isinstance(case.settings, FinopsError):
        yield Check(AREA, "required tags", "", unchecked("the settings cannot be read, so no tag is known as required"))
    else:
        known = case.ask("cost allocation tags", _keys)
        yield from _check_required(case, case.settings, known, [] if isinstance(backfills, FinopsError) else backfills)
    yield Check(AREA, "backfill", "", _backfilled(case, backfills))


def _check_required(case: Case, settings: Settings, known: Keys | FinopsError, backfills: Backfills) -> Iterator[Check]:
    for tag in settings.tags.required:
        if isinstance(known, FinopsError):
            yield Check(AREA, "tag", tag, _refused(case, known))
            continue
        matches = [one.raw_key for one in keys_of(tag, settings.tags.keys.get(tag, ()), known)]
        yield Check(AREA, "tag", tag, _verdict(case, tag, {key: known[key] for key in matches}, backfills))


def _verdict(case: Case, tag: str, spellings: Keys, backfills: Backfills) -> Verdict:
    active = [key for key, said in spellings.items() if said["Status"] == "Active"]
    inactive = [key for key in spellings if key not in active]
    if not active:
        return _not_activated(tag, inactive)
    if tag in inactive:
        # Resources tagged as the settings spell it are the ones that look untagged.
        return problem(f"inactive; only {several(active)} is active", _activate([tag]))
    reaches = {key: _reaches(spellings[key], backfills) for key in active}
    late = _late(case, reaches[active[0]])
    said = "; ".join(_since(tag, key, day) for key, day in reaches.items())
    if late:
        return problem(
            f"{said}; usage before that counts as untagged, and {late} is loaded", _BACKFILL.format(month=late)
        )
    if inactive:
        return ok(f"{said}; {several(inactive)} is inactive, its values do not count", _activate(inactive))
    return ok(said)


def _not_activated(tag: str, inactive: list[str]) -> Verdict:
    if not inactive:
        said = "AWS knows no such key: no resource carries it, or only since yesterday"
        return problem(said, f"tag resources with {tag}, and activate the key a day later ({_CONSOLE})")
    return problem(f"inactive: {several(inactive)} is on resources but does not reach the bill", _activate(inactive))


def _activate(keys: list[str]) -> str:
    return _ACTIVATE.format(keys=" ".join(shlex.quote(f"TagKey={key},Status=Active") for key in keys))


def _since(tag: str, key: str, day: date | None) -> str:
    spelled = "" if key == tag else f" as {key}"
    return f"active{spelled}, reaches back to {day}" if day else f"active{spelled}, AWS does not say since when"


def _reaches(said: Mapping[str, str], backfills: Backfills) -> date | None:
    """The first day the key is on the bill; None when AWS does not say."""
    since = _time(said.get("LastUpdatedDate"))
    if since is None:
        return None
    return min([since.date(), *(day for asked, day in backfills if asked >= since)])


def _late(case: Case, day: date | None) -> str | None:
    """The first loaded month that usage lacks the tag in and that a backfill can still reach, YYYY-MM."""
    if day is None or not isinstance(case.holdings, Holdings):
        return None
    number = case.now.year * 12 + case.now.month - 1 - _BACKFILL_MONTHS
    first = max(case.holdings.first_day, date(number // 12, number % 12 + 1, 1))
    return f"{first:%Y-%m}" if first < day else None


def _backfilled(case: Case, found: Backfills | FinopsError) -> Verdict:
    if isinstance(found, FinopsError):
        return _refused(case, found)
    if not found:
        return ok("none: a tag reaches back to the day its key was activated")
    asked, day = max(found)
    return ok(f"asked for on {asked:%Y-%m-%d}, from {day}: periods loaded before then should be ingested again")


def _refused(case: Case, error: FinopsError) -> Verdict:
    if case.is_member:
        return unchecked(error.what, f"only account {case.management_account} may ask: use its credentials")
    return unchecked(error)


def _keys(door: Door) -> Keys:
    pages = (
        door.client("ce")
        .get_paginator("list_cost_allocation_tags")
        .paginate(Type="UserDefined", PaginationConfig={"PageSize": _PAGE})
    )
    return {one["TagKey"]: one for page in pages for one in page.get("CostAllocationTags", [])}


def _backfills(door: Door) -> Backfills:
    pages = (
        door.client("ce")
        .get_paginator("list_cost_allocation_tag_backfill_history")
        .paginate(PaginationConfig={"PageSize": _PAGE})
    )
    found: list[dict[str, Any]] = [one for page in pages for one in page.get("BackfillRequests", [])]
    return [
        (asked, since.date())
        for one in found
        if one.get("BackfillStatus") == "SUCCEEDED"
        and (asked := _time(one.get("RequestedAt")))
        and (since := _time(one.get("BackfillFrom")))
    ]


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
