"""What finops.toml may hold, as one table, and the one function that holds a document against it."""

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from finops.config.lines import Path


@dataclass(frozen=True)
class Kind:
    """A plain value: how to name it in an error and when a value is one. What may be a secret is not repeated there."""

    says: str
    fits: Callable[[Any], bool]
    secret: bool = False


@dataclass(frozen=True)
class Choices:
    """A list of words out of a fixed set."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table with known keys; a key that starts with `prefix` is known as well."""

    keys: Mapping[str, "Node"]
    needed: tuple[str, ...] = ()
    prefixes: Mapping[str, "Node"] = field(default_factory=dict)


@dataclass(frozen=True)
class Names:
    """A table whose keys are the user's own names."""

    each: "Node"


@dataclass(frozen=True)
class Rows:
    """An array of tables."""

    each: Table


Node = Kind | Choices | Table | Names | Rows


class Mismatch(Exception):
    """A document does not fit: where in it, what is wrong, what to try."""

    def __init__(self, path: Path, what: str, fix: str | None = None) -> None:
        super().__init__(what)
        self.path, self.what, self.fix = path, what, fix


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool) and Decimal(value).is_finite()


def _is_pattern(value: Any) -> bool:
    if not _is_text(value):
        return False
    with warnings.catch_warnings():
        # Python warns of a pattern it may read in another way one day: better refused than changed.
        warnings.simplefilter("error")
        try:
            re.compile(value)
        except (re.error, Warning, OverflowError, RecursionError):
            return False
    return True


