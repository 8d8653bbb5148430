"""Parts of the bill that settings name: dimensions with their values, environments by any of their names."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finops.config.lines import Path
from finops.config.policy import tag_of
from finops.config.schema import Mismatch, nearest
from finops.config.settings import Environment, TagPolicy
from finops.config.spellings import fold
from finops.config.valid_values import printed_values

UNMAPPED = "(unmapped)"


def part_where(
    table: Mapping[str, Any], path: Path, words: Mapping[str, str], policy: TagPolicy
) -> dict[str, tuple[str, ...]]:
    """The dimensions of a part of the bill with their values as they print, environments by their names.

    Raises Mismatch for one without a value, and for values that never match.
    """
    where = {key: (values,) if isinstance(values, str) else tuple(values) for key, values in table.items()}
    for key, values in where.items():
        if not values:
            raise Mismatch((*path, key), f"{key} has no value, so it fits no line", f"leave {key} out")
    read = {_key(key, policy): printed_values(key, values, (*path, key), policy) for key, values in where.items()}
    if "environment" in read:
        read["environment"] = tuple(
            known_environment(name, (*path, "environment"), words) for name in read["environment"]
        )
    return read


def _key(key: str, policy: TagPolicy) -> str:
    kind, colon, argument = key.partition(":")
    return f"tag:{tag_of(policy, argument.strip())}" if kind == "tag" else f"{kind}{colon}{argument.strip()}"


def environment_words(environments: Sequence[Environment], policy: TagPolicy) -> dict[str, str]:
    """Everything an environment may be called: its name, its aliases, the tag values it matches and theirs."""
    words = {fold(UNMAPPED): UNMAPPED}
    for one in environments:
        for word in (*one.aliases, *_tag_words(one, policy)):
            words.setdefault(fold(word), one.name)
    # A name is a name, whatever else uses the word.
    return words | {fold(one.name): one.name for one in environments}


def _tag_words(environment: Environment, policy: TagPolicy) -> Iterator[str]:
    for tag, values in environment.tags.items():
        rule = policy.values.get(tag)
        for value in values:
            yield value
            yield from rule.aliases.get(value, ()) if rule else ()


def known_environment(name: str, path: Path, words: Mapping[str, str]) -> str:
    """The environment a word means. Raises Mismatch for a word that means none."""
    known = words.get(fold(name))
    if known is None:
        raise Mismatch(path, f'no environment is called "{name}"', nearest(name, tuple(dict.fromkeys(words.values()))))
    return known
