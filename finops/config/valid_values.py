"""Values of tags that settings name, as the tag policy prints them."""

from finops.config.lines import Path
from finops.config.policy import value_reader
from finops.config.schema import Mismatch, nearest
from finops.config.settings import TagPolicy


def printed_value(value: str, tag: str, path: Path, policy: TagPolicy) -> str:
    """The value as it prints. Raises Mismatch where the policy does not allow it: then nothing would ever match it."""
    rule = policy.values.get(tag)
    printed, _ = value_reader(rule)(value)
    if printed is None:
        fix = nearest(value, rule.allowed) if rule and rule.allowed else None
        raise Mismatch(path, f'"{value}" is no valid value of {tag}, so it never matches', fix)
    return printed
