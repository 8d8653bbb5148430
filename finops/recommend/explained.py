"""A piece of advice explained: lines of the bill, prices, arithmetic, its place, what would make it wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.document import Basis, Column, Document, Rows
from finops.errors import UsageError
from finops.explain import COLUMNS, Line
from finops.paths import pricing_dir
from finops.prices import own_folder
from finops.recommend.everything import Everything
from finops.recommend.grounds import Grounds, Lines, Quote, statements, summed
from finops.recommend.grounds_of import grounds_of
from finops.recommend.kinds import STEPS, kind_of
from finops.recommend.row import Recommendation

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.prices import PriceBook
    from finops.usage import Usage

_LINES = (Column("name"), Column("line_items", "count"), Column("cost", "money"), Column("sql"))
_PRICES = (
    Column("name"),
    Column("service"),
    Column("region"),
    Column("kind"),
    Column("sku_key"),
    Column("price", "rate"),
    Column("unit"),
    Column("currency"),
    Column("basis"),
    Column("as_of"),
    Column("source"),
)
# Prices shown to a person; JSON has all.
_PRICES_SHOWN = 12


def explained(usage: Usage, found: Everything, settings: Settings, book: PriceBook, name: str) -> Document | None:
    """The advice whose id begins with `name`; None where no verb prints such a one. Raises UsageError for several."""
    rows = {row.id: row for row in found.told if row.id.startswith(name)}
    rows = {name: rows[name]} if name in rows else rows
    if not rows:
        return None
    if len(rows) > 1:
        raise UsageError(f"several pieces of advice begin with {name}", "recommend", f"one of {', '.join(rows)}")
    (row,) = rows.values()
    grounds = grounds_of(row, found, usage, settings, book)
    sums = [(one, *summed(usage, one)) for one in grounds.lines]
    start, end = found.loaded
    return Document(
        command="explain",
        basis=Basis(start.date(), end.date(), None, usage.currency, usage.final, end, usage.described),
        rows=Rows.of(COLUMNS, [*_lines(row, found, usage, grounds, sums)]),
        totals=_totals(row, usage, grounds, sums),
        problems=usage.problems,
        folded=frozenset({"prices", "lines"}),
    )


Summed = tuple[Lines, int, Decimal]


def _lines(
    row: Recommendation, found: Everything, usage: Usage, grounds: Grounds, sums: Sequence[Summed]
) -> Iterator[Line]:
    yield from _head(row)
    yield from _figures(row, usage.currency)
    for one, count, cost in sums:
        items = f"{count:,} line item{'' if count == 1 else 's'}"
        yield "line items of the bill", one.name, f"{items}, {_exact(cost)} {usage.currency} {one.amount}", "", ""
    for quote in grounds.quotes[:_PRICES_SHOWN]:
        yield "prices", quote.name, _in_words(quote), "", _path(quote, usage)
    if len(grounds.quotes) > _PRICES_SHOWN:
        yield "prices", f"{len(grounds.quotes) - _PRICES_SHOWN:,} more", "--format json has all of them", "", ""
    for name, text in grounds.steps:
        yield "arithmetic", name, text, "", ""
    yield from _sequence(row, found)
    yield "wrong if", row.kind, kind_of(row.kind).wrong_if, "", ""
    yield from _sql(usage, grounds)


def _head(row: Recommendation) -> Iterator[Line]:
    yield "advice", row.kind, row.action, "", ""
    yield "advice", "id", row.id, "", ""
    place = (row.service, row.region, f"account {row.account}" if row.account else "", row.resource_id)
    yield "advice", "about", ", ".join(one for one in place if one) or "all accounts", "", ""
    yield "advice", "how sure", f"{row.certainty}, confidence {row.confidence}; effort {row.effort}", "", ""
    yield "advice", "evidence", row.evidence, "", ""


def _figures(row: Recommendation, currency: str) -> Iterator[Line]:
    for name in ("current_cost", "saving", "saving_low", "saving_high", "saving_in_sequence"):
        value = getattr(row, name)
        text = "not known" if value is None else f"{_exact(value)} {currency} a month"
        yield "figures", name, text if name != "saving_in_sequence" or value is not None else "none", "", ""
    yield "figures", "basis", row.basis, "", ""


def _exact(value: Decimal) -> str:
    """A sum with all its decimals, at least the cents."""
    whole, _, decimals = f"{value:,.10f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def _in_words(one: Quote) -> str:
    if one.own is not None:
        own = one.own
        made = f"{own.cost.normalize():f} for {own.quantity.normalize():,f} {own.unit}"
        return f"{own.rate.normalize():f} {own.currency} per {own.unit}: own rate, {made}"
    if one.listed is None:
        return "not known: neither the bill nor a price list of the region has it"
    row = one.listed
    return f"{row.price:f} {row.currency} per {row.unit}: price list {row.as_of}, {row.sku_key}; {row.source}"


def _path(one: Quote, usage: Usage) -> str:
    """The file a listed price stands in: the user's own, where that has it."""
    if one.listed is None:
        return ""
    file = f"{one.listed.service}/{one.listed.as_of}.csv"
    own = own_folder(usage.database) / file
    ours = pricing_dir() / file
    return f"pricing/{file}" if ours.exists() or not own.exists() else str(own)


