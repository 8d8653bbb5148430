"""What is loaded: every delivery, whether it counts, and what its figures are worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from pathlib import Path

from finops.catalog import Delivery, deliveries, open_catalog
from finops.choose import Chosen, choose, of_another_version
from finops.document import Basis, Column, Document, Rows, span_of

COLUMNS = (
    Column("export"),
    Column("format"),
    Column("period"),
    Column("delivery"),
    Column("files", "count"),
    Column("rows", "count"),
    Column("unblended", "money"),
    Column("final", "flag"),
    Column("loaded_at", "time"),
    Column("note"),
)
METRIC = "unblended"
_FINALITY = {True: "", False: "estimated", None: "finality unknown"}
_OTHER_VERSION = "loaded by another version of finops: finops db upgrade"
_UNVOUCHED = "nothing vouches for completeness"

# (delivery id, payer)
Share = tuple[str, str]


def status(database: Path, period: str | None = None, export: str | None = None) -> Document:
    """One row per loaded delivery, oldest period first; one that does not count says which export does.

    Raises DataError when nothing is loaded, UsageError for an export that is not.
    """
    with open_catalog(database) as catalog:
        everything = choose(catalog, METRIC)
        asked = choose(catalog, METRIC, period, export)
        shares: list[Share] = catalog.execute("select delivery_id, billing_account_id from delivery_payers").fetchall()
    listed = [one for one in deliveries(database) if period in (None, one.period) and export in (None, one.export)]
    counted_from = _counted_from(everything, shares)
    rows = [(*_facts(one), "; ".join(_notes(one, shares, counted_from))) for one in listed]
    return Document(
        command="status",
        basis=_basis(listed, rows),
        rows=Rows.of(COLUMNS, rows),
        totals={"deliveries": len(listed), "rows": sum(one.rows for one in listed)},
        problems=asked.problems,
    )


def _facts(one: Delivery) -> tuple[object, ...]:
    loaded_at = one.loaded_at.replace(tzinfo=UTC)
    return (
        one.export,
        one.format,
        one.period,
        one.delivery,
        one.files,
        one.rows,
        one.unblended,
        one.final,
        loaded_at,
    )


def _notes(one: Delivery, shares: Sequence[Share], counted_from: Mapping[Share, str]) -> Iterator[str]:
    payers = sorted(payer for delivery_id, payer in shares if delivery_id == one.delivery_id)
    counted = {payer: counted_from.get((one.period, payer), one.export) for payer in payers}
    for export in sorted(set(counted.values()) - {one.export}):
        left = [payer for payer, name in counted.items() if name == export]
        yield f"counted from {export}" + ("" if left == payers else f" for payer {', '.join(left)}")
    if of_another_version(one):
        yield _OTHER_VERSION
    if not one.vouched:
        yield _UNVOUCHED
    if word := _FINALITY[one.final]:
        yield word


def _counted_from(chosen: Chosen, shares: Sequence[Share]) -> dict[Share, str]:
    """(period, payer) -> the export it is counted from."""
    counted = {one.delivery_id: one for one in chosen.deliveries}
    return {
        (counted[delivery_id].period, payer): counted[delivery_id].export
        for delivery_id, payer in shares
        if delivery_id in counted and (delivery_id, payer) not in chosen.payers_left_out
    }


def _basis(listed: Sequence[Delivery], rows: Sequence[tuple[object, ...]]) -> Basis:
    start, end = span_of([one.period for one in listed])
    currencies = {one.currency for one in listed}
    ends = [one.last_charge.replace(tzinfo=UTC) for one in listed if one.last_charge]
    finals = {one.final for one in listed}
    return Basis(
        start=start,
        end=end,
        metric=METRIC,
        currency=currencies.pop() if len(currencies) == 1 else None,
        final=False if False in finals else None if None in finals else True,
        as_of=max(ends, default=None),
        deliveries=[_described(one, row[-1]) for one, row in zip(listed, rows, strict=True)],
    )


def _described(one: Delivery, note: object) -> dict[str, object]:
    row = dict(zip((column.name for column in COLUMNS), _facts(one), strict=False))
    del row["files"]
    return row | {"delivery_id": one.delivery_id, "vouched": one.vouched, "note": note}
