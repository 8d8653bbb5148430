"""One row of lifecycle advice: what it is about, what it rests on, its figures as other verbs have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from finops.config.settings import Settings
from finops.document import Column
from finops.recommend.lifecycle_classes import STANDARD
from finops.recommend.lifecycle_usage import Holder
from finops.recommend.row import Class, Recommendation
from finops.recommend.unused import owner_of

MORE = (
    Column("storage_class", shown="never"),
    Column("moved_gb", shown="never"),
    Column("one_off_cost", "money", shown="never"),
    Column("break_even_kib", shown="never"),
)
_EXACT = Decimal("1e-10")
# Versions nobody sees and parts of uploads are billed as Standard too, and what is gone is moved no more.
_IN_STANDARD = ("s3_storage_class", "s3_noncurrent", "s3_multipart")


def row_of(
    holder: Holder,
    settings: Settings,
    kind: str,
    cost: Decimal,
    action: str,
    facts: str,
    basis: str,
    certainty: Class = "needs data",
    more: Mapping[str, Any] | None = None,
) -> Recommendation:
    """Advice about one resource, without a saving so far; `cost` is its current one a month."""
    standard = holder.storage_cost(STANDARD).quantize(_EXACT) if kind in _IN_STANDARD else None
    return Recommendation(
        kind=kind,
        where=(holder.account, holder.region, holder.name),
        account=holder.account,
        region=holder.region,
        service=holder.service,
        resource_id=holder.name,
        owner=owner_of(holder.account, settings),
        current_cost=cost.quantize(_EXACT),
        action=action,
        evidence=facts,
        basis=basis,
        certainty=certainty,
        cost_of=() if standard is None else (holder.account, holder.name, STANDARD),
        open_cost=standard,
        more=more or more_of(None),
    )


def with_saving(
    row: Recommendation,
    saving: Decimal,
    low: Decimal,
    one_off: Decimal | None = None,
    high: Decimal | None = None,
) -> Recommendation:
    """The row with its saving a month and its cost once (None: not known).

    `high` is the most it may save, where that is more than `saving`.
    """
    exact = saving.quantize(_EXACT)
    return replace(
        row,
        saving=exact,
        saving_low=low.quantize(_EXACT),
        saving_high=exact if high is None else high.quantize(_EXACT),
        pay_back_months=None if one_off is None or saving <= 0 else (one_off / saving).quantize(_EXACT),
    )


def more_of(
    storage_class: str | None,
    least_kib: Decimal | None = None,
    gb: Decimal | None = None,
    one_off: Decimal | None = None,
) -> dict[str, Any]:
    """The cells of MORE: the class to move to, the size of object that breaks even, GB moved, cost once."""
    cells = {"moved_gb": gb, "one_off_cost": one_off, "break_even_kib": least_kib}
    exact = {name: None if value is None else value.quantize(_EXACT) for name, value in cells.items()}
    return {"storage_class": storage_class, **exact}


def facts_of(bucket: Holder) -> str:
    """What the bill says of a bucket: its classes, growth, reads and writes."""
    growth = bucket.growth
    grows = f", {growth:+,.1f} GB a month" if growth is not None else ""
    last = bucket.last_day("reads")
    read = f"last read on {last}" if last else f"no object read in {bucket.window.history} loaded days"
    classes = ", ".join(f"{one} {bucket.gb(one):,.1f} GB" for one in bucket.classes)
    return f"{classes}{grows}; {read}; {bucket.written:,.0f} objects written a month"