def _sequence(row: Recommendation, found: Everything) -> Iterator[Line]:
    kind = kind_of(row.kind)
    yield "sequence", "step", f"{kind.place + 1} of {len(STEPS)}, {kind.step}: {', '.join(STEPS)}", "", ""
    for one in found.told:
        if one.id != row.id and row.cost_of and one.cost_of == row.cost_of:
            saved = "nothing" if one.saving_in_sequence is None else f"{one.saving_in_sequence:,.2f} a month"
            yield "sequence", one.kind, f"the same cost: takes {saved} in sequence; {one.id}", "", ""
    if row.saving_in_sequence is None:
        yield "sequence", "not taken", _why_not(row), "", ""
    elif row.more.get("commitment_in_sequence") is not None:
        hourly = row.more["commitment_in_sequence"]
        yield "sequence", "commitment", f"{hourly} an hour, once all other advice is taken", "", ""


def _why_not(row: Recommendation) -> str:
    takes = kind_of(row.kind).takes
    if row.saving is None:
        return "it has no figure"
    if takes == "none":
        return "what is held cannot be given back: its waste ends with its term, or when something uses it"
    if takes == "rate":
        return "another family for the same usage saves more"
    return "moving it alone would lose" if row.kind == "spot" else "another offer or window is what is advised"


def _sql(usage: Usage, grounds: Grounds) -> Iterator[Line]:
    """Statements over the stored rows for DuckDB's own shell, a line of SQL on a line of its own to be copied."""
    for one in grounds.lines:
        for text in statements(usage, one):
            for line in text.splitlines():
                yield f"{one.name}, in: duckdb", "", "", line, ""


def _totals(row: Recommendation, usage: Usage, grounds: Grounds, sums: Sequence[Summed]) -> dict[str, Any]:
    return {
        "rule": row.kind,
        "id": row.id,
        "saving": row.saving,
        "saving_in_sequence": row.saving_in_sequence,
        "lines": Rows.of(
            _LINES, [(one.name, count, cost, "\n".join(statements(usage, one))) for one, count, cost in sums]
        ),
        "prices": Rows.of(_PRICES, [_cells(one) for one in grounds.quotes]),
    }


def _cells(one: Quote) -> tuple[Any, ...]:
    service, region, usage_type, _ = one.usage
    if one.own is not None:
        own = one.own
        return (
            one.name,
            service,
            region,
            "on_demand",
            usage_type,
            own.rate,
            own.unit,
            own.currency,
            "own rate",
            None,
            "",
        )
    if one.listed is None:
        return (one.name, service, region, "", usage_type, None, "", "", "unknown", None, "")
    row = one.listed
    basis = f"price list {row.as_of}"
    told = (row.service, row.region, row.kind, row.sku_key, row.price, row.unit, row.currency)
    return (one.name, *told, basis, row.as_of, row.source)
