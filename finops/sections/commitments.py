"""Commitments used and wasted: every one that is held, and the hours of the week in which plans stand idle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from finops.models import model
from finops.output.report_words import cash, money_cell, share, share_cell, span, text_cell
from finops.report.model import Block, Cell, Column, Section, Source, Table
from finops.report.sources import written_out
from finops.report.windows import Window
from finops.sections.attempt import left_out, not_kept
from finops.sections.case import Case

if TYPE_CHECKING:
    from finops.recommend.held import Held
    from finops.usage import Usage

KEY, TITLE = "commitments", "Commitments used and wasted"
_SHOWN = 12
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Unused share of an hour of the week, in percent, from which on it is drawn a step stronger.
_STEPS = (Decimal("0.5"), Decimal(5), Decimal(15), Decimal(30), Decimal(50))
_ZERO = Decimal(0)


class Hour(NamedTuple):
    """One hour of the week over all weeks: what plans were committed to in it, and what usage took."""

    committed: Decimal
    used: Decimal

    @property
    def unused_percent(self) -> Decimal:
        """The part of the commitment that nothing used."""
        return 100 - self.used * 100 / self.committed


def commitments(case: Case) -> Section:
    """The commitments with what nobody used of them; only a Cost and Usage Report tells them."""
    from finops.recommend.held import held
    from finops.usage import open_usage

    if case.is_part:
        return left_out(KEY, TITLE)
    if case.ask.as_of:
        return not_kept(KEY, TITLE)
    reach = Window(case.facts.windows[-1].start, case.facts.windows[0].end)
    with open_usage(case.database, case.ask.export) as usage:
        found = held(usage.connection)
        if not found:
            return Section(KEY, TITLE, ("No Savings Plan and no reservation is on the bill.",))
        hours = _hours(usage, reach) if any(one.is_plan for one in found) else {}
        known = f"{min(one.period for one in usage.deliveries)} to {max(one.period for one in usage.deliveries)}"
    waste = sum((one.unused_cost for one in found), _ZERO)
    text = (
        f"{cash(waste, case.facts.currency)} of commitments were paid for and not used ({known}). "
        "Neither a plan nor a reservation can be given back: run usage it covers in the idle hours."
    )
    blocks = [_map(hours, reach, case.facts.currency)] if hours else []
    return Section(KEY, TITLE, (text,), (*blocks, _held(found, case.facts.currency)))


def _hours(usage: Usage, reach: Window) -> Mapping[tuple[int, int], Hour]:
    """What plans were committed to and what of it was used, by day of the week (0 is Monday) and hour, UTC."""
    rows = usage.connection.execute(_sql(), [_midnight(reach.start), _midnight(reach.end)]).fetchall()
    return {(day, hour): Hour(committed, used) for day, hour, committed, used in rows if committed}


def _sql() -> str:
    return _HOURS.format(model("cur_savings_plan_hours").sql)


def _held_sql() -> str:
    """The queries of what is held: each hour of each plan, and each reservation."""
    plans, reservations = (model(name).sql.strip() for name in ("cur_savings_plan_hours", "cur_reservations"))
    return f"-- Savings Plans\n{plans};\n\n-- reservations\n{reservations};"


def _midnight(day: object) -> datetime:
    return datetime.fromisoformat(str(day)).replace(tzinfo=UTC).replace(tzinfo=None)


def _map(hours: Mapping[tuple[int, int], Hour], reach: Window, currency: str) -> Block:
    told = sorted({hour for _, hour in hours})
    if told == [0]:
        return Block(
            "By hour of the week", ("The export has no hours: in which of them plans stand idle is not known.",)
        )
    columns = (Column("day", "UTC"), *(Column(f"h{hour:02}", f"{hour:02}", "share") for hour in range(24)))
    rows = tuple(
        (Cell(name[:3], name), *(_cell(hours.get((day, hour)), currency) for hour in range(24)))
        for day, name in enumerate(_DAYS)
    )
    source = Source("finops recommend commitments", written_out(_sql(), [_midnight(reach.start), _midnight(reach.end)]))
    text = f"Percent of the Savings Plans' commitment that nothing used, {span(reach)}; the darker, the more."
    table = Table("idle-hours", "Unused commitment by hour of the week", columns, rows, source=source, is_map=True)
    return Block("By hour of the week", (text,), table=table)


def _cell(hour: Hour | None, currency: str) -> Cell:
    if hour is None:
        return Cell("", tone="muted")
    unused = hour.unused_percent.quantize(Decimal("0.0001"))
    told = "0" if unused == 0 else "<1" if unused < 1 else f"{unused:.0f}"
    return Cell(told, unused, heat=sum(unused >= step for step in _STEPS))


def _held(found: Sequence[Held], currency: str) -> Block:
    columns = (
        Column("commitment", "Commitment"),
        Column("account", "Account", "code"),
        Column("utilisation", "Used", "share"),
        Column("cost", "Paid", "money"),
        Column("unused_cost", "Unused", "money"),
        Column("ends", "Ends", "day"),
    )
    rows = tuple(_commitment(one, currency) for one in found[:_SHOWN])
    text = () if len(found) <= _SHOWN else (f"The {_SHOWN} that waste most are shown, of {len(found):,}.",)
    source = Source("finops recommend commitments", _held_sql())
    return Block("What is held", text, table=Table("held", "Commitments that are held", columns, rows, source=source))


def _commitment(one: Held, currency: str) -> tuple[Cell, ...]:
    kind = f"{one.plan_type or one.service} Savings Plan {one.name[:8]}" if one.is_plan else f"{one.name} reservation"
    used = share_cell(one.utilisation)
    return (
        text_cell(kind),
        text_cell(one.account),
        Cell(share(one.utilisation), used.value, meter=used.value),
        money_cell(one.cost, currency),
        money_cell(one.unused_cost, currency),
        Cell(f"{one.end:%Y-%m-%d}", one.end.date()) if one.end else Cell("not told", tone="muted"),
    )


_HOURS = """
with plans as ({})
select
    cast(isodow(charge_period_start) - 1 as integer) as day,
    cast(hour(charge_period_start) as integer) as hour,
    cast(sum(committed_cost) as decimal(38, 10)) as committed,
    cast(sum(used_cost) as decimal(38, 10)) as used
from plans
where charge_period_start >= ? and charge_period_start < ?
group by 1, 2
order by 1, 2
"""
