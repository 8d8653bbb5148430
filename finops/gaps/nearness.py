"""What a misspelled key or a value that is not allowed most likely stands for; the same answer every time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher

from finops.config.policy import tag_of, value_reader
from finops.config.settings import TagPolicy, ValueRule
from finops.config.spellings import signature

# Measured on pairs of real keys: CostCentre and Owners are nearer than this, Name and Names too, RTO and RPO are not.
_KEYS_ALIKE = 0.85
_SHORTEST_KEY = 4
# A short list is asked for one of its words; free values have to be much more alike.
_ALLOWED_ALIKE = 0.6
_SEEN_ALIKE = 0.8


def near_keys(policy: TagPolicy, tag: str, raw_keys: Iterable[str]) -> list[str]:
    """The keys that mean no tag of the policy and are spelled almost like `tag`, most alike first."""
    wanted = [sign for sign in map(signature, (tag, *policy.keys.get(tag, ()))) if len(sign) >= _SHORTEST_KEY]
    ranked = []
    for raw in raw_keys:
        sign = signature(raw)
        if sign.startswith("aws:") or tag_of(policy, raw) in policy.tags:
            continue
        alike = max((_alike(sign, one) for one in wanted), default=0.0)
        if alike >= _KEYS_ALIKE:
            ranked.append((-alike, raw))
    return [raw for _, raw in sorted(ranked)]


def value_hinter(rule: ValueRule | None, seen: Sequence[str] = ()) -> Callable[[str], str]:
    """A function from a raw value to the valid one it most likely stands for, "" where none is like it.

    `seen` are the valid values of the bill: they are asked where the settings hold no list.
    """
    rule = rule or ValueRule()
    read = value_reader(rule)
    words = {text: value for value, others in rule.aliases.items() for text in (*others, value)}
    words |= {value: value for value in rule.allowed}
    known = words or {value: value for value in seen}
    least = _ALLOWED_ALIKE if words else _SEEN_ALIKE

    def hint(raw: str) -> str:
        printed, state = read(raw)
        if state == "valid" and printed is not None:
            return printed
        return _nearest(raw, known, least)

    return hint


def _nearest(raw: str, known: dict[str, str], least: float) -> str:
    folded = signature(raw)
    ranked = sorted((-_alike(folded, signature(text)), text) for text in known)
    return known[ranked[0][1]] if ranked and -ranked[0][0] >= least else ""


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
