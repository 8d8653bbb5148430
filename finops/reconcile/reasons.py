"""Why the two sides of a pot differ: an ordered list of tests, each of which takes its part out of the difference.

A test looks at what is still open (row -> ours less theirs) and at what was found before it, and returns what it can
show. What nobody can show is unexplained. So the parts sum to the whole difference, whatever the tests do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations, product

from finops.reconcile.kinds import (
    CHARGES,
    DAILY,
    HOSTS,
    LATE,
    NAMED,
    NOT_DELIVERED,
    NOT_FINAL,
    ROUNDING,
    UNEXPLAINED,
)
from finops.reconcile.pot import HALF_A_CENT, NOTHING, Found, Pot, days_of
from finops.reconcile.sides import Charge, by_service, total

Open = Mapping[str, Decimal]
Test = Callable[[Pot, Open, Sequence[Found]], Iterator[Found]]

# AWS still writes the last days of a month that is open; what is older no longer changes.
_DAYS_IN_FLUX = 3
_LARGEST_SHOWN = 3


def reasons(pot: Pot) -> list[Found]:
    """Every difference of the pot with its reason; they sum to the whole difference, row by row."""
    found: list[Found] = []
    left = {row: ours - theirs for row, (ours, theirs) in pot.sums.items() if ours != theirs}
    for test in TESTS:
        for one in list(test(pot, left, found)):
            found.append(one)
            left[one.kind] -= one.difference
        left = {row: difference for row, difference in left.items() if difference}
    return found


def one_sided(pot: Pot, left: Open, found: Sequence[Found]) -> Iterator[Found]:
    """Only one side has the pot, and why that is was known before."""
    if pot.cause:
        yield from (Found(row, difference, pot.cause, pot.cause_detail) for row, difference in left.items())


def a_fraction_of_a_cent(pot: Pot, left: Open, found: Sequence[Found]) -> Iterator[Found]:
    """Less than any amount that is charged."""
    yield from (Found(row, cost, ROUNDING) for row, cost in left.items() if abs(cost) <= HALF_A_CENT)


def missing_days(pot: Pot, left: Open, found: Sequence[Found]) -> Iterator[Found]:
    """Days that one side has and the other has not: before or after all of its days."""
    common = _common_days(pot)
    if common is None:
        return
    first, last = common
    for row in _daily(left):
        difference = _between(pot, row, lambda day: day < first or day > last)
        if difference:
            yield Found(row, difference, NOT_DELIVERED, f"the other side has {first} to {last}")


def kinds_of_one_side(pot: Pot, left: Open, found: Sequence[Found]) -> Iterator[Found]:
    """A kind of charge that one side has and the other has not at all."""
    for row in left:
        ours, theirs = pot.sums[row]
        if row in NAMED and not (ours and theirs):
            yield Found(row, left[row], row, f"none {_on(pot, ours == 0)}")


def moved(pot: Pot, left: Open, found: Sequence[Found]) -> Iterator[Found]:
    """The same money among other charges: folded into usage, or counted as a fee."""
    absent = {one.kind: one.difference for one in found if one.reason == one.kind}
    hosts = {row: left[row] for row in left if row in HOSTS}
    while choice := next((one for one in _choices(absent, hosts) if _offset(pot, absent, hosts, *one)), None):
        kinds, rows = choice
        yield from _spread({kind: absent.pop(kind) for kind in kinds}, {row: hosts.pop(row) for row in rows})


def left_out_of_the_sum(pot: Pot, left: Open, found: Sequence[Found]) -> Iterator[Found]:
    """Kinds of charge, or a single one of a service, that the other side's one sum does not hold."""
    if CHARGES not in left or not pot.pooled:
        return
    gap, slack = left[CHARGES], HALF_A_CENT * pot.lines(CHARGES)
    whole = {kind: cost for kind, cost in pot.pooled.items() if kind in NAMED and abs(cost) > slack}
    for size in range(1, len(whole) + 1):
        sets = [kinds for kinds in combinations(whole, size) if abs(total(whole[k] for k in kinds) - gap) <= slack]
        if sets:
            for kind in min(sets, key=lambda kinds: abs(total(whole[k] for k in kinds) - gap)):
                yield Found(CHARGES, whole[kind], kind, f"not in {pot.their_name}", shown_as=kind)
            return
    for kind in (kind for kind in NAMED if kind in whole):
        for service, cost in by_service(pot.ours, kind).items():
            if abs(cost - gap) <= HALF_A_CENT:
                yield Found(CHARGES, cost, kind, f"that of {service} is not in {pot.their_name}", shown_as=kind)
                return


