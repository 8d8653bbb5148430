"""The reasons of a difference: whatever is planted, the parts are both sides to the last digit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from finops.reconcile.kinds import CHARGE_TYPES, CHARGES, REASONS, UNEXPLAINED
from finops.reconcile.pot import Pot
from finops.reconcile.reasons import reasons
from finops.reconcile.reconcile import lines_of
from finops.reconcile.sides import Charge, total

OURS = [kind for kind in CHARGE_TYPES if kind != CHARGES]
# A few amounts that meet often, and any that a ledger can hold.
AMOUNTS = st.sampled_from(["0", "1", "-1", "0.004", "100", "-100", "0.0000000001"]).map(Decimal) | st.decimals(
    min_value=Decimal("-1e18"), max_value=Decimal("1e18"), places=10
)


def charges(kinds: list[str], days: st.SearchStrategy[date | None]) -> st.SearchStrategy[tuple[Charge, ...]]:
    one = st.builds(
        Charge,
        period=st.just("2026-10"),
        kind=st.sampled_from(kinds),
        cost=AMOUNTS,
        service=st.sampled_from(["AmazonEC2", "AmazonS3"]),
        day=days,
    )
    return st.lists(one, max_size=12).map(tuple)


DAYS = st.dates(date(2026, 10, 24), date(2026, 10, 28))
BY_DAY = st.builds(
    Pot,
    period=st.just("2026-10"),
    ours=charges(OURS, DAYS),
    theirs=charges(OURS, DAYS),
    our_name=st.just("the export"),
    their_name=st.just("Cost Explorer"),
    settled=st.booleans(),
)
BY_INVOICE = st.builds(
    Pot,
    period=st.just("2026-10"),
    ours=charges(OURS, DAYS),
    theirs=charges([CHARGES, "tax", "discount", "marketplace"], st.none()),
    our_name=st.just("the export"),
    their_name=st.just("invoice 42"),
    invoice_id=st.just("42"),
    estimated=st.booleans(),
    in_cents=st.just(True),
    cause=st.sampled_from(["", "", "upfront"]),
)


@settings(max_examples=400, deadline=None)
@given(BY_DAY | BY_INVOICE)
def test_the_rows_are_both_sides_to_the_last_digit_whatever_is_planted(pot: Pot) -> None:
    with localcontext(prec=60):
        lines = list(lines_of(pot))
        assert total(line.ours for line in lines) == total(one.cost for one in pot.ours)
        assert total(line.theirs for line in lines) == total(one.cost for one in pot.theirs)
        assert {line.reason for line in lines} <= {None, *REASONS}
        assert all((line.reason is None) == (line.difference == 0) for line in lines)
        assert {line.kind for line in lines} <= set(CHARGE_TYPES)


@settings(max_examples=100, deadline=None)
@given(charges(OURS, DAYS))
def test_a_side_agrees_with_itself(held: tuple[Charge, ...]) -> None:
    with localcontext(prec=60):
        assert reasons(Pot("2026-10", held, held, "the export", "Cost Explorer")) == []


def pot(ours: dict[str, str], theirs: dict[str, str], **more: object) -> Pot:
    day = date(2026, 10, 5)

    def side(costs: dict[str, str]) -> tuple[Charge, ...]:
        return tuple(
            Charge("2026-10", kind, Decimal(cost), service="S", day=None if more else day)
            for kind, cost in costs.items()
        )

    return Pot("2026-10", side(ours), side(theirs), "the export", "the other", **more)  # type: ignore[arg-type]


def named(of: Pot) -> set[tuple[str, str, Decimal]]:
    return {(one.shown_as or one.kind, one.reason, one.difference) for one in reasons(of)}


def test_two_kinds_that_moved_to_two_rows_are_told_apart_by_size() -> None:
    found = named(
        pot(
            {"usage": "1000", "commitment fee": "100", "discount": "-105", "marketplace": "60"},
            {"usage": "960", "commitment fee": "95"},
        )
    )
    assert found == {
        ("discount", "discount", Decimal(-105)),
        ("marketplace", "marketplace", Decimal(60)),
        ("commitment fee", "discount", Decimal(5)),
        ("usage", "discount", Decimal(100)),
        ("usage", "marketplace", Decimal(-60)),
    }


def test_half_a_cent_is_rounding_and_more_is_not() -> None:
    assert named(pot({"usage": "1.005"}, {"usage": "1"})) == {("usage", "rounding", Decimal("0.005"))}
    assert named(pot({"usage": "1.0050000001"}, {"usage": "1"})) == {("usage", UNEXPLAINED, Decimal("0.0050000001"))}


def test_a_usage_that_one_side_lacks_is_not_named_after_itself() -> None:
    assert named(pot({"usage": "5"}, {"fee": "1"})) == {
        ("usage", UNEXPLAINED, Decimal(5)),
        ("fee", UNEXPLAINED, Decimal(-1)),
    }


def test_the_fewest_kinds_that_fit_are_left_out_of_an_invoice() -> None:
    ours = {"usage": "50", "support": "30", "credit": "-10", "upfront": "20", "refund": "-20"}
    assert named(pot(ours, {CHARGES: "40"}, invoice_id="42")) == {("support", "support", Decimal(30))}
    assert named(pot(ours, {CHARGES: "50"}, invoice_id="42")) == {("upfront", "upfront", Decimal(20))}
    assert named(pot(ours, {CHARGES: "63"}, invoice_id="42")) == {(CHARGES, UNEXPLAINED, Decimal(7))}
