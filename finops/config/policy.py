"""The tag policy applied to one key or one value: which tag a key means, what a value prints as."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NamedTuple

from finops.config.settings import TagPolicy, ValueRule
from finops.config.spellings import bare_key, fold, signature, signatures, snake

State = Literal["valid", "invalid", "blank"]
Reading = tuple[str | None, State]
"""The value as it prints, and whether it counts; a value that is not valid has no printed form."""


class KeyMatch(NamedTuple):
    """A key of an export that carries a tag, and why: spelled so, listed so, or differing in form only."""

    raw_key: str
    rule: Literal["exact", "listed", "variant"]


def tag_of(policy: TagPolicy, key: str) -> str:
    """The tag of the policy that a key means, in the policy's spelling; the key itself when it means none."""
    named = dict.fromkeys((*policy.tags, *policy.keys, *policy.values))
    if key in named:
        return key
    wanted = set(signatures(key))
    for tag in named:
        if wanted & {sign for spelling in (tag, *policy.keys.get(tag, ())) for sign in signatures(spelling)}:
            return tag
    return key


def keys_of(tag: str, spellings: Iterable[str], raw_keys: Iterable[str]) -> list[KeyMatch]:
    """The keys of one delivery that carry a tag, best first.

    The exact spelling (as typed, or as Athena writes it) comes first, then the listed spellings in their
    order, then what differs in case and separators only; equals are in alphabetical order.
    """
    raw_keys = list(raw_keys)
    listed = [set(signatures(spelling)) for spelling in spellings]
    own = set(signatures(tag))
    literal = signatures(tag)[-1]
    # A tag really named `user_id` hides what would only be `id` in the spelling of CUR 2.0.
    named_so = any(signature(raw) == literal for raw in raw_keys)
    ranked = []
    for raw in raw_keys:
        signs = set(signatures(raw))
        places = [at for at, spelling in enumerate(listed) if spelling & signs]
        if places or (signature(raw) == literal if named_so else own & signs):
            ranked.append(_ranked(tag, raw, places))
    return [match for *_, match in sorted(ranked)]


def value_reader(rule: ValueRule | None) -> Callable[[str | None], Reading]:
    """A function that reads raw values by a rule: trimmed, without regard to case, aliases resolved."""
    rule = rule or ValueRule()
    printed = {fold(alias): value for value, aliases in rule.aliases.items() for alias in (value, *aliases)}
    printed |= {fold(value): value for value in rule.allowed}
    pattern = re.compile(rule.pattern) if rule.pattern else None
    typed = _TYPES[rule.type]
    free = not rule.allowed and pattern is None and rule.type == "text"

    def read(raw: str | None) -> Reading:
        value = (raw or "").strip()
        if not value:
            return None, "blank"
        known = printed.get(value.casefold())
        if known is not None:
            return known, "valid"
        if free or (pattern is not None and pattern.fullmatch(value)) or typed(value, rule):
            return value, "valid"
        return None, "invalid"

    return read


def _is_number(value: str, rule: ValueRule) -> bool:
    try:
        return _is_within(Decimal(value), rule) if value.isascii() and "_" not in value else False
    except InvalidOperation:
        return False


def _is_date(value: str, rule: ValueRule) -> bool:
    try:
        return _is_within(date.fromisoformat(value), rule) if _DAY.fullmatch(value) else False
    except ValueError:
        return False


def _is_within(value: Any, rule: ValueRule) -> bool:
    finite = value.is_finite() if isinstance(value, Decimal) else True
    return finite and (rule.min is None or rule.min <= value) and (rule.max is None or value <= rule.max)


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TYPES: dict[str, Callable[[str, ValueRule], bool]] = {
    "text": lambda value, rule: False,
    "number": _is_number,
    "date": _is_date,
}


def _ranked(tag: str, raw: str, places: list[int]) -> tuple[int, int, KeyMatch]:
    # What keeps the case of a key has a colon behind `user`; elsewhere Athena's spelling is all there is.
    exact, bare = [tag, bare_key(tag), *([] if "user:" in raw else [snake(tag)])], bare_key(raw)
    if bare in exact:
        return 0, exact.index(bare), KeyMatch(raw, "exact")
    return (1, places[0], KeyMatch(raw, "listed")) if places else (2, 0, KeyMatch(raw, "variant"))
