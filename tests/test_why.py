"""Why cost changed: each effect worked out by hand, all of them together exact, whatever the ledger holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.errors import DataError, FinopsError, UsageError
from finops.output.why_document import document
from finops.variance.why.answer import Answer, tie, why
from finops.variance.why.effects import Effect
from finops.variance.why.families import family
from finops.variance.why.moves import divided
from finops.variance.why.parts import Change, parts_of, together
from finops.variance.why.spans import Asked, spans
from tests.why_ledger import ENVIRONMENTS, Line, why_ledger

BEFORE, AFTER = date(2026, 10, 5), date(2026, 10, 6)
DAY = Asked(start=AFTER, end=date(2026, 10, 7))
SPAN_DAYS = (date(2026, 10, 1), date(2026, 10, 8), date(2026, 10, 15))


def changes(lines: Sequence[Line], asked: Asked = DAY, **how: Any) -> dict[tuple[str, str, str], Decimal]:
    """(environment, effect, resource or usage type) -> what it changed, zero left out."""
    found: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for effect in why(why_ledger(lines, **how), asked).largest():
        key = effect.cell.resource or effect.cell.usage_type or effect.cell.service
        found[effect.cell.split, effect.name, key] += effect.change
    return {key: change for key, change in found.items() if change}


def d(text: str) -> Decimal:
    return Decimal(text)


def test_usage_is_told_at_the_price_before_and_price_at_the_usage_after() -> None:
    # 24 h at 0.10, then 12 h at 0.11: (12 - 24) x 0.10 = -1.20 and (0.11 - 0.10) x 12 = 0.12.
    lines = [Line(BEFORE, "2.40", "24"), Line(AFTER, "1.32", "12")]
    assert changes(lines) == {("prod", "usage", "i-1"): d("-1.20"), ("prod", "price", "i-1"): d("0.12")}


def test_a_resource_of_one_span_is_new_or_gone() -> None:
    lines = [Line(BEFORE, "2.40", "24", "i-old"), Line(AFTER, "4.80", "24", "i-new"), Line(AFTER, "0", "0", "i-old")]
    assert changes(lines) == {
        ("prod", "gone_resource", "i-old"): d("-2.40"),
        ("prod", "new_resource", "i-new"): d("4.80"),
    }


def test_another_size_of_the_same_hours_is_mix() -> None:
    # 24 h of large at 0.10 become 24 h of xlarge at 0.20: no more hours, each 0.10 dearer.
    lines = [Line(BEFORE, "2.40", "24"), Line(AFTER, "4.80", "24", x_usage_type="BoxUsage:m5.xlarge")]
    assert changes(lines) == {("prod", "mix", "i-1"): d("2.40")}


def test_growth_and_mix_of_a_family_are_told_apart() -> None:
    # Without a resource, two regions: 10 at 1 and 10 at 3, so a family at 2; then 10 and 30.
    # usage: 20 more at 2 = 40. mix: 1 x 10 + 3 x 30 - 40 x 2 = 20. price: the second region 0.5 dearer x 30 = 15.
    def line(day: date, cost: str, quantity: str, region: str) -> Line:
        usage_type = f"{region}-Requests-Tier1"
        return Line(day, cost, quantity, None, usage_type, pricing_unit="Requests", region_id=region)

    lines = [line(BEFORE, "10", "10", "USE1"), line(BEFORE, "30", "10", "USW2")]
    lines += [line(AFTER, "10", "10", "USE1"), line(AFTER, "105", "30", "USW2")]
    found: dict[str, Decimal] = defaultdict(Decimal)
    for (_, effect, _), change in changes(lines).items():
        found[effect] += change
    assert found == {"usage": 40, "mix": 20, "price": 15}


def test_a_family_that_only_grows_has_no_mix() -> None:
    cheap = [Line(day, cost, cost, None, "TimedStorage-ByteHrs") for day, cost in ((BEFORE, "10"), (AFTER, "15"))]
    dear = [
        Line(day, cost, quantity, None, "TimedStorage-SIA-ByteHrs")
        for day, cost, quantity in ((BEFORE, "60", "20"), (AFTER, "90", "30"))
    ]
    assert {key[1] for key in changes([*cheap, *dear])} == {"usage"}


def test_units_are_never_added() -> None:
    hours = [Line(BEFORE, "1", "10", None, "Host"), Line(AFTER, "2", "20", None, "Host")]
    months = [Line(day, "5", "5", None, "Host", pricing_unit="Mo") for day in (BEFORE, AFTER)]
    assert changes([*hours, *months]) == {("prod", "usage", "Host"): 1}


def test_less_of_the_same_usage_under_a_plan_is_commitment_not_price() -> None:
    # All of 24 h under the plan at 0.07; then only 12 h, the rest on demand at 0.10. On-demand cost is 2.40 both days,
    # the discount falls from 0.72 to 0.36. The plan's unused rest rises from 0.30 to 1.00.
    covered = {"x_line_item_type": "SavingsPlanCoveredUsage", "pricing_category": "Committed"}
    fee = {"x_line_item_type": "SavingsPlanRecurringFee", "x_charge_type": "commitment fee", "quantity": "1"}
    lines = [
        Line(BEFORE, "2.40", "24", amortized="1.68", **covered),
        Line(AFTER, "1.20", "12", amortized="0.84", **covered),
        Line(AFTER, "1.20", "12"),
        Line(BEFORE, "2", resource_id="plan", amortized="0.30", **fee),
        Line(AFTER, "2", resource_id="plan", amortized="1.00", **fee),
    ]
    assert changes(lines) == {("prod", "commitment", "i-1"): d("0.36"), ("prod", "commitment", "plan"): d("0.70")}


def test_in_cash_a_plan_is_its_fee_less_what_it_takes_back() -> None:
    negation = {"x_line_item_type": "SavingsPlanNegation", "pricing_category": "Committed", "resource_id": None}
    lines = [
        Line(BEFORE, "2.40", "24"),
        Line(AFTER, "2.40", "24", x_line_item_type="SavingsPlanCoveredUsage", pricing_category="Committed"),
        Line(AFTER, "-2.40", "24", **negation),
        Line(AFTER, "2", None, "plan", x_charge_type="commitment fee"),
    ]
    found = changes(lines, metric="unblended")
    assert found == {("prod", "commitment", "BoxUsage:m5.large"): d("-2.40"), ("prod", "commitment", "plan"): 2}


def test_hours_under_a_reservation_count_at_the_public_price() -> None:
    reserved = {"x_line_item_type": "DiscountedUsage", "pricing_category": "Committed", "amortized": "1.50"}
    lines = [Line(BEFORE, "2.40", "24"), Line(AFTER, "0", "24", listed="2.40", **reserved)]
    assert changes(lines) == {("prod", "commitment", "i-1"): d("-0.90")}


def test_what_a_new_resource_saves_by_a_commitment_is_told_apart() -> None:
    covered = {"x_line_item_type": "SavingsPlanCoveredUsage", "pricing_category": "Committed"}
    lines = [Line(BEFORE, "1", "1", "i-0"), Line(AFTER, "1", "1", "i-0")]
    lines.append(Line(AFTER, "2.40", "24", "i-new", amortized="1.68", **covered))
    assert changes(lines) == {("prod", "new_resource", "i-new"): d("2.40"), ("prod", "commitment", "i-new"): d("-0.72")}


def test_a_resource_that_changes_its_tag_moves_and_nothing_else() -> None:
    lines = [Line(BEFORE, "2.40", "24"), Line(AFTER, "2.64", "24", environment="dev")]
    assert changes(lines) == {
        ("prod", "tag_move", "i-1"): d("-2.40"),
        ("dev", "tag_move", "i-1"): d("2.40"),
        ("dev", "price", "i-1"): d("0.24"),
    }


def test_a_resource_that_changes_its_tag_within_the_span_moves_in_part() -> None:
    # Of 3 after, a third is left in prod: of 2.40 before, 1.60 go to dev.
    lines = [
        Line(BEFORE, "2.40", "24"),
        Line(AFTER, "1", "10"),
        Line(AFTER, "2", "20", environment="dev"),
    ]
    found = changes(lines)
    assert found["prod", "tag_move", "i-1"] == -found["dev", "tag_move", "i-1"] == d("-1.60")


def test_resized_and_moved_at_once_is_a_move_and_a_mix() -> None:
    lines = [
        Line(BEFORE, "2.40", "24"),
        Line(AFTER, "4.80", "24", x_usage_type="BoxUsage:m5.xlarge", environment="dev"),
    ]
    assert changes(lines) == {
        ("prod", "tag_move", "i-1"): d("-2.40"),
        ("dev", "tag_move", "i-1"): d("2.40"),
        ("dev", "mix", "i-1"): d("2.40"),
    }


def test_charges_that_are_no_usage_have_rows_of_their_own() -> None:
    kinds = {"credit": "-3", "refund": "-1", "tax": "0.5", "support": "100", "fee": "14", "upfront": "9",
             "discount": "-2", "marketplace": "7", "(unclassified)": "4"}  # fmt: skip
    lines = [Line(BEFORE, "1"), Line(AFTER, "1")]
    lines += [Line(AFTER, cost, None, None, kind, x_charge_type=kind) for kind, cost in kinds.items()]
    assert {(effect, change) for (_, effect, _), change in changes(lines).items()} == {
        ("credit", -3), ("refund", -1), ("tax", d("0.5")), ("support", 100), ("fee", 14), ("fee", 9),
        ("discount", -2), ("marketplace", 7), ("unclassified", 4),
    }  # fmt: skip


def test_more_days_of_the_same_are_an_effect_of_their_own() -> None:
    # 2 days at 2.40, then 3 days: 2.40 more. Nobody used more in a day.
    lines = [Line(date(2026, 10, day), "2.40", "24") for day in range(1, 6)]
    lines += [Line(date(2026, 10, day), "9", None, None, "Tax", x_charge_type="tax", x_is_long=True) for day in (1, 3)]
    asked = Asked(start=date(2026, 10, 3), end=date(2026, 10, 6), against="2026-10-01..2026-10-03")
    ledger = why_ledger(lines)
    assert changes(lines, asked) == {("prod", "days", "i-1"): d("2.40")}
    assert [one.code for one in why(ledger, asked).problems] == ["unequal_days"]


@pytest.mark.parametrize(("days", "change"), [(61, "0"), (40, "-0.0107526882")])
def test_a_month_of_storage_costs_the_same_however_many_days_it_has(days: int, change: str) -> None:
    # 1 GB-Mo is spread over the hours of its month: 1/30 a day in September, 1/31 in October; ten days differ by
    # 10/31 - 10/30, which nobody used less.
    lines = [
        Line(day, part, part, "vol-1", "EBS:VolumeUsage.gp3", pricing_unit="GB-Mo")
        for day in (date(2026, 9, 1) + timedelta(days=n) for n in range(days))
        for part in ["0.0333333333" if day.month == 9 else "0.0322580645"]
    ]
    found = changes(lines, Asked(period="2026-10"))
    assert abs(found.get(("prod", "days", "vol-1"), Decimal(0)) - d(change)) < d("1e-8")
    assert abs(found.get(("prod", "usage", "vol-1"), Decimal(0))) < d("1e-8")


def test_prices_that_differ_only_by_how_a_bill_rounds_are_one_price() -> None:
    lines = [Line(BEFORE, "0.3333333333", "10"), Line(AFTER, "0.6666666667", "20")]
    assert changes(lines) == {("prod", "usage", "i-1"): d("0.3333333334")}


@pytest.mark.parametrize("quantity", [None, "0", "-1"])
def test_cost_without_a_quantity_has_no_price_and_says_so(quantity: str | None) -> None:
    lines = [Line(BEFORE, "2.40", quantity), Line(AFTER, "5", "24")]
    assert changes(lines) == {("prod", "not_separable", "i-1"): d("2.60")}


def test_marts_without_quantities_still_tell_what_is_new_and_gone() -> None:
    lines = [Line(BEFORE, "1"), Line(AFTER, "3"), Line(AFTER, "2", resource_id="i-new")]
    found = why(why_ledger(lines, quantities=False), DAY)
    assert {(one.name, one.change) for one in found.largest()} == {("not_separable", 2), ("new_resource", 2)}
    assert [one.code for one in found.problems] == ["quantities_unknown"]


def test_of_cost_explorer_nothing_is_invented() -> None:
    none = {"resource_id": None, "x_usage_type": None, "quantity": None, "region_id": None}
    lines = [Line(BEFORE, "1", **none), Line(AFTER, "3", **none), Line(AFTER, "2", x_charge_type="tax", **none)]
    lines.append(Line(AFTER, "2", x_charge_type="(unclassified)", **none))
    found = why(why_ledger(lines, form="Cost Explorer"), DAY)
    assert {(one.name, one.change) for one in found.largest()} == {("not_separable", 4), ("tax", 2)}
    assert [one.code for one in found.problems] == ["not_separable"]


def test_an_answer_that_does_not_add_up_is_never_given() -> None:
    found = why(why_ledger([Line(BEFORE, "1"), Line(AFTER, "3")]), DAY)
    cells = [one.cell for one in found.effects]
    tie(cells[:1], found.effects, found.sums)
    with pytest.raises(FinopsError, match="do not add up"):
        tie(cells[:1], found.effects, [Change("prod", Decimal(1), d("3.0000000001"))])
    with pytest.raises(FinopsError, match="do not add up"):
        tie(cells[:1], (), found.sums)
    lost = Effect("tag_move", cells[0]._replace(split="dev"), Decimal(0), Decimal(1))
    with pytest.raises(FinopsError, match="moved"):
        tie(cells[:1], (*found.effects, lost), found.sums)


@pytest.mark.parametrize(
    ("usage_type", "name"),
    [
        ("USE2-BoxUsage:m5.large", "BoxUsage"),
        ("BoxUsage", "BoxUsage"),
        ("EUC1-Multi-AZUsage:db.r5.large", "Multi-AZUsage"),
        ("EU-EBS:VolumeUsage.gp3", "EBS:VolumeUsage"),
        ("APN1-TimedStorage-SIA-ByteHrs", "TimedStorage"),
        ("USE1-Fargate-ARM-vCPU-Hours:perCPU", "Fargate vCPU"),
        ("USE1-Fargate-vCPU-Hours:perCPU", "Fargate vCPU"),
        ("USE1-Fargate-GB-Hours", "Fargate GB"),
        ("USE2-Lambda-GB-Second-ARM", "Lambda-GB-Second"),
        ("RDS:Multi-AZ-GP3-Storage", "RDS:Storage"),
        ("USE2-NatGateway-Hours", "NatGateway-Hours"),
        ("DataTransfer-Out-Bytes", "DataTransfer-Out-Bytes"),
        ("", ""),
    ],
)
def test_sizes_classes_and_regions_of_one_thing_are_a_family(usage_type: str, name: str) -> None:
    assert family(usage_type) == name


# --- all together --------------------------------------------------------------------------------

_COSTS = st.decimals(-50, 50, places=10, allow_nan=False).map(str) | st.sampled_from(["0", "1", "2.40", "1e-10"])
_QUANTITIES = st.none() | st.decimals(0, 50, places=6, allow_nan=False).map(str) | st.sampled_from(["0", "24"])
_LINES = st.builds(
    Line,
    charge_day=st.sampled_from([SPAN_DAYS[0] + timedelta(days=n) for n in range(14)]),
    cost=_COSTS,
    quantity=_QUANTITIES,
    resource_id=st.sampled_from([None, "i-1", "i-2", "i-3"]),
    x_usage_type=st.sampled_from(["BoxUsage:m5.large", "USE1-BoxUsage:m5.xlarge", "Requests", None]),
    environment=st.sampled_from(ENVIRONMENTS),
    x_line_item_type=st.sampled_from(["Usage", "SavingsPlanCoveredUsage", "DiscountedUsage", "SavingsPlanNegation"]),
    x_charge_type=st.sampled_from(["usage", "usage", "usage", "tax", "credit", "commitment fee", "(unclassified)"]),
    pricing_category=st.sampled_from(["Standard", "Committed", "Dynamic"]),
    amortized=st.none() | _COSTS,
    listed=st.none() | _COSTS,
    pricing_unit=st.sampled_from(["Hrs", "GB-Mo", None]),
    x_is_long=st.booleans(),
)


@settings(max_examples=25, deadline=None)
@given(
    lines=st.lists(_LINES, max_size=24),
    metric=st.sampled_from(["amortized", "unblended", "net_amortized", "list"]),
    middle=st.integers(1, 13),
)
def test_effects_add_up_to_the_change_of_any_ledger(lines: list[Line], metric: str, middle: int) -> None:
    start, _, end = SPAN_DAYS[0], *SPAN_DAYS[1:]
    ends = [Line(day, "0", resource_id=None) for day in (start + timedelta(days=n) for n in range(14))]
    cut = start + timedelta(days=middle)
    ledger = why_ledger([*lines, *ends], metric)
    found = why(ledger, Asked(start=cut, end=end, against=f"{start}..{cut}"))
    costs = dict(
        ledger.connection.execute(
            f"select charge_day >= ?, sum({ledger.cost}) from resource_daily group by 1", [cut]
        ).fetchall()
    )
    assert (found.whole.before, found.whole.after) == (costs[False], costs[True])
    assert sum((one.change for one in found.largest()), Decimal(0)) == found.whole.change
    assert sum((one.change for one in found.effects if one.name == "tag_move"), Decimal(0)) == 0
    assert_each_environment_adds_up(found)
    assert_rows_say_the_same(found)


def assert_each_environment_adds_up(found: Answer) -> None:
    for one in found.sums:
        mine = [effect.change for effect in found.largest() if effect.cell.split == one.name]
        assert sum(mine, Decimal(0)) == one.change


def assert_rows_say_the_same(found: Answer) -> None:
    rows = [dict(zip(document(found).rows.names, row, strict=True)) for row in document(found).rows.read(None)]
    assert all(row["cost_after"] - row["cost_before"] == row["change"] != 0 for row in rows)
    assert sum((row["change"] for row in rows), Decimal(0)) == found.whole.change
    sizes = [abs(row["change"]) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert len(rows) == document(found).rows.count
    assert [tuple(row.values()) for row in rows][:5] == list(document(found).rows.read(5))
    assert found.parts() == together(parts_of(found.largest()))


@given(
    st.lists(st.decimals(-1000, 1000, places=10, allow_nan=False), min_size=1, max_size=4),
    st.lists(st.integers(0, 7).map(Decimal), min_size=1, max_size=4).filter(any),
)
def test_what_is_divided_stays_whole(amounts: list[Decimal], shares: list[Decimal]) -> None:
    parts = divided(amounts, shares)
    assert sum(parts, Decimal(0)) == sum(amounts, Decimal(0))
    assert all(part == 0 for part, share in zip(parts, shares, strict=True) if not share)


# --- the days ------------------------------------------------------------------------------------


def ten_weeks() -> list[Line]:
    """A line on each day from 3 August to 11 October, a Sunday."""
    return [Line(date(2026, 8, 3) + timedelta(days=n), "1") for n in range(70)]


@pytest.mark.parametrize(
    ("asked", "before", "after"),
    [
        (Asked(period="2026-09"), ("2026-08-01", "2026-09-01"), ("2026-09-01", "2026-10-01")),
        (Asked(), ("2026-09-01", "2026-09-12"), ("2026-10-01", "2026-10-12")),
        (Asked(period="2026-10", against="2026-08"), ("2026-08-01", "2026-08-12"), ("2026-10-01", "2026-10-12")),
        (Asked(last="1w"), ("2026-09-28", "2026-10-05"), ("2026-10-05", "2026-10-12")),
        (Asked(last="3d"), ("2026-10-06", "2026-10-09"), ("2026-10-09", "2026-10-12")),
        (Asked(last="1m"), ("2026-08-01", "2026-09-01"), ("2026-09-01", "2026-10-01")),
        (
            Asked(start=date(2026, 9, 10), end=date(2026, 9, 20)),
            ("2026-08-31", "2026-09-10"),
            ("2026-09-10", "2026-09-20"),
        ),
        (
            Asked(last="1w", against="2026-08-10..2026-08-17"),
            ("2026-08-10", "2026-08-17"),
            ("2026-10-05", "2026-10-12"),
        ),
    ],
)
def test_the_spans_are_those_of_the_words(asked: Asked, before: tuple[str, str], after: tuple[str, str]) -> None:
    found = spans(why_ledger(ten_weeks()), asked)
    told = [(str(one.days.start), str(one.days.end)) for one in (found.before, found.after)]
    assert told == [before, after]


def test_days_that_are_missing_are_named() -> None:
    lines = [line for line in ten_weeks() if line.charge_day != date(2026, 9, 9)]
    notes = {one.code: one for one in spans(why_ledger(lines), Asked()).problems}
    assert "1 of 11 days are not complete: 2026-09-09 (no charge seen)" in notes["incomplete_days"].message
    assert "11 of 31 days of 2026-10 are complete" in notes["days_known"].message
    early = spans(why_ledger(lines), Asked(period="2026-09")).problems
    assert "2 of 31 days are not complete: 2026-08-01 (not in the data), ..." not in early[0].message
    assert [one.code for one in early] == ["unequal_days", "incomplete_days", "incomplete_days"]


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        (Asked(period="2026-13"), UsageError, "2026-13 is no month"),
        (Asked(last="0w"), UsageError, "is no span"),
        (Asked(period="2026-09", last="1w"), UsageError, "exclude each other"),
        (Asked(start=date(2026, 9, 10)), UsageError, "both --from and --to"),
        (Asked(start=date(2026, 9, 10), end=date(2026, 9, 10)), UsageError, "is not before"),
        (Asked(against="yesterday"), UsageError, "nothing to hold the days against"),
        (Asked(against="2026-09-01.."), UsageError, "are no days"),
        (Asked(period="2026-09", against="2026-09-30..2026-10-02"), UsageError, "days in common"),
        (Asked(period="2026-11"), DataError, "no day of"),
        (Asked(period="2026-09", against="2025-09"), DataError, "no day of 2025-09 is complete"),
    ],
)
def test_words_that_cannot_be_answered_are_refused(asked: Asked, error: type[FinopsError], said: str) -> None:
    with pytest.raises(error, match=said):
        spans(why_ledger(ten_weeks()), asked)
