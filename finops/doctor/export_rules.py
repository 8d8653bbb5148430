"""What makes an export a good one; each rule is a row of the table at the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache

from finops.doctor.check import Verdict, ok, problem, several, unchecked
from finops.doctor.exports import Export, LastDelivery, Setup
from finops.engines.layout import Shape, known_columns, squash
from finops.errors import FinopsError
from finops.models import model

CONSOLE = "AWS console, Data Exports"
NEW_ONE = f"{CONSOLE} > Create: CUR 2.0, hourly, with resource IDs, Parquet, overwrite"
# AWS delivers at least once a day; the first delivery comes within a day too.
_LATE_AFTER = timedelta(hours=48)
_BUCKET_POLICY = "let billingreports.amazonaws.com and bcm-data-exports.amazonaws.com write to the bucket"
# AWS's reason -> what to do.
_REPAIRS: Mapping[str, str] = {
    "INSUFFICIENT_PERMISSION": _BUCKET_POLICY,
    "ERROR_PERMISSIONS": _BUCKET_POLICY,
    "ERROR_NO_BUCKET": "create the bucket again, or name another one in the report",
    "BILL_OWNER_CHANGED": f"in the account that pays now: {NEW_ONE}",
    "DEPRECATED": NEW_ONE,
    "INTERNAL_FAILURE": "wait for the next delivery; if it fails too, open a case with AWS Support",
}
_ADD = f"add them to the query ({CONSOLE}, or aws bcm-data-exports update-export)"
# What stands for each other: one of a group is enough.
_GROUPS: Mapping[Shape, tuple[tuple[str, ...], ...]] = {
    "cur": (("resource_tags", "tags"), ("product", "product_product_name")),
    "focus": (("Tags",),),
}


def health(export: Export) -> Verdict:
    """AWS itself calls it healthy."""
    if export.health is None:
        return unchecked("AWS gives no status")
    return (
        problem(f"unhealthy: {export.health}", _repair(export.health)) if export.health else ok("AWS calls it healthy")
    )


def delivered(last: LastDelivery, now: datetime) -> Verdict:
    """The last attempt succeeded, and is not long ago."""
    if last.failure:
        since = f"; the last good one was {last.at:%Y-%m-%d %H:%M} UTC" if last.at else ""
        return problem(f"the last delivery failed: {last.failure}{since}", _repair(last.failure))
    if last.at is None:
        is_new = last.created_at is not None and now - last.created_at < _LATE_AFTER
        said = "nothing was delivered yet"
        return unchecked(f"{said}: AWS takes up to a day", "ask again tomorrow") if is_new else problem(said, CONSOLE)
    said = f"last delivered {last.at:%Y-%m-%d %H:%M} UTC"
    return problem(f"late: {said}", CONSOLE) if now - last.at > _LATE_AFTER else ok(said)


def granularity(export: Export, setup: Setup) -> Verdict:
    """Hourly: commitments and anomalies live in hours."""
    if setup.granularity is None:
        return unchecked("the export does not set TIME_GRANULARITY", "set it to HOURLY")
    if setup.granularity == "HOURLY":
        return ok("HOURLY")
    return problem(f"{setup.granularity}: what happens within a day cannot be told apart", NEW_ONE)


def resource_ids(export: Export, setup: Setup) -> Verdict:
    """Without resource ids nothing is taggable."""
    if setup.has_resources is None:
        return unchecked("the export does not set INCLUDE_RESOURCES", "set it to TRUE")
    if setup.has_resources:
        return ok("included")
    return problem("not included: no cost can be attributed to a tag or a resource", NEW_ONE)


def file_format(export: Export, setup: Setup) -> Verdict:
    """Parquet: smaller, faster, typed."""
    if setup.is_parquet:
        return ok("Parquet")
    return problem("CSV: it is read, but loads slower than Parquet", NEW_ONE)


def versions(export: Export, setup: Setup) -> Verdict:
    """Whether older deliveries stay; where they do not, versioning of the bucket keeps them."""
    if setup.overwrites:
        return ok("each overwrites the one before; see the bucket's versioning")
    return ok("each is kept in a folder of its own")


def closed_months(export: Export, setup: Setup) -> Verdict:
    """Refunds, credits and support fees come after a month is closed."""
    if setup.closed_months_again:
        return ok("delivered again when refunds or credits change them")
    return problem(
        "not delivered again: later refunds, credits and support fees are missed",
        "aws cur modify-report-definition with RefreshClosedReports=true",
    )


def rows(export: Export, setup: Setup) -> Verdict:
    """A query that filters gives a part of the bill."""
    if setup.query is None or not setup.query.filter:
        return ok("all of them")
    return problem(
        f"only those of {setup.query.filter[:60]}: the sums are not the bill's",
        f"take that out of the query ({CONSOLE}, or aws bcm-data-exports update-export)",
    )


def columns(export: Export, setup: Setup) -> Verdict:
    """The columns that the models read and the table could give are in the query."""
    if setup.query is None or export.shape is None:
        return ok("all that AWS has")
    query, shape = setup.query, export.shape
    required = [one.name for one in known_columns(shape) if one.required and not query.gives(one.name)]
    if required:
        return problem(f"without {several(required)} the export is refused", _ADD)
    if isinstance(setup.offered, FinopsError):
        return unchecked(setup.offered)
    lacking = list(_lacking(setup, shape, frozenset(map(squash, setup.offered))))
    if lacking:
        return problem(f"the query leaves out {several(lacking)}", _ADD)
    return ok("all that the models read")


def _lacking(setup: Setup, shape: Shape, offered: frozenset[str]) -> Iterator[str]:
    query = setup.query
    assert query is not None
    for name in _read_by_models(shape):
        if squash(name) in offered and not query.gives(name):
            yield name
    for group in _GROUPS[shape]:
        given = any(query.gives(name) or query.gives_part_of(name) for name in group)
        if not given and any(squash(name) in offered for name in group):
            yield group[0]


@cache
def _read_by_models(shape: Shape) -> tuple[str, ...]:
    words = set(re.findall(r"\w+", model(shape).sql))
    return tuple(one.name for one in known_columns(shape) if one.name in words)


def _repair(reason: str) -> str:
    return next((repair for word, repair in _REPAIRS.items() if word in reason), CONSOLE)


SETUP_RULES: tuple[tuple[str, Callable[[Export, Setup], Verdict]], ...] = (
    ("granularity", granularity),
    ("resource ids", resource_ids),
    ("format", file_format),
    ("deliveries", versions),
    ("closed months", closed_months),
    ("rows", rows),
    ("columns", columns),
)
