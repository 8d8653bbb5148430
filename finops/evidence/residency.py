"""Spend outside the regions of a [[residency]] rule explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from finops.config import today
from finops.config.places import place_of
from finops.dimensions import Clause, needed_joins, where_sql
from finops.evidence.subject import Kind, Subject
from finops.evidence.words import behind, head, or_null, where_it_is
from finops.explain import Line
from finops.gaps.residency import RULE, filters_of, find_elsewhere

if TYPE_CHECKING:
    from finops.reader import Ledger


def _find(ledger: Ledger) -> str | None:
    if not ledger.settings.residency:
        return None
    find_elsewhere(ledger, today())
    return "residency_rows"


def _subject(ledger: Ledger, row: Mapping[str, Any]) -> Subject:
    at = next(at for at, one in enumerate(ledger.settings.residency) if one.reason == row["rule"])
    filters = filters_of(ledger.settings.residency[at])
    joins, condition = needed_joins([one.dimension for one in filters]), where_sql(filters)
    return Subject(
        ledger=ledger,
        rule=RULE,
        id=row["id"],
        cost=row["cost"],
        lines=tuple(_lines(ledger, row, at)),
        rows=Clause(f"{joins.sql} where {condition.sql}", (*joins.params, *condition.params)),
        place={
            "sub_account_id": or_null(row["account"]),
            "region_id": row["region"],
            "x_service_code": or_null(row["service"]),
            "resource_id": or_null(row["resource_id"]),
        },
        days=(row["first_seen"], row["last_seen"]),
    )


RESIDENCY = Kind(RULE, _find, _subject)


def _lines(ledger: Ledger, row: Mapping[str, Any], at: int) -> Iterator[Line]:
    rule = ledger.settings.residency[at]
    allowed = ", ".join(rule.regions)
    yield from head(ledger, RULE, f"{row['resource_id']} is not in {allowed} ({where_it_is(row)})", row)
    yield "policy", "[[residency]]", rule.reason, "", place_of(ledger.settings, ("residency", at))
    for word, values in rule.where.items():
        yield "policy", f"where {word}", ", ".join(values), "", place_of(ledger.settings, ("residency", at, "where"))
    if row["suppressed"]:
        found = next(at for at, one in enumerate(ledger.settings.suppress) if one.reason == row["suppressed"])
        yield "policy", "[[suppress]]", row["suppressed"], "", place_of(ledger.settings, ("suppress", found))
    yield "fix", RULE, "move it to an allowed region, or correct the tag or account that the rule goes by", "", ""
    yield from behind(RULE, "resource_daily")