def _is_list(value: Any, fits: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(map(fits, value))


TEXT = Kind("a text in quotes", _is_text)
TEXTS = Kind('a list of texts, as in ["a", "b"]', lambda value: _is_list(value, _is_text))
TEXT_OR_TEXTS = Kind("a text in quotes or a list of them", lambda value: _is_text(value) or TEXTS.fits(value))
PATTERN = Kind("a regular expression in quotes", _is_pattern)
MONEY = Kind("an amount of money, 0 or more", lambda value: _is_number(value) and value >= 0)
SHARES = Kind(
    "a list of shares above 0, as in [0.5, 1.0]",
    lambda value: _is_list(value, lambda share: _is_number(share) and share > 0),
)
PERCENT = Kind("a number from 0 to 100", lambda value: _is_number(value) and 0 <= value <= 100)
NUMBER = Kind("a number above 0", lambda value: _is_number(value) and value > 0)
HOURS = Kind("a number of hours above 0", lambda value: _is_number(value) and value > 0)
COUNT = Kind(
    "a whole number, 0 or more", lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0
)
DAY = Kind("a day, as in 2027-01-15", lambda value: isinstance(value, date) and not isinstance(value, datetime))
ENGINE = Kind('"duckdb" or "spark"', lambda value: value in ("duckdb", "spark"))
VALUE_TYPE = Kind('"text", "number" or "date"', lambda value: value in ("text", "number", "date"))
BOUND = Kind("a number or a day", lambda value: _is_number(value) or DAY.fits(value))

GATES = ("budget", "forecast", "variance", "anomaly", "coverage", "gap", "reconcile", "stale")
DIMENSIONS = (
    "billing_period", "month", "week", "day", "payer", "account", "region", "service", "export", "currency",
    "pricing_category", "charge_category", "line_item_type", "usage_type", "resource", "environment",
)  # fmt: skip
WHERE = Table(
    dict.fromkeys(DIMENSIONS, TEXT_OR_TEXTS),
    prefixes={"tag:": TEXT_OR_TEXTS, "cost_category:": TEXT_OR_TEXTS},
)
# What a finding has beside dimensions.
FINDING_WHERE = Table(
    {**WHERE.keys, "subject": TEXT_OR_TEXTS, "tag": TEXT_OR_TEXTS, "cause": TEXT_OR_TEXTS}, prefixes=WHERE.prefixes
)

VALUES = Table(
    {
        "allowed": TEXTS,
        "aliases": Names(TEXTS),
        "pattern": PATTERN,
        "type": VALUE_TYPE,
        "min": BOUND,
        "max": BOUND,
    }
)

# Where a policy of its own may hold: what one line of the bill always tells.
PLACE = Table(dict.fromkeys(("environment", "account", "region", "service"), TEXT_OR_TEXTS))
SCOPE = Table(
    {"where": PLACE, "required": TEXTS, "optional": TEXTS, "values": Names(VALUES)},
    needed=("where",),
)

VIRTUAL = Table({"by": TEXTS, "accounts": Names(TEXT)}, needed=("by",))

METRICS = ("unblended", "net_unblended", "amortized", "net_amortized", "list")
WAYS = ("even", "fixed", "proportional")
# What a row says of a tag when it says no value of it.
NO_VALUE = ("(untagged)", "(untaggable)", "(invalid)")
ALLOCATE = Table(
    {
        "name": Kind(
            "a text in quotes that does not begin with (", lambda value: _is_text(value) and value.strip()[0] != "("
        ),
        "for": TEXT_OR_TEXTS,
        "where": Table({**WHERE.keys, "tag": TEXT_OR_TEXTS}, prefixes=WHERE.prefixes),
        "to": Kind(", ".join(f'"{way}"' for way in WAYS[:-1]) + f' or "{WAYS[-1]}"', lambda value: value in WAYS),
        "by": TEXT_OR_TEXTS,
        "among": TEXTS,
        "shares": Names(Kind("a number of percent above 0", lambda value: _is_number(value) and value > 0)),
    },
    needed=("name", "to"),
)
PERIODS = ("hour", "day", "week", "month", "quarter", "year")
SHARE_OF = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s+of\s+(\S.*?)\s*")
_LIMIT = Kind(
    'an amount of money, 0 or more, or a share as in "30% of production"',
    lambda value: MONEY.fits(value) or (isinstance(value, str) and SHARE_OF.fullmatch(value) is not None),
)
_BUDGET = {
    **dict.fromkeys(PERIODS, _LIMIT),
    "alert": SHARES,
    "forecast_alert": SHARES,
    "metric": Kind(", ".join(METRICS), lambda value: value in METRICS),
    "owner": TEXT,
}
COMMITMENTS = Table(
    {
        "start": DAY,
        "renew_within_days": COUNT,
        "years": Rows(
            Table(
                {
                    "year": COUNT,
                    "share": PERCENT,
                    "terms": Choices(("1yr", "3yr")),
                    "payments": Choices(("No Upfront", "Partial Upfront", "All Upfront")),
                },
                needed=("year", "share"),
            )
        ),
    }
)
_MOVES = ("STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
LIFECYCLE = Table(
    {
        "s3": Rows(
            Table(
                {
                    "name": TEXT,
                    "buckets": TEXTS,
                    "transitions": Table(dict.fromkeys(_MOVES, COUNT)),
                    "expire_days": COUNT,
                    "noncurrent_days": COUNT,
                },
                needed=("name", "buckets"),
            )
        ),
        "logs": Rows(
            Table({"name": TEXT, "groups": TEXTS, "retention_days": COUNT}, needed=("name", "groups", "retention_days"))
        ),
    }
)
PERCENT_OF = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*")
_TARGET = Kind(
    'an amount per unit, 0 or more, or of money a share as in "20%"',
    lambda value: MONEY.fits(value) or (isinstance(value, str) and PERCENT_OF.fullmatch(value) is not None),
)
UNIT_METRIC = Table(
    {
        "where": WHERE,
        "currency": Kind(
            'a currency code, as in "USD"',
            lambda value: isinstance(value, str) and bool(re.fullmatch("[A-Z]{3}", value)),
        ),
        "target": _TARGET,
    }
)
LABEL = Table({"service": TEXT_OR_TEXTS, "usage_type": PATTERN}, prefixes={"tag:": TEXT_OR_TEXTS})

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
# A pasted secret is no name of a variable, and is not repeated by the error that says so.
VARIABLE = Kind(
    "the name of an environment variable, as in SLACK_WEBHOOK_URL",
    lambda value: isinstance(value, str) and _VARIABLE.fullmatch(value) is not None,
    secret=True,
)
_MAIL_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
MAIL_ADDRESS = Kind(
    "a mail address, as in finops@example.com",
    lambda value: isinstance(value, str) and _MAIL_ADDRESS.fullmatch(value) is not None,
)
SECURITY = ("starttls", "tls", "none")
NOTIFY = Table(
    {
        "slack": Table({"url_env": VARIABLE}, needed=("url_env",)),
        "webhook": Table({"url_env": VARIABLE, "token_env": VARIABLE}, needed=("url_env",)),
        "email": Table(
            {
                "host": Kind(
                    "the name of a mail server", lambda value: _is_text(value) and value.isascii() and " " not in value
                ),
                "port": Kind("a port from 1 to 65535", lambda value: COUNT.fits(value) and 1 <= value <= 65535),
                "security": Kind(", ".join(SECURITY), lambda value: value in SECURITY),
                "user_env": VARIABLE,
                "password_env": VARIABLE,
                "from": MAIL_ADDRESS,
                "to": Kind(
                    'a list of mail addresses, as in ["team@example.com"]',
                    lambda value: isinstance(value, list) and bool(value) and all(map(MAIL_ADDRESS.fits, value)),
                ),
            },
            needed=("host", "from", "to"),
        ),
    }
)

DOCUMENT = Table(
    {
        "tags": Table(
            {
                "required": TEXTS,
                "optional": TEXTS,
                "infer_precision": PERCENT,
                "keys": Names(TEXTS),
                "values": Names(VALUES),
                "scope": Rows(SCOPE),
                "virtual": Names(VIRTUAL),
            }
        ),
        "environments": Names(
            Table(
                {
                    "match": Table({"account": TEXTS, "region": TEXTS}, prefixes={"tag:": TEXTS}),
                    "aliases": TEXTS,
                    "estimates": TEXTS,
                    "budget": Table(_BUDGET),
                }
            )
        ),
        "estimates": Table({"labels": Names(LABEL)}),
        "units": Table({"file": TEXT, "metrics": Names(UNIT_METRIC)}, needed=("file",)),
        "owners": Table({"tag": TEXT, "handles": Names(TEXT), "accounts": Names(TEXT)}),
        "check": Table(
            {"fail_on": Choices(GATES), "tag_coverage": PERCENT, "max_age_hours": HOURS, "min_impact": MONEY}
        ),
        "engine": ENGINE,
        "spark": Table({"master": TEXT, "exchange": TEXT, "conf": Names(TEXT)}),
        "ledger": Table({"keep_deliveries": COUNT}),
        "notify": NOTIFY,
        "residency": Rows(
            Table({"where": WHERE, "regions": TEXTS, "reason": TEXT}, needed=("where", "regions", "reason"))
        ),
        "suppress": Rows(
            Table({"rule": TEXT, "where": FINDING_WHERE, "reason": TEXT, "until": DAY}, needed=("rule", "reason"))
        ),
        "planned": Rows(Table({"where": WHERE, "date": DAY, "note": TEXT}, needed=("where", "date"))),
        "anomalies": Table({"min_impact": MONEY, "min_percent": NUMBER, "sigmas": NUMBER}),
        "allocate": Rows(ALLOCATE),
        "budget": Rows(Table({**_BUDGET, "name": TEXT, "where": WHERE}, needed=("name",))),
        "commitments": COMMITMENTS,
        "waste": Table(
            {
                "idle_hours": COUNT,
                "min_saving": MONEY,
                "environments": TEXTS,
                "office_start": COUNT,
                "office_end": COUNT,
                "night_share": PERCENT,
            }
        ),
        "spot": Table({"tolerant": TEXTS, "share": PERCENT, "fallback": PERCENT, "lost_minutes": NUMBER}),
        "lifecycle": LIFECYCLE,
    }
)


def check(value: Any, node: Node = DOCUMENT, path: Path = ()) -> None:
    """Hold a parsed value against its part of the table. Raises Mismatch at the first thing that is wrong."""
    if isinstance(node, Kind):
        _expect(node.fits(value), path, node.says, value, node.secret)
    elif isinstance(node, Choices):
        _expect(TEXTS.fits(value), path, TEXTS.says, value)
        for at, word in enumerate(value):
            if word not in node.words:
                raise Mismatch((*path, at), f'{_dotted(path)} does not know "{word}"', nearest(word, node.words))
    elif isinstance(node, Rows):
        _expect(isinstance(value, list), path, f"an array of tables, written [[{_dotted(path)}]]", value)
        for at, row in enumerate(value):
            check(row, node.each, (*path, at))
    else:
        _expect(isinstance(value, dict), path, "a table", value)
        _check_table(value, node, path)


def nearest(word: str, known: tuple[str, ...]) -> str:
    """What to try instead of an unknown word."""
    near = close_to(word, known)
    return f"did you mean {near}?" if near else "known: " + ", ".join(known)


def close_to(word: str, known: tuple[str, ...], likeness: float = 0.5) -> str | None:
    """The known word most like another one, without regard to case; None when none is like it."""
    from difflib import get_close_matches

    folded = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), folded, n=1, cutoff=likeness)
    return folded[near[0]] if near else None


