"""When two spellings of a tag key are the same key, and two spellings of a value the same value.

A resource tag `CostCenter` is `resourceTags/user:CostCenter` in a legacy CSV export, the column
`resource_tags_user_cost_center` in Athena Parquet, `user_cost_center` in the map of CUR 2.0, `CostCenter`
in FOCUS and `CostCenter$` in Cost Explorer (AWS: "User-defined tag restrictions", "Tags column").
"""

import re
import unicodedata

_CONTAINER = re.compile(r"(?:resource_?tags|cost_?categor(?:y|ies)|account_?tags?)[/_]", re.IGNORECASE)
_CUSTOMER = re.compile(r"user([:_])", re.IGNORECASE)
_AWS = re.compile(r"aws[:_]", re.IGNORECASE)


def bare_key(key: str) -> str:
    """A key as its owner typed it, as far as the export tells: no `resourceTags/`, no `user:`, no `$`."""
    key = _without_container(key)
    return _CUSTOMER.sub("", key, count=1) if _CUSTOMER.match(key) else key


def signature(key: str) -> str:
    """What a key is compared by: its letters and digits without case; a key of AWS keeps `aws:`."""
    return signatures(key)[0]


def signatures(key: str) -> tuple[str, ...]:
    """All that a key may stand for, likeliest first.

    `user_id` is the tag `id` in CUR 2.0 and the tag `user_id` in FOCUS: both are possible.
    """
    key = _without_container(key)
    customer = _CUSTOMER.match(key)
    if customer and _letters(key[customer.end() :]):
        stripped = _letters(key[customer.end() :])
        return (stripped,) if customer[1] == ":" else (stripped, _letters(key))
    aws = _AWS.match(key)
    if aws:
        return ("aws:" + _letters(key[aws.end() :]),)
    return (_letters(key) or key,)


def snake(key: str) -> str:
    """The name Athena gives a key: capitals split off, all else than letters and digits `_`, lower case."""
    split = re.sub(r"(?<=[^_\W])(?=[A-Z])", "_", key)
    return re.sub(r"_+", "_", re.sub(r"\W", "_", split)).strip("_").lower()


def fold(value: str) -> str:
    """What a value is compared by: trimmed, without case."""
    return value.strip().casefold()


def _without_container(key: str) -> str:
    key = key.strip().removesuffix("$")
    container = _CONTAINER.match(key)
    return key[container.end() :] if container else key


def _letters(key: str) -> str:
    # Marks count as letters: without its vowel signs a Thai or Hindi key is another word.
    kept = (c for c in key.casefold() if c.isalnum() or unicodedata.category(c).startswith("M"))
    return "".join(kept)
