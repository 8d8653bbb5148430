"""Which gaps make a gate fail: those of the causes named, that cost something, are not accepted and not known."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.errors import UsageError
from finops.gaps.causes import causes
from finops.gaps.faults import fill

if TYPE_CHECKING:
    from finops.reader import Ledger

RESIDENCY = "residency"


def parse_causes(texts: Collection[str]) -> list[str]:
    """The causes of `--fail-on`, each option one or several with commas. Raises UsageError for an unknown one."""
    named = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    known = (*causes(), RESIDENCY)
    unknown = next((word for word in named if word not in known), None)
    if unknown is not None:
        raise UsageError(f"there is no cause {unknown}", where="--fail-on", fix=f"one of {', '.join(known)}")
    return list(dict.fromkeys(named))


def read_baseline(path: Path) -> set[str]:
    """The ids of the findings in a file that `tag-gaps` wrote as JSON or CSV. Raises UsageError for another file."""
    try:
        text = path.read_text(encoding="utf-8")
        found = _from_json(text) if text.lstrip().startswith("{") else _from_csv(text)
    except OSError as error:
        raise UsageError(f"the baseline cannot be read: {(error.strerror or '').lower()}", str(path)) from error
    except (ValueError, KeyError, TypeError, RecursionError, csv.Error) as error:
        fix = f"finops tag-gaps --format json -o {path.name}"
        raise UsageError("this is no list of findings that tag-gaps wrote", str(path), fix) from error
    return found


def failing(ledger: Ledger, named: Collection[str], known: Collection[str]) -> list[dict[str, Any]]:
    """Tag, cause, findings and cost of what fails, the dearest first. Without a cause named all of them count.

    Spend outside the regions of a [[residency]] rule is the cause `residency`, with the rule in place of the tag.

    `known` are ids that do not fail. A finding that costs nothing or is suppressed does not either.
    """
    fill(ledger.connection, "failing_causes", ("cause",), [(cause,) for cause in named or (*causes(), RESIDENCY)])
    fill(ledger.connection, "known_findings", ("id",), [(one,) for one in known])
    return ledger.rows(_FAILING)


def open_gaps(ledger: Ledger) -> list[dict[str, Any]]:
    """Every gap that costs something and is not suppressed, the dearest first, spend outside its regions among them."""
    return ledger.rows(_OPEN)


def _from_json(text: str) -> set[str]:
    document = json.loads(text)
    found = [*document["rows"], *document["totals"].get("residency", ())]
    return {str(row["id"]) for row in found}


def _from_csv(text: str) -> set[str]:
    reader = csv.DictReader(text.splitlines())
    if "id" not in (reader.fieldnames or ()):
        raise KeyError("id")
    return {row["id"] for row in reader}


_OPEN = """
select id, tag, cause, account, region, service, resource_id, cost, owner from gap_rows
where suppressed = '' and cost > 0 and counts_as = 'gap'
union all
select id, rule, 'residency', account, region, service, resource_id, cost, '' from residency_rows
where suppressed = '' and cost > 0
order by cost desc, id
"""

_FAILING = """
with
findings as (
    select id, tag, cause, cost, suppressed from gap_rows
    union all
    select id, rule, 'residency', cost, suppressed from residency_rows
)
select tag, cause, count(*) as findings, sum(cost) as cost
from findings
where suppressed = '' and cost > 0
    and cause in (select cause from failing_causes) and id not in (select id from known_findings)
group by tag, cause
order by cost desc, tag, cause
"""