def _check_table(value: dict[str, Any], node: Table | Names, path: Path) -> None:
    for key, inner in value.items():
        if not key.strip():
            raise Mismatch((*path, key), f"{_dotted(path)} has a name that is blank")
        check(inner, node.each if isinstance(node, Names) else _node_of(key, node, path), (*path, key))
    for key in node.needed if isinstance(node, Table) else ():
        if key not in value:
            raise Mismatch(path, f"{_dotted(path)} needs {key}")


def _node_of(key: str, table: Table, path: Path) -> Node:
    if key in table.keys:
        return table.keys[key]
    for prefix, node in table.prefixes.items():
        if key.startswith(prefix) and key[len(prefix) :].strip():
            return node
    known = (*table.keys, *(prefix + "KEY" for prefix in table.prefixes))
    inside = f" in {_dotted(path)}" if path else ""
    raise Mismatch((*path, key), f'unknown key "{key}"{inside}', nearest(key, known))


def _expect(fits: bool, path: Path, says: str, value: Any, secret: bool = False) -> None:
    if not fits:
        instead = "" if secret else f", not {_shown(value)}"
        raise Mismatch(path, f"{_dotted(path)} has to be {says}{instead}")


def _shown(value: Any) -> str:
    words = {dict: "a table", list: "a list", bool: "true or false"}
    if isinstance(value, list) and value and not any(isinstance(item, dict) for item in value):
        return "[" + ", ".join(_shown(item) for item in value[:3]) + (", ...]" if len(value) > 3 else "]")
    return words.get(type(value)) or (f'"{value}"' if isinstance(value, str) else str(value))


def _dotted(path: Path) -> str:
    return ".".join(part for part in path if isinstance(part, str))
