"""The gaps that can be closed today: which resources, which tags they should get, which values are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from finops.config.spellings import bare_key
from finops.gaps.arns import arn_of, tagging_region

if TYPE_CHECKING:
    from finops.reader import Ledger

# A gap that the newest days of the bill no longer show is closed, or its resource is gone.
NEWEST_DAYS = 3
# Bases that say the same of all resources of an account.
BY_ACCOUNT = ("account", "account map")


@dataclass(frozen=True)
class Untagged:
    """A resource to change. `tags` are the values to set, `open_tags` the tags whose value nobody can tell.

    `by_account` are those of `tags` that the account alone tells. `other_keys` are misspelled keys to remove once
    the right one is set, as far as the export keeps their spelling.
    """

    account: str
    region: str
    service: str
    resource_id: str
    arn: str | None
    owner: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    by_account: tuple[str, ...] = ()
    open_tags: tuple[str, ...] = ()
    other_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fixable:
    """What to fix: resources in the order of account, region and id; keys to activate, by payer."""

    resources: tuple[Untagged, ...]
    inactive: Mapping[str, tuple[str, ...]]


def fixable(ledger: Ledger) -> Fixable:
    """The gaps of the newest days that are not suppressed. Needs `gap_rows`."""
    (newest,) = ledger.rows("select max(charge_day) as day from resource_cost")
    since = newest["day"] - timedelta(days=NEWEST_DAYS - 1) if newest["day"] else None
    rows = ledger.rows(_OPEN, [since])
    places: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    inactive: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["cause"] == "key_not_in_export":
            inactive[row["account"]].append(row["tag"])
        else:
            places[row["account"], row["region"], row["service"], row["resource_id"]].append(row)
    return Fixable(
        tuple(_untagged(place, found) for place, found in sorted(places.items())),
        {payer: tuple(sorted(tags)) for payer, tags in sorted(inactive.items())},
    )


def _untagged(place: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Untagged:
    account, region, service, resource_id = place
    # A tag that contradicts its place may be right, and the place wrong: that is for a person to decide.
    known = {row["tag"]: row["suggestion"] for row in rows if row["suggestion"] and row["cause"] != "contradicts"}
    return Untagged(
        account=account,
        region=tagging_region(region),
        service=service,
        resource_id=resource_id,
        arn=arn_of(resource_id, service, account, region),
        owner=next((row["owner"] for row in rows if row["owner"]), ""),
        tags=known,
        by_account=tuple(row["tag"] for row in rows if row["tag"] in known and row["suggestion_basis"] in BY_ACCOUNT),
        open_tags=tuple(sorted({row["tag"] for row in rows} - known.keys())),
        other_keys=tuple(sorted({bare_key(row["key"]) for row in rows if _is_removable(row)})),
    )


def _is_removable(row: Mapping[str, Any]) -> bool:
    # Athena and CUR 2.0 write keys in lower case: what they call user_cost_centre may be spelled in many ways.
    return row["cause"] == "wrong_key" and not row["key"].startswith(("user_", "resource_tags_"))


_OPEN = """
select tag, cause, account, region, service, resource_id, key, suggestion, suggestion_basis, owner
from gap_rows
where suppressed = '' and cause <> 'late' and last_seen >= ?
order by account, region, service, resource_id, tag
"""