def services_of_one_side(pot: Pot, left: Open, found: Sequence[Found]) -> Iterator[Found]:
    """A kind that both sides have, but one of them not for every service: that is all of the difference."""
    for row in left:
        if row not in NAMED or row in LATE:
            continue
        ours, theirs = by_service(pot.ours, row), by_service(pot.theirs, row)
        extra = {name: cost for name, cost in ours.items() if name not in theirs and cost}
        lacking = {name: cost for name, cost in theirs.items() if name not in ours and cost}
        if bool(extra) == bool(lacking):
            continue
        if abs(total(extra.values()) - total(lacking.values()) - left[row]) <= HALF_A_CENT:
            names = ", ".join(sorted(extra or lacking))
            yield Found(row, left[row], row, f"that of {names}: none {_on(pot, bool(lacking))}")


def added_later(pot: Pot, left: Open, found: Sequence[Found]) -> Iterator[Found]:
    """Credits, refunds and support that one side has more of: AWS adds them after a delivery or an invoice."""
    for row in left:
        if row in LATE:
            ours, theirs = pot.sums[row]
            yield Found(row, left[row], row, f"more {_on(pot, abs(ours) > abs(theirs))}; AWS may add it later")


def still_written(pot: Pot, left: Open, found: Sequence[Found]) -> Iterator[Found]:
    """The newest days of a month that is not final, and its tax, which is computed anew with each delivery."""
    if pot.settled:
        return
    if "tax" in left:
        yield Found("tax", left["tax"], NOT_FINAL, "tax is computed anew until the month is final")
    common = _common_days(pot)
    if common is None:
        return
    first, last = max(common[0], common[1] - timedelta(days=_DAYS_IN_FLUX - 1)), common[1]
    for row in _daily(left):
        # what moved to the row stands in its days too
        together = {row, *_moved_with(row, found)}
        difference = total(_between(pot, kind, lambda day: first <= day <= last) for kind in together)
        if difference:
            yield Found(row, difference, NOT_FINAL, f"{first} to {last}: AWS still adds to the newest days")


def estimates(pot: Pot, left: Open, found: Sequence[Found]) -> Iterator[Found]:
    """Lines without an invoice id, held against the invoices they became."""
    if pot.estimated:
        detail = f"{pot.our_name} has no invoice id on these lines: they are estimates"
        yield from (Found(row, cost, NOT_FINAL, detail) for row, cost in left.items())


def rounded(pot: Pot, left: Open, found: Sequence[Found]) -> Iterator[Found]:
    """No more than half a cent for each amount of the invoice."""
    for row, difference in left.items():
        count = pot.lines(row)
        if abs(difference) <= HALF_A_CENT * count:
            yield Found(row, difference, ROUNDING, f"{count} amounts in cents")


def the_rest(pot: Pot, left: Open, found: Sequence[Found]) -> Iterator[Found]:
    """What nothing explains, with the services it comes from where both sides tell services."""
    yield from (Found(row, difference, UNEXPLAINED, _largest(pot, row)) for row, difference in left.items())


