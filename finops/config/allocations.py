"""From the `[[allocate]]` tables of a document to the rules; here is what no schema can say of them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from finops.config.lines import Path
from finops.config.policy import tag_of
from finops.config.schema import DIMENSIONS, METRICS, NO_VALUE, Mismatch, nearest
from finops.config.settings import Allocation, TagPolicy
from finops.config.valid_values import printed_value, printed_values

_ALL = Decimal(100)
_KEYED = ("tag:", "cost_category:")
# Which keys say how a rule divides: what it needs, what it may have.
_FITTING = {"even": ((), ("among",)), "fixed": (("shares",), ()), "proportional": ((), ("by", "among"))}


def allocations(rows: Sequence[Mapping[str, Any]], policy: TagPolicy) -> tuple[Allocation, ...]:
    """The rules in their order. Raises Mismatch when one contradicts itself, the tag policy or another one."""
    rules = tuple(_allocation(row, ("allocate", at), policy) for at, row in enumerate(rows))
    names = [rule.name.casefold() for rule in rules]
    for at, rule in enumerate(rules):
        if rule.name.casefold() in names[:at]:
            what = f'two rules are called "{rule.name}"'
            raise Mismatch(("allocate", at, "name"), what, "each allocated cost names its rule: name them apart")
    return rules


def _allocation(row: Mapping[str, Any], path: Path, policy: TagPolicy) -> Allocation:
    _refuse_unfitting(row, path)
    tags = tuple(_tag(text, (*path, "for"), policy) for text in _texts(row.get("for", ())))
    by = tuple(word.strip() for word in _texts(row.get("by", ())))
    _refuse_by(by, (*path, "by"))
    shares = {value: Decimal(share) for value, share in row.get("shares", {}).items()}
    if shares and sum(shares.values()) != _ALL:
        raise Mismatch((*path, "shares"), f"the shares sum to {sum(shares.values())} percent, not to 100")
    if (shares or "among" in row) and len(tags) != 1:
        what = f"{'shares' if shares else 'among'} names values of a tag: the rule has to be for one tag"
        raise Mismatch(path, what, 'for = "tag:Project"')
    among = tuple(printed_value(value, tags[0], (*path, "among"), policy) for value in row.get("among", ()))
    return Allocation(
        name=row["name"].strip(),
        to=row["to"],
        where=_where(row.get("where", {}), (*path, "where"), policy),
        tags=tags,
        by=by,
        among=tuple(dict.fromkeys(among)),
        shares=_shares(shares, tags, (*path, "shares"), policy),
    )


def _refuse_unfitting(row: Mapping[str, Any], path: Path) -> None:
    needed, allowed = _FITTING[row["to"]]
    for key in needed:
        if not row.get(key):
            raise Mismatch(path, f'to = "{row["to"]}" needs {key}', "shares = { web = 60, data = 40 }")
    for key in ("by", "among", "shares"):
        if key in row and key not in (*needed, *allowed):
            raise Mismatch((*path, key), f'{key} means nothing with to = "{row["to"]}"', f"leave {key} out")


def _refuse_by(by: Sequence[str], path: Path) -> None:
    measures = ("spend", *METRICS)
    for word in by:
        keyed = word.startswith(_KEYED) and word.partition(":")[2].strip()
        if not keyed and word not in (*measures, *DIMENSIONS):
            raise Mismatch(path, f'"{word}" is no metric and no dimension', nearest(word, (*measures, *DIMENSIONS)))
    if len([word for word in by if word in measures]) > 1:
        raise Mismatch(path, "a proportion is taken of one metric", f'by = "{by[0]}"')


def _tag(text: str, path: Path, policy: TagPolicy) -> str:
    kind, _, key = text.strip().partition(":")
    if kind != "tag" or not key.strip():
        raise Mismatch(path, f'"{text}" is no tag', 'for = "tag:Project"')
    return tag_of(policy, key.strip())


def _where(table: Mapping[str, Any], path: Path, policy: TagPolicy) -> dict[str, tuple[str, ...]]:
    where = {key: tuple(_texts(values)) for key, values in table.items()}
    for key, values in where.items():
        if not values:
            raise Mismatch((*path, key), f"{key} has no value, so the rule fits no line", f"leave {key} out")
    for value in where.get("tag", ()):
        if value not in NO_VALUE:
            fix = f'"tag:Project" = "{value}" for a value; known: {", ".join(NO_VALUE)}'
            raise Mismatch((*path, "tag"), f'"{value}" is not what a line without a value says', fix)
    return {key: printed_values(key, values, (*path, key), policy) for key, values in where.items()}


def _shares(shares: Mapping[str, Decimal], tags: Sequence[str], path: Path, policy: TagPolicy) -> dict[str, Decimal]:
    printed: dict[str, Decimal] = {}
    for value, share in shares.items():
        name = printed_value(value, tags[0], (*path, value), policy)
        if name in printed:
            raise Mismatch((*path, value), f'"{value}" and another share mean the same value, {name}')
        printed[name] = share
    return printed


def _texts(value: str | Sequence[str]) -> Sequence[str]:
    return (value,) if isinstance(value, str) else value
