"""Whether the loaded data can answer a question, and what to say where they answer it only in part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from finops.catalog import COST_EXPLORER, Problem
from finops.config.policy import tag_of
from finops.config.spellings import bare_key
from finops.dimensions import COVERED_AND_NEGATION, NONE, Dimension, dimension, parse_by, parse_where
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.reader import Ledger


_NEGATION = Problem(
    "negation_without_tag",
    "usage under a Savings Plan stands at its on-demand price here, and the negation that takes it back has "
    "no tag and no resource; --metric amortized puts each cost where it was caused",
    "SavingsPlanNegation",
)


def with_notes(ledger: Ledger) -> Ledger:
    """The ledger, with what is to be said of the dimensions it was asked for. Raises as `require` does."""
    asked = [*parse_by(ledger.ask.by), *(parse_where(text).dimension for text in ledger.ask.where)]
    return replace(ledger, problems=[*ledger.problems, *require(ledger, asked)])


def require(ledger: Ledger, dimensions: Sequence[Dimension]) -> list[Problem]:
    """What to say of dimensions that only some of the deliveries have.

    Raises UsageError for one that none of them has. A tag of the settings may be absent everywhere: that is
    a finding, not a mistake.
    """
    return [note for one in dimensions if one.evidence for note in _missing(ledger, one)]


def negation_note(ledger: Ledger) -> list[Problem]:
    """What to say of Savings Plans where cost is told apart by tag or resource, if anything."""
    if ledger.ask.metric not in ("unblended", "net_unblended"):
        return []
    covered = "select 1 from daily_cost where list_contains(?, x_line_item_type) limit 1"
    return [_NEGATION] if ledger.rows(covered, [list(COVERED_AND_NEGATION)]) else []


def virtual_notes(ledger: Ledger, tags: Sequence[str]) -> list[Problem]:
    """What to say of tags whose values the settings stand in for, if anything: how much cost, by what."""
    notes = []
    for tag in tags if ledger.settings.tags.virtual else ():
        part = ledger.over(dimension(f"tag:{tag}"))
        for row in part.rows(_VIRTUAL.format(cost=part.cost), [tag]):
            text = (
                f"{row['cost']:,.2f} {ledger.currency} count under a value of {tag} that no tag says {row['raw_key']}"
            )
            notes.append(Problem("virtual_tag", text, f"tag:{tag} [tags.virtual]"))
    return notes


_VIRTUAL = """
select held.raw_key, sum(facts.{cost}) as cost
from daily_cost as facts
join tag_values as held
    on held.delivery_id = facts.delivery_id and held.tag_set_id = facts.tag_set_id and held.tag = ?
where held.key_rule = 'virtual'
group by held.raw_key
order by held.raw_key
"""


def cost_explorer_tag_notes(ledger: Ledger, tags: Sequence[str]) -> list[Problem]:
    """What to say of coverage and gaps by tag where they come from Cost Explorer, if anything."""
    if all(one["format"] != COST_EXPLORER for one in ledger.deliveries):
        return []
    months = {row["delivery_id"]: row for row in ledger.rows(_OF_FORMAT, [COST_EXPLORER])}
    where = ", ".join(row["period"] for row in months.values())
    notes = [Problem("no_resources", _NO_RESOURCES, f"Cost Explorer {where}")]
    for tag in tags:
        part = ledger.over(dimension(f"tag:{tag}"))
        having = {row["delivery_id"] for row in part.rows(_HAVING_TAG, [tag])}
        lacking = [row["period"] for key, row in months.items() if key not in having]
        if lacking:
            notes.append(Problem("tag_on_no_cost", _ON_NO_COST.format(tag=tag), f"tag:{tag} {', '.join(lacking)}"))
    policy = ledger.settings.tags
    others = [f"{', '.join(policy.keys[tag])} ({tag})" for tag in tags if policy.keys.get(tag)]
    by_place = (word for one in policy.virtual.values() for word in one.by if not word.startswith("cost_category:"))
    if any(key != "service" for scope in policy.scopes for key in scope.where) or any(by_place):
        notes.append(Problem("scope_not_told", _NOT_TOLD, f"Cost Explorer {where}"))
    if others:
        notes.append(Problem("other_spellings", _OTHER_SPELLINGS.format(others="; ".join(others)), "[tags.keys]"))
    return notes


_OF_FORMAT = "select distinct delivery_id, period from deliveries where format = ? order by period"
_HAVING_TAG = "select distinct delivery_id from tag_values where tag = ?"
_NO_RESOURCES = (
    "Cost Explorer has no resources: gaps are by service, and as usage that can carry no tag counts as untagged, "
    "coverage is a lower bound"
)
_NOT_TOLD = (
    "Cost Explorer tells a tag beside no account and no region: a scope or a virtual tag that goes by one, or by an "
    "environment they decide, does not hold there"
)
_ON_NO_COST = "no cost carries the key {tag}: it is not activated as a cost allocation tag, or used nowhere"
_OTHER_SPELLINGS = "Cost Explorer was asked for each key as [tags] required spells it, not for {others}"


def _missing(ledger: Ledger, one: Dimension) -> list[Problem]:
    is_tag = one.word.startswith("tag:")
    policy = ledger.settings.tags
    if is_tag and tag_of(policy, one.argument or "") in policy.tags:
        return []
    params = [] if one.argument is None else [one.argument]
    having = {row["delivery_id"] for row in ledger.rows(one.evidence, params)}
    if not having:
        raise UsageError(f"no line of the loaded exports has {one.word}", fix=_nearest(ledger, one))
    lacking = [row for row in ledger.rows("select * from deliveries") if row["delivery_id"] not in having]
    if not lacking or is_tag:
        return []
    names = ", ".join(f"{row['export']} {row['period']}" for row in lacking)
    return [Problem("dimension_missing", f"some deliveries have no {one.word}; their lines are {NONE}", names)]


def _nearest(ledger: Ledger, one: Dimension) -> str | None:
    """The key of the same kind that is spelled most alike."""
    if one.argument is None:
        return None
    source = "resource_tag" if one.word.startswith("tag:") else "cost_category"
    rows = ledger.rows("select distinct key from tag_sets where source = ?", [source])
    keys = sorted({bare_key(row["key"]) for row in rows})
    near = get_close_matches(one.argument, keys, n=1, cutoff=0.5)
    kind = one.word.partition(":")[0]
    return f"{kind}:{near[0]}" if near else f"one of {', '.join(keys[:8])}" if keys else None