TESTS: tuple[Test, ...] = (
    one_sided,
    a_fraction_of_a_cent,
    missing_days,
    kinds_of_one_side,
    moved,
    left_out_of_the_sum,
    services_of_one_side,
    added_later,
    still_written,
    estimates,
    rounded,
    the_rest,
)


def _daily(left: Open) -> list[str]:
    return [row for row in left if row in DAILY]


def _common_days(pot: Pot) -> tuple[date, date] | None:
    ours, theirs = days_of(pot.ours, ("usage",)), days_of(pot.theirs, ("usage",))
    return (max(ours[0], theirs[0]), min(ours[1], theirs[1])) if ours and theirs else None


def _moved_with(row: str, found: Sequence[Found]) -> set[str]:
    """The kinds that moved to a row, and the other rows that hold some of them."""
    kinds = {one.reason for one in found if one.kind == row and one.reason in NAMED}
    return kinds | {one.kind for one in found if one.reason in kinds}


def _between(pot: Pot, kind: str, wanted: Callable[[date], bool]) -> Decimal:
    """Ours less theirs of one kind on the days that are wanted."""
    return _on_days(pot.ours, kind, wanted) - _on_days(pot.theirs, kind, wanted)


def _on_days(charges: Sequence[Charge], kind: str, wanted: Callable[[date], bool]) -> Decimal:
    return total(one.cost for one in charges if one.kind == kind and one.day is not None and wanted(one.day))


def _choices(absent: Open, hosts: Open) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Which kinds may have moved to which rows, the fewest first."""
    sizes = product(range(1, len(absent) + 1), range(1, len(hosts) + 1))
    for kinds, rows in sorted(sizes, key=sum):
        yield from product(combinations(absent, kinds), combinations(hosts, rows))


def _offset(pot: Pot, absent: Open, hosts: Open, kinds: Sequence[str], rows: Sequence[str]) -> bool:
    """Whether what one side has of these kinds is what the other has more of in these rows: in all, or on most days.

    Most days are enough, because a difference of another kind may lie in the same rows.
    """
    gap = total(absent[kind] for kind in kinds) + total(hosts[row] for row in rows)
    if abs(gap) <= HALF_A_CENT * max(pot.lines(row) for row in rows):
        return True
    days = {day for kind in kinds for day, cost in pot.daily.get(kind, {}).items() if cost}
    gaps = (total(pot.daily.get(kind, {}).get(day, NOTHING) for kind in (*kinds, *rows)) for day in days)
    return 2 * sum(abs(gap) <= HALF_A_CENT for gap in gaps) > len(days)


def _spread(kinds: dict[str, Decimal], rows: Open) -> Iterator[Found]:
    """What moved, row by row: the smaller rows as a whole, and in the largest the rest of what moved."""
    *whole, largest = sorted(rows, key=lambda row: abs(rows[row]))
    for row in (*whole, largest):
        open_ = rows[row]
        for kind, cost in list(kinds.items()):
            part = -cost if row == largest or abs(open_) > abs(cost) else open_
            if part:
                yield Found(row, part, kind, f"{kind} is inside {row} on one side")
            open_ -= part
            kinds[kind] = cost + part


def _on(pot: Pot, ours: bool) -> str:
    return f"in {pot.our_name if ours else pot.their_name}"


def _largest(pot: Pot, row: str) -> str:
    ours, theirs = by_service(pot.ours, row), by_service(pot.theirs, row)
    if not any(theirs):
        return ""
    gaps = {name: ours.get(name, NOTHING) - theirs.get(name, NOTHING) for name in {*ours, *theirs}}
    worst = sorted((name for name in gaps if abs(gaps[name]) > HALF_A_CENT), key=lambda name: (-abs(gaps[name]), name))
    shown = ", ".join(f"{name} {gaps[name]:,.2f}" for name in worst[:_LARGEST_SHOWN])
    return shown + (f", {len(worst) - _LARGEST_SHOWN} more" if len(worst) > _LARGEST_SHOWN else "")
