"""Rules of S3 Lifecycle for a bucket, as its API has them: from advice, from standards, and what S3 would not take."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from finops.config.lifecycle import BucketStandard
from finops.recommend.lifecycle_classes import storage_classes
from finops.recommend.review.asked import Advice, Asked, Held, Place
from finops.recommend.review.piece import Left

# The advice says at 30 days for what reads at once; Intelligent-Tiering watches objects from their first day.
_AT_DAYS = {"INTELLIGENT_TIERING": 0}
_DEFAULT_DAYS = 30
ABORT_DAYS = 7
# From the warmest to the coldest: S3 moves objects in this direction only (user guide, "Transitioning objects").
_COLDER = ("STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
_INFREQUENT = ("STANDARD_IA", "ONEZONE_IA")
_STAY_DAYS = 30
# An id has 255 characters at most.
_LONGEST = 200
_ODD = re.compile(r"[^A-Za-z0-9._-]+")
# Rules are for all objects: a bill knows no prefix.
EVERYTHING: dict[str, Any] = {"Prefix": ""}


@dataclass(frozen=True)
class Rule:
    """A rule to add to a bucket: its body as the API has it, why it is there, the advice behind it."""

    body: Mapping[str, Any]
    why: str
    ids: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """What the rule is called in the bucket."""
        return str(self.body["ID"])


@dataclass(frozen=True)
class Wanted:
    """A bucket with the rules it is to get."""

    bucket: str
    place: Place
    rules: tuple[Rule, ...]


def wanted(asked: Asked) -> Iterator[Wanted | Left]:
    """Every bucket that gets a rule. What a standard decides, advice does not decide otherwise."""
    standards = {one.resource: one for one in asked.standards if asked.bucket_standard(one)}
    places = {one.resource: one.place for one in standards.values()}
    advice: dict[str, list[Advice]] = defaultdict(list)
    for one in asked.of("s3_storage_class", "s3_multipart"):
        places[one["resource_id"]] = one.place
        advice[one["resource_id"]].append(one)
    for bucket in sorted(places):
        held, rules = standards.get(bucket), []
        for made in (*_of_standard(asked, held), *_of_advice(asked, advice[bucket], held)):
            if isinstance(made, Left):
                yield made
            elif fault := impossible(made.body):
                yield Left(f"{made.why} on {bucket}", f"S3 does not take it: {fault}", made.ids)
            else:
                rules.append(made)
        if rules:
            yield Wanted(bucket, places[bucket], tuple(rules))


def _of_standard(asked: Asked, held: Held | None) -> Iterator[Rule | Left]:
    standard = asked.bucket_standard(held) if held else None
    if held is None or standard is None:
        return
    ids = asked.ids_of_standard(held)
    if held.is_kept:
        yield Left(f"the standard {standard.name} on {held.resource}", "the bill shows that it holds already", ids)
    elif body := _actions(standard):
        yield Rule(_rule(standard.name, body), f"the standard {standard.name}", ids)


def _actions(standard: BucketStandard) -> dict[str, Any]:
    moves = sorted(standard.transitions.items(), key=lambda pair: pair[1])
    body: dict[str, Any] = {}
    if moves:
        body["Transitions"] = [{"Days": days, "StorageClass": name} for name, days in moves]
    if standard.expire_days is not None:
        body["Expiration"] = {"Days": standard.expire_days}
    if standard.noncurrent_days is not None:
        body["NoncurrentVersionExpiration"] = {"NoncurrentDays": standard.noncurrent_days}
    return body


def _of_advice(asked: Asked, advice: Sequence[Advice], held: Held | None) -> Iterator[Rule | Left]:
    standard = asked.bucket_standard(held) if held else None
    for one in advice:
        bucket = one["resource_id"]
        if one.kind == "s3_multipart":
            body = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_DAYS}}
            yield Rule(_rule("abort-multipart", body), "aborting incomplete uploads", (one.id,))
        elif not one.saves or not one["storage_class"]:
            yield Left(f"another class for {bucket}", "there is no figure that says it saves", (one.id,))
        elif standard and (standard.transitions or standard.expire_days is not None):
            yield Left(f"{_move(one)} on {bucket}", f"the standard {standard.name} decides for it", (one.id,))
        else:
            yield _transition(one)


def _transition(one: Advice) -> Rule:
    name = one["storage_class"]
    move = {"Days": _AT_DAYS.get(name, _DEFAULT_DAYS), "StorageClass": name}
    return Rule(_rule(f"to-{name}", {"Transitions": [move]}), _move(one), (one.id,))


def _move(one: Advice) -> str:
    return f"a transition to {one['storage_class']}"


def _rule(name: str, actions: Mapping[str, Any]) -> dict[str, Any]:
    # one bucket has one standard: cut short, its names stay apart
    known_as = f"finops-{_ODD.sub('-', name)[:_LONGEST]}"
    return {"ID": known_as, "Filter": EVERYTHING, "Status": "Enabled", **actions}


def impossible(rule: Mapping[str, Any]) -> str:
    """Why S3 refuses the rule, or blank."""
    moves = sorted(rule.get("Transitions", ()), key=lambda move: move["Days"])
    for before, after in pairwise(moves):
        warm, cold = before["StorageClass"], after["StorageClass"]
        if _COLDER.index(warm) >= _COLDER.index(cold) or (warm, cold) == ("ONEZONE_IA", "GLACIER_IR"):
            return f"nothing moves from {warm} to {cold}"
        stay = _STAY_DAYS if warm in _INFREQUENT else 1
        if after["Days"] - before["Days"] < stay:
            return f"objects stay in {warm} for {stay} days or more before {cold}"
    days = rule.get("Expiration", {}).get("Days")
    if days == 0 or rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays") == 0:
        return "nothing expires after less than a day"
    if moves and days is not None and days <= moves[-1]["Days"]:
        return f"it expires objects at {days} days, not after the transition at {moves[-1]['Days']}"
    return ""


def least_days(storage_class: str) -> int:
    """For how many days at least an object is paid for in the class."""
    return next((one.min_days for one in storage_classes() if one.id == storage_class), 0)
