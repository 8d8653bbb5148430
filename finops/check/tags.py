"""Does every required tag cover what it must, and did any gap come that was not there before?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from finops.check.case import Case
from finops.check.result import Result, no_target, unchecked
from finops.config.place import place
from finops.document import Document
from finops.errors import DataError
from finops.gaps.gate import open_gaps
from finops.tag_gaps import tag_gaps

_LIST = "finops tag-gaps"


def coverage(case: Case) -> Iterator[Result]:
    """One result per required tag: the dollars it covers, in percent of those that can carry a tag."""
    floor = case.settings.check.tag_coverage
    if floor is None:
        yield no_target("coverage", "no coverage is asked for", "tag_coverage = 95 in [check]")
        return
    with case.ledger(period=case.period) as ledger:
        document = tag_gaps(ledger)
        rows = _by_tag(document)
        currency = ledger.currency
    for row in rows:
        yield _covered(case, row, floor, currency)


def _by_tag(document: Document) -> list[dict[str, Any]]:
    table = document.totals["by_tag"]
    return [dict(zip(table.names, row, strict=True)) for row in table.read(None)]


def _covered(case: Case, row: dict[str, Any], floor: Decimal, currency: str) -> Result:
    file, line = place(case.settings, "check", "tag_coverage")
    tag, covered = f"tag:{row['tag']}", row["coverage"]
    if covered is None:
        return unchecked("coverage", DataError("nothing that was charged could carry a tag"), tag)
    # what is compared is exact; the percentage is rounded down for the eye
    breached = 100 * row["tagged_cost"] < floor * row["taggable_cost"]
    lacking = f"{row['gap_cost']:,.2f} of {row['taggable_cost']:,.2f} {currency} have no {row['tag']}"
    return Result(
        "coverage",
        tag,
        "breach" if breached else "ok",
        f"{lacking}: {covered:.2f}% covered",
        value=f"{covered:.2f}%",
        limit=f"{floor}%",
        impact=row["gap_cost"] if breached else Decimal(0),
        source_file=file,
        source_line=line,
        next_step="finops tag-gaps" if breached else "",
    )


def gaps(case: Case) -> Iterator[Result]:
    """Each gap that the earlier run did not have; without an earlier run what there is, by tag and cause."""
    with case.ledger(period=case.period) as ledger:
        tag_gaps(ledger)
        found = open_gaps(ledger)
        currency = ledger.currency
    case.ids.extend(row["id"] for row in found)
    if case.known is None:
        yield from _summed(found, currency)
        return
    new = [row for row in found if row["id"] not in case.known]
    yield from (_new(row, currency) for row in new)
    if not new:
        yield Result("gap", "required tags", "ok", f"none of {len(found):,} gaps is new")


def _summed(found: Sequence[dict[str, Any]], currency: str) -> Iterator[Result]:
    yield no_target("gap", "which gaps are new needs an earlier run", "--baseline FILE, a JSON of finops check")
    groups: dict[str, list[Decimal]] = {}
    for row in found:
        groups.setdefault(_kind(row), []).append(row["cost"])
    for kind, costs in groups.items():
        count = f"{len(costs):,} finding{'s' * (len(costs) > 1)}"
        yield Result("gap", kind, "notice", f"{count}, {sum(costs):,.2f} {currency}", next_step=_LIST)


def _new(row: dict[str, Any], currency: str) -> Result:
    return Result(
        "gap",
        f"{_kind(row)}: {row['resource_id']}",
        "breach",
        f"new since the baseline: {row['cost']:,.2f} {currency} of {row['service']} in {row['account']}",
        impact=row["cost"],
        owner=row["owner"],
        finding=row["id"],
        next_step=_LIST,
    )


def _kind(row: dict[str, Any]) -> str:
    return f"{row['tag']} {row['cause'].replace('_', ' ')}"
