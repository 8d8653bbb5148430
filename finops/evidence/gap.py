"""A gap of a required tag explained: the cause, the settings that make it one, the lines it is on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from finops.config.places import place_of
from finops.config.settings import Settings, ValueRule
from finops.config.spellings import fold
from finops.dimensions import Clause
from finops.evidence.subject import Kind, Subject
from finops.evidence.words import behind, head, or_null, where_it_is
from finops.explain import Line
from finops.gaps.causes import RULE, causes
from finops.tag_gaps import find_gaps, parts
from finops.tag_places import in_words

if TYPE_CHECKING:
    from finops.reader import Ledger

_WHAT = {
    "missing": "{tag} is missing on {resource}",
    "empty": "{tag} is blank on {resource}",
    "late": "{tag} came later than the cost of {resource}",
    "key_not_in_export": "no line of the export carries {tag}: {resources:,} resources in this period",
    "wrong_key": "{resource} carries {tag} under the key {key}",
    "invalid_value": '{tag} of {resource} says "{value}", which is not allowed',
    "contradicts": '{tag} of {resource} says "{value}", and the place it is in says "{suggestion}"',
}
# A day that is late was found missing or empty first.
_FAULTS = {"late": ("missing", "empty")}


def _find(ledger: Ledger) -> str | None:
    if not ledger.settings.tags.required:
        return None
    find_gaps(ledger, "gap_rows")
    return "gap_rows"


def _subject(ledger: Ledger, row: Mapping[str, Any]) -> Subject:
    # Where the ledger is Cost Explorer's, each tag has a cut of its own.
    part = next(part for part, tags in parts(ledger, ledger.settings.tags.required) if row["tag"] in tags)
    return Subject(
        ledger=part,
        rule=RULE,
        id=row["id"],
        cost=row["cost"],
        lines=tuple(_lines(part, row)),
        rows=_rows(row),
        place=_place(row),
        days=(row["first_seen"], row["last_seen"]),
        tag=row["tag"],
    )


GAP = Kind(RULE, _find, _subject)


def _place(row: Mapping[str, Any]) -> dict[str, str | None]:
    if row["cause"] == "key_not_in_export":
        return {"billing_account_id": or_null(row["account"])}
    return {
        "sub_account_id": or_null(row["account"]),
        "region_id": or_null(row["region"]),
        "x_service_code": or_null(row["service"]),
        "resource_id": or_null(row["resource_id"]),
    }


def _rows(row: Mapping[str, Any]) -> Clause:
    if row["cause"] == "contradicts":
        return Clause(
            f"join tag_conflicts as fault on {_SAME_SET} and {_SAME_PLACE} where fault.tag = ?", (row["tag"],)
        )
    named = _FAULTS.get(row["cause"], (row["cause"],))
    marks = ", ".join("?" * len(named))
    sql = (
        f"join tag_faults as fault on {_SAME_SET} where fault.tag = ? and fault.cause in ({marks}) and fault.is_gap = ?"
    )
    if row["counts_as"] == "tagged" and row["cause"] == "wrong_key":
        # A value that contradicts its place is told once, as that.
        sql += f" and not exists (select 1 from tag_conflicts as fault where {_SAME_SET} and {_SAME_PLACE} and tag = ?)"
        return Clause(sql, (row["tag"], *named, "false", row["tag"]))
    return Clause(sql, (row["tag"], *named, "true" if row["counts_as"] == "gap" else "false"))


def _lines(ledger: Ledger, row: Mapping[str, Any]) -> Iterator[Line]:
    cause = causes()[row["cause"]]
    resource = row["resource_id"] if row["resource_id"] != "(none)" else "usage that no resource is named for"
    what = _WHAT[row["cause"]].format(**{**row, "resource": resource})
    yield from head(ledger, RULE, f"{what} ({where_it_is(row)})", row)
    yield "finding", "counts as", _COUNTS_AS[row["counts_as"]], "", ""
    if row["owner"]:
        yield "finding", "owner", f"{row['owner']}, by the {row['owner_basis']}", "", ""
    yield "cause", row["cause"], cause.meaning, "", ""
    yield from _policy(ledger, row)
    yield "fix", row["cause"], cause.fix, "", ""
    if row["suggestion"]:
        yield "fix", row["tag"], f'"{row["suggestion"]}", told by the {row["suggestion_basis"]}', "", ""
    if row["cause"] not in ("late", "key_not_in_export") and row["resource_id"] != "(none)":
        yield "fix", "ready to run", "finops tag-gaps --fix cli,csv,terraform", "", ""
    yield from behind(RULE, "resource_daily")


def _policy(ledger: Ledger, row: Mapping[str, Any]) -> Iterator[Line]:
    """The settings that make this a gap, each with its line of finops.toml."""
    settings, tag = ledger.settings, row["tag"]
    scopes = _scopes(ledger, row)
    yield from _required(settings, tag, scopes)
    spellings = settings.tags.keys.get(tag, ())
    if spellings:
        said = f"{tag} may be spelled {', '.join(spellings)}"
        yield "policy", "[tags.keys]", said, "", place_of(settings, ("tags", "keys", tag))
    if row["cause"] == "invalid_value":
        yield from _values(settings, tag, scopes)
    if row["cause"] == "contradicts":
        yield from _environments(settings, row)
    if row["owner_basis"] == "tag":
        said = f"the tag {settings.owners.tag} names the owner"
        yield "policy", "[owners] tag", said, "", place_of(settings, ("owners", "tag"))
    if row["owner_basis"] == "account":
        said = f"account {row['account']} belongs to {row['owner']}"
        yield "policy", "[owners] accounts", said, "", place_of(settings, ("owners", "accounts", row["account"]))
    if row["suppressed"]:
        yield "policy", "[[suppress]]", row["suppressed"], "", _suppression(settings, row["suppressed"])


def _scopes(ledger: Ledger, row: Mapping[str, Any]) -> list[int]:
    """The scopes that all lines of the finding are in, by their place in the settings."""
    if not ledger.settings.tags.scopes:
        return []
    place = _place(row)
    here = " and ".join(f"facts.{column} is not distinct from ?" for column in place)
    (found,) = ledger.rows(_IN_SCOPES.format(here=here), [row["tag"], *place.values()])
    mask = found["scopes"] or 0
    return [at for at in range(len(ledger.settings.tags.scopes)) if mask >> at & 1]


def _required(settings: Settings, tag: str, scopes: Sequence[int]) -> Iterator[Line]:
    """What makes the tag required: the first scope that names it, else the policy for all places."""
    policy = settings.tags
    for at in scopes:
        if tag in (*policy.scopes[at].required, *policy.scopes[at].optional):
            said = f"{tag} is required where {in_words(policy.scopes[at])}"
            yield "policy", "[[tags.scope]]", said, "", place_of(settings, ("tags", "scope", at))
            return
    everywhere = ", ".join(one for one in policy.required if one not in policy.only_scoped)
    yield "policy", "[tags] required", everywhere, "", place_of(settings, ("tags", "required"))


def _values(settings: Settings, tag: str, scopes: Sequence[int]) -> Iterator[Line]:
    policy = settings.tags
    for at in scopes:
        if rule := policy.scopes[at].values.get(tag):
            said = f"{_allows(rule)}, where {in_words(policy.scopes[at])}"
            line = place_of(settings, ("tags", "scope", at, "values", tag), ("tags", "scope", at))
            yield "policy", f"[tags.scope.values.{tag}]", said, "", line
            return
    if rule := policy.values.get(tag):
        yield "policy", f"[tags.values.{tag}]", _allows(rule), "", place_of(settings, ("tags", "values", tag))


def _environments(settings: Settings, row: Mapping[str, Any]) -> Iterator[Line]:
    """The environment that the value names, and the one that its account or region belongs to."""
    for one in settings.environments:
        tag = ", ".join(value for value in one.tags.get(row["tag"], ()) if fold(value) == fold(row["value"]))
        placed = [
            f"{kind} {value}"
            for kind, value, values in (
                ("account", row["account"], one.accounts),
                ("region", row["region"], () if one.accounts else one.regions),
            )
            if fold(value) in map(fold, values)
        ]
        said = ", ".join([*([f"{row['tag']} {tag}"] if tag else []), *placed])
        if said:
            line = place_of(settings, ("environments", one.name, "match"), ("environments", one.name))
            yield "policy", f"[environments.{one.name}]", said, "", line


def _allows(rule: ValueRule) -> str:
    said = []
    if rule.allowed:
        said.append(f"allows {', '.join(rule.allowed)}")
    said += [
        f"{name} {value}" for name, value in (("pattern", rule.pattern), ("min", rule.min), ("max", rule.max)) if value
    ]
    return ", ".join([*([] if rule.type == "text" else [f"a {rule.type}"]), *said])


def _suppression(settings: Settings, reason: str) -> str:
    at = next(at for at, one in enumerate(settings.suppress) if one.reason == reason)
    return place_of(settings, ("suppress", at))


_COUNTS_AS = {
    "gap": "gap: no value is read, so it lowers the coverage",
    "tagged": "tagged: a value is read, so it does not lower the coverage",
}
_IN_SCOPES = """
select bit_and(coalesce(copies.scopes, 0)) as scopes
from resource_daily as facts
left join tag_set_copies as copies
    on copies.delivery_id = facts.delivery_id and copies.split_id = facts.tag_set_id
anti join exempt_tags
    on exempt_tags.tag = ? and exempt_tags.delivery_id = facts.delivery_id
    and exempt_tags.tag_set_id = facts.tag_set_id
where facts.x_taggable and {here}
"""
_SAME_SET = "fault.delivery_id = facts.delivery_id and fault.tag_set_id = facts.tag_set_id"
_SAME_PLACE = (
    "fault.sub_account_id is not distinct from facts.sub_account_id "
    "and fault.region_id is not distinct from facts.region_id"
)
