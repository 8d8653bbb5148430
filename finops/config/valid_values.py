"""Values of tags that settings name, as the tag policy prints them."""

from collections.abc import Sequence

from finops.config.lines import Path
from finops.config.policy import tag_of, value_reader
from finops.config.schema import NO_VALUE, Mismatch, nearest
from finops.config.settings import TagPolicy


def printed_value(value: str, tag: str, path: Path, policy: TagPolicy) -> str:
    """The value as it prints. Raises Mismatch where the policy does not allow it: then nothing would ever match it."""
    rule = policy.values.get(tag)
    printed, _ = value_reader(rule)(value)
    if printed is None:
        fix = nearest(value, rule.allowed) if rule and rule.allowed else None
        raise Mismatch(path, f'"{value}" is no valid value of {tag}, so it never matches', fix)
    return printed


def printed_values(key: str, values: Sequence[str], path: Path, policy: TagPolicy) -> tuple[str, ...]:
    """The values of a dimension as they print: those of a tag by its rule. Raises Mismatch like `printed_value`."""
    if not key.startswith("tag:"):
        return tuple(values)
    tag = tag_of(policy, key.removeprefix("tag:").strip())
    return tuple(value if value in NO_VALUE else printed_value(value, tag, path, policy) for value in values)
