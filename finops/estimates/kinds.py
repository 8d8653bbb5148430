"""What a label says about its figure: a line of cost, a total, a subtotal, or something that is no cost."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal

from finops.estimates.environments import COMMON, Words

Kind = Literal["row", "total", "subtotal", "other"]

_WORDS = re.compile(r"[^\W_]+")
_PARENTHESES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_TOTAL = frozenset({"total", "totals", "sum", "gesamt", "gesamtkosten", "summe", "totaal"})
_TARGET = frozenset({"target", "targets", "goal"})
_NAMED = _TOTAL | _TARGET
_SUBTOTAL = re.compile(r"\bsub-?\s?totals?\b", re.IGNORECASE)
_COST = frozenset({"cost", "costs", "spend", "spending", "price", "bill", "pricing", "kosten"})
_ABOUT_COST = _COST | {"budget", "estimate", "estimated", "expense", "expenses"}
_BESIDE = _COST | frozenset(
    [
        "grand", "monthly", "annual", "yearly", "daily", "hourly", "weekly", "estimated", "estimate",
        "estimates", "est", "overall", "per", "month", "year", "hour", "day", "aws", "infrastructure", "for",
        "the", "of", "combined", "approx", "approximate", "approximately", "usd", "eur", "gbp", "projected",
        "expected", "all", "environments", "environment", "env", "services", "service", "bill", "run", "rate",
        "cloud", "annualized",
    ]
)  # fmt: skip
_NO_COST = re.compile(
    r"\b(?:alert|alerts|alarm|alarms|budget|budgets|threshold|limit|limits|cap|saves?|saved|saving|savings|exceeds?|"
    r"exceeding|avoid(?:s|ed)?|instead|cheaper|reduc\w+|discount\w*|revenue|income|price of|was)\b",
    re.IGNORECASE,
)
_ALTERNATIVE = re.compile(
    r"\b(?:scheduled|schedule|alternative|alternatively|optimi[sz]ed|option [b-z2-9]|reserved|on-demand|spot|24/7|"
    r"24x7|always[- ]on|with savings|savings plans?|best case|worst case|scenario|before|after|current|proposed|"
    r"committed|what if)\b",
    re.IGNORECASE,
)
_VIEW = re.compile(
    r"\b(?:by (?:team|service|category|owner|component|pillar|department)|summary|overview|recap)\b", re.I
)
_MODE = frozenset({"mode", "scenario", "option", "state", "view", "plan", "schedule", "usage pattern", "case"})
_PROVIDERS = re.compile(
    r"\b(?:gcp|google cloud|bigquery|azure|microsoft 365|oracle cloud|oci|alibaba|digitalocean|hetzner|linode|ovh|"
    r"heroku|vercel|netlify|cloudflare|fastly|datadog|new relic|dynatrace|splunk|mongodb atlas|snowflake|databricks|"
    r"confluent|github|gitlab|pagerduty|sentry|twilio|sendgrid|openai|stripe|auth0|okta|supabase)\b",
    re.IGNORECASE,
)


def kind_of(label: str, words: Words = ()) -> Kind:
    """What a label of a table, a list or a YAML entry makes of its figure."""
    if _SUBTOTAL.search(label):
        return "subtotal"
    spoken = [word.casefold() for word in _WORDS.findall(_PARENTHESES.sub(" ", label))]
    if not _NAMED.isdisjoint(spoken) and _expected(words).issuperset(spoken):
        return "total"
    if _TOTAL & {*spoken[:1], *spoken[-1:]}:
        return "subtotal"
    return "other" if _NO_COST.search(label) else "row"


@cache
def _expected(words: Words) -> frozenset[str]:
    """What may stand beside the word for a total: words of cost, and names of environments."""
    common = {word for spellings in COMMON.values() for word in spellings}
    return _BESIDE | _NAMED | common | {word for word, _ in words}


def is_cost_only(label: str) -> bool:
    """Whether a label says no more than that its value is the cost of what is named above it."""
    spoken = {word.casefold() for word in _WORDS.findall(label)}
    return bool(spoken & _COST) and spoken <= _BESIDE


def speaks_of_cost(label: str) -> bool:
    """Whether the value of a label should be a cost."""
    return bool({word.casefold() for word in _WORDS.findall(label.replace("_", " "))} & _ABOUT_COST)


def is_target(label: str) -> bool:
    """Whether a label names a target for cost: `Cost Target`, not `Target CPU`."""
    spoken = {word.casefold() for word in _WORDS.findall(_PARENTHESES.sub(" ", label))}
    return bool(spoken & _TARGET) and spoken <= _TARGET | _BESIDE


def is_no_cost(text: str) -> bool:
    """Whether the words around a figure make it an alarm, a saving or a limit rather than a cost."""
    return bool(_NO_COST.search(text))


def alternative_in(text: str) -> str | None:
    """The word that marks a figure as one of several ways to run the same thing."""
    found = _ALTERNATIVE.search(text)
    return found[0].lower() if found else None


def is_view(heading: str) -> bool:
    """Whether a heading announces money that is counted elsewhere already."""
    return bool(_VIEW.search(heading))


def is_mode(header: str) -> bool:
    """Whether a table's first column lists ways of running one thing, whose costs do not add up."""
    return header.strip().casefold() in _MODE


@lru_cache(maxsize=1024)
def provider_in(text: str) -> str | None:
    """The provider other than AWS that a text names."""
    found = _PROVIDERS.search(text)
    return found[0] if found else None
