"""When two spellings of a tag key are the same key, and two spellings of a value the same value.

A resource tag `CostCenter` is `resourceTags/user:CostCenter` in a legacy CSV export, the column
`resource_tags_user_cost_center` in Athena Parquet, `user_cost_center` in the map of CUR 2.0, `CostCenter`
in FOCUS and `CostCenter$` in Cost Explorer (AWS: "User-defined tag restrictions", "Tags column").
"""

import re
import unicodedata
from functools import lru_cache

# Behind a slash anything is a key; `resource_tags_` is only the export's own where a kind of tag follows.
_CONTAINER = re.compile(
    r"(?:resourceTags|costCategory|accountTag|userAttribute|iamPrincipal)/|resource_tags_(?=user_|aws_)",
    re.IGNORECASE,
)
_CUSTOMER = re.compile(r"user([:_])", re.IGNORECASE)
_AWS = re.compile(r"aws[:_]", re.IGNORECASE)
_NO_LETTER = re.compile(r"[^a-z0-9]+")


def bare_key(key: str) -> str:
    """A key as its owner typed it, as far as the export tells: no `resourceTags/`, no `user:`, no `$`."""
    key = _without_container(key)
    return _CUSTOMER.sub("", key, count=1) if _CUSTOMER.match(key) else key


def signature(key: str) -> str:
    """What a key is compared by: its letters and digits without case; a key of AWS keeps `aws:`."""
    return signatures(key)[0]


@lru_cache(maxsize=50_000)
def signatures(key: str) -> tuple[str, ...]:
    """All that a key may stand for, likeliest first.

    `user_id` is the tag `id` in CUR 2.0 and the tag `user_id` in FOCUS: both are possible.
    """
    key = _without_container(key)
    customer = _CUSTOMER.match(key)
    stripped = _letters(key[customer.end() :]) if customer else ""
    if customer and stripped:
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
    key = key.casefold()
    if key.isascii():
        return _NO_LETTER.sub("", key)
    # Marks count as letters: without its vowel signs a Thai or Hindi key is another word.
    return "".join(c for c in key if c.isalnum() or unicodedata.category(c).startswith("M"))
