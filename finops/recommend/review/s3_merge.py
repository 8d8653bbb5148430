"""New rules of a bucket beside those it has: what is there already, and what contradicts it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finops.recommend.review.s3_rules import EVERYTHING, Rule, least_days

Body = Mapping[str, Any]
# What a rule does, and the words for it.
_ACTIONS = {
    "Transitions": "moves objects",
    "Expiration": "expires objects",
    "NoncurrentVersionTransitions": "moves noncurrent versions",
    "NoncurrentVersionExpiration": "expires noncurrent versions",
    "AbortIncompleteMultipartUpload": "aborts uploads",
}
# What S3 takes in one configuration.
MOST_RULES = 1000


@dataclass(frozen=True)
class Merged:
    """All rules of a bucket, what it has first; the new rules among them, and those that are not, each with the why."""

    rules: tuple[Body, ...]
    added: tuple[Rule, ...]
    refused: tuple[tuple[Rule, str], ...]


def merged(existing: Sequence[Body], new: Sequence[Rule]) -> Merged:
    """The new rules beside the existing ones, of which none is changed in what it does or left out."""
    rules = [in_newer_form(rule) for rule in existing]
    added: list[Rule] = []
    refused: list[tuple[Rule, str]] = []
    for one in new:
        word = _already(rules, one) or _conflict(rules, one)
        if not word and len(rules) + len(added) >= MOST_RULES:
            word = f"the bucket has {MOST_RULES:,} rules, which is all that S3 takes"
        if word:
            refused.append((one, word))
        else:
            added.append(one)
    return Merged((*rules, *(one.body for one in added)), tuple(added), tuple(refused))


def in_newer_form(rule: Body) -> Body:
    """The same rule with a filter: S3 takes either bare prefixes or filters in the rules of a bucket."""
    if "Prefix" not in rule:
        return rule
    return {name: value for name, value in rule.items() if name != "Prefix"} | {"Filter": {"Prefix": rule["Prefix"]}}


def _already(rules: Sequence[Body], new: Rule) -> str:
    wanted = {name: new.body[name] for name in _ACTIONS if name in new.body}
    for rule in rules:
        has = {name: rule.get(name) for name in wanted}
        if _holds(rule) and _is_for_all(rule) and json.dumps(has, sort_keys=True) == json.dumps(wanted, sort_keys=True):
            return f"{_named(rule)} says the same already"
    return ""


def _conflict(rules: Sequence[Body], new: Rule) -> str:
    return next(_conflicts(rules, new), "")


def _conflicts(rules: Sequence[Body], new: Rule) -> Iterator[str]:
    for rule in rules:
        if rule.get("ID") == new.id:
            yield f"a rule of the id {new.id} is there already and says something else"
        if not _holds(rule):
            continue
        # a new rule is for all objects: whatever has a filter is a part of them
        if both := [words for name, words in _ACTIONS.items() if name in rule and name in new.body]:
            yield f"{_named(rule)} {' and '.join(both)} too, {_of_what(rule)}: decide which of them holds"
        if early := _too_early(rule, new.body) or _too_early(new.body, rule):
            yield f"{_named(rule)}, {_of_what(rule)}: {early}"


def _too_early(expiring: Body, moving: Body) -> str:
    """Words for objects that expire before they have been for as long in a class as is paid for anyway."""
    expiration = expiring.get("Expiration", {})
    days, moves = expiration.get("Days"), [one for one in moving.get("Transitions", ()) if "Days" in one]
    if moves and "Date" in expiration:
        return "it expires objects on a date, whatever class they are in by then"
    for move in moves:
        paid = move["Days"] + least_days(move.get("StorageClass", ""))
        if days is not None and days < paid:
            return f"objects expire at {days} days, and {move['StorageClass']} is paid for until {paid}"
    return ""


def _holds(rule: Body) -> bool:
    return rule.get("Status") == "Enabled"


def _is_for_all(rule: Body) -> bool:
    return rule.get("Filter") in ({}, EVERYTHING, None)


def _named(rule: Body) -> str:
    return f"its rule {rule['ID']}" if rule.get("ID") else "one of its rules"


def _of_what(rule: Body) -> str:
    found = rule.get("Filter") or {}
    if _is_for_all(rule):
        return "for all objects"
    prefix = found.get("Prefix") or found.get("And", {}).get("Prefix")
    return f"for what begins with {prefix}" if prefix else "for a part of the objects"
