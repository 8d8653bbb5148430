"""Which environment a heading, a key or a label speaks of: `Test/Development Environment (Monthly)` is test and dev."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache

# What a document calls the environments that finops.toml has no word for.
COMMON: Mapping[str, tuple[str, ...]] = {
    "prod": ("prod", "production", "prd"),
    "staging": ("staging", "stage", "stg", "preprod", "pre-prod", "pre-production", "preproduction", "uat"),
    "test": ("test", "tst", "qa"),
    "dev": ("dev", "development", "develop"),
    "sandbox": ("sandbox", "sbx"),
}
_FILLERS = frozenset(
    [
        "environment", "environments", "env", "envs", "account", "accounts", "aws", "cost", "costs", "monthly",
        "annual", "yearly", "daily", "hourly", "estimate", "estimates", "estimated", "estimation", "total",
        "totals", "subtotal", "sum", "stack", "tier", "the", "for", "of", "in", "per", "month", "year",
        "overall", "combined", "our", "and", "or", "infrastructure", "workload", "cluster", "breakdown", "only",
        "grand", "projected", "expected", "spend", "usd", "eur",
    ]
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_PARENTHESES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")

Words = tuple[tuple[str, str], ...]
"""From a word in lower case to the environment it means, as pairs."""


def words_of(named: Mapping[str, Iterable[str]]) -> Words:
    """The words for environments: those of the settings (name -> other words), then the common ones."""
    words: dict[str, str] = {}
    for name, aliases in named.items():
        for word in (name, *aliases):
            words.setdefault(word.strip().casefold(), name)
    for common, spellings in COMMON.items():
        known = next((words[spelling] for spelling in spellings if spelling in words), common)
        for spelling in spellings:
            words.setdefault(spelling, known)
    return tuple(words.items())


@lru_cache(maxsize=10_000)
def environments_in(text: str, words: Words) -> tuple[str, ...]:
    """The environments a text is about, in its order; nothing where they are only mentioned.

    It is about them when, but for words such as `monthly cost of the ... environment`, it begins with them:
    `Production VPC` is, `Before test deployment` is not.
    """
    known = _known(words)
    if text.strip().casefold() in known:
        return (known[text.strip().casefold()],)
    outside = _PARENTHESES.sub(" ", text)
    found: list[str] = []
    for word in _words(outside if outside.strip() else text, known):
        if word in known:
            found.append(known[word])
        elif word not in _FILLERS:
            break
    inside = [known[word] for part in _PARENTHESES.findall(text) for word in _words(part, known) if word in known]
    all_fillers = all(word in _FILLERS for word in _words(outside, known))
    return tuple(dict.fromkeys(found or (inside if all_fillers else [])))


def is_environment(text: str, words: Words) -> bool:
    """Whether a text names environments and says nothing else: `Production (us-east-2)`, not `Test runner`."""
    known = _known(words)
    outside = _words(_PARENTHESES.sub(" ", text), known)
    return all(word in known or word in _FILLERS for word in outside) and bool(environments_in(text, words))


def nearest_environments(texts: Iterable[str], words: Words) -> tuple[str, ...]:
    """The environments of the first text that is about any."""
    return next((found for text in texts if (found := environments_in(text, words))), ())


@cache
def _known(words: Words) -> dict[str, str]:
    return dict(words)


def _words(text: str, known: Mapping[str, str]) -> Iterator[str]:
    """The words in lower case; a hyphen parts them unless the whole is a name of an environment."""
    for found in _WORD.finditer(text):
        word = found[0].casefold()
        yield from (word,) if word in known else word.split("-")
