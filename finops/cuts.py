"""Which marts of a delivery answer a question: Cost Explorer has the same money in several cuts, and no cut has all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finops.catalog import Delivery
from finops.config.policy import tag_of
from finops.config.settings import Settings
from finops.config.spellings import signature
from finops.dimensions import Dimension
from finops.errors import UsageError

# What every cut has.
_ALWAYS = {"billing_period", "month", "week", "day", "payer", "currency", "export"}
# What no cut has. Beside exports that have it, a month of Cost Explorer is (none), as any export without it.
_NEVER = {"region", "pricing_category", "usage_type", "resource"}


def folders(deliveries: Sequence[Delivery], dimensions: Sequence[Dimension], settings: Settings) -> dict[str, str]:
    """Delivery id -> the folder of its marts that has all the dimensions, for the deliveries that have cuts.

    Raises UsageError when Cost Explorer was not asked for a dimension, or not for two of them together.
    """
    words = list(dict.fromkeys(word for one in dimensions for word in _needed(one, settings)))
    cut = [one for one in deliveries if "cuts" in one.layout]
    if len(cut) < len(deliveries):
        words = [word for word in words if word not in _NEVER and not word.startswith("cost_category:")]
    by_environment = any(one.word == "environment" for one in dimensions)
    return {one.delivery_id: _folder(one, words, settings, by_environment) for one in cut}


def _folder(delivery: Delivery, words: Sequence[str], settings: Settings, by_environment: bool) -> str:
    cuts: list[Mapping[str, Any]] = delivery.layout["cuts"]
    having = {str(cut["folder"]): _keys(cut["dimensions"], settings) for cut in cuts}
    wanted = _keys(words, settings)
    for folder, keys in having.items():
        if wanted <= keys:
            return folder
    unknown = [word for word in words if not _keys([word], settings) <= set().union(*having.values())]
    what = ", ".join(unknown) or f"{' and '.join(words)} together"
    raise _not_asked(delivery, f"{what} (needed for the environment)" if by_environment else what, unknown)


def _needed(one: Dimension, settings: Settings) -> Iterator[str]:
    """The dimensions a cut must have for this one."""
    if one.word != "environment":
        yield from [] if one.word in _ALWAYS else [one.word]
        return
    for environment in settings.environments:
        yield from (f"tag:{tag}" for tag in environment.tags)
        yield from ["account"] if environment.accounts else []
        yield from ["region"] if environment.regions else []


def _keys(words: Sequence[str], settings: Settings) -> set[str]:
    """Dimensions as they are compared: a tag by the letters and digits of the key it means."""
    tags = {word: word.removeprefix("tag:") for word in words if word.startswith("tag:")}
    return {f"tag:{signature(tag_of(settings.tags, tags[word]))}" if word in tags else word for word in words}


def _not_asked(delivery: Delivery, what: str, unknown: Sequence[str]) -> UsageError:
    first = ", ".join(cut["dimensions"][0] for cut in delivery.layout["cuts"])
    tag = next((word.removeprefix("tag:") for word in unknown if word.startswith("tag:")), None)
    fix = f"name {tag} in [tags] required and run finops ingest ce" if tag else "load an export: it has all dimensions"
    where = f"{delivery.export} {delivery.period} has service with one of {first}"
    return UsageError(f"Cost Explorer was not asked for {what}", where, fix)
