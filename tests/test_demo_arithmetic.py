"""The arithmetic the demo's ledger is made with, on examples small enough to check by hand."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.ingest.demo import money
from finops.ingest.demo.commitment import Terms, covered_amount, net_effective, reservation_month
from finops.ingest.demo.discount_rates import discount_parts, net_share
from finops.ingest.demo.line import Item, Line
from finops.ingest.demo.metrics import RESERVATION_ARN, Metrics, metrics

SP = "savings_plan_"
RI = "reservation_"


def line(kind: str, unblended: str, net: str | None = None, reserved: bool = False, **more: str) -> Line:
    texts = ((RESERVATION_ARN, "arn"),) if reserved else ()
    costs = {name: money.units(value) for name, value in more.items()}
    item = Item(type=kind, account="1", product="AmazonEC2", invoice="", more=texts)
    return Line(
        item,
        0,
        1,
        money.ONE,
        money.units(unblended),
        net=None if net is None else money.units(net),
        more=costs,
    )


def total(lines: list[Line]) -> Metrics:
    return Metrics(*(sum(column) for column in zip(*map(metrics, lines), strict=True)))


def dollars(value: int) -> Decimal:
    return Decimal(money.text(value))


def test_a_savings_plan_hour_costs_its_commitment_and_what_it_does_not_cover() -> None:
    hour = [
        line("SavingsPlanCoveredUsage", "0.5", **{SP + "savings_plan_effective_cost": "0.36"}),
        line("SavingsPlanNegation", "-0.5"),
        line(
            "SavingsPlanRecurringFee",
            "0.4",
            **{SP + "total_commitment_to_date": "0.4", SP + "used_commitment": "0.36"},
        ),
        line("Usage", "0.25"),
    ]
    assert [dollars(metrics(part).amortized) for part in hour] == list(map(Decimal, ("0.36", "0", "0.04", "0.25")))
    assert dollars(total(hour).unblended) == dollars(total(hour).amortized) == Decimal("0.65")


def test_half_paid_in_advance_a_plan_costs_its_commitment_in_every_hour() -> None:
    plan = Terms(upfront=money.units("0.5"), recurring=money.units("0.5"))
    assert (dollars(plan.upfront_fee), dollars(plan.commitment)) == (Decimal(4380), Decimal(1))
    paid = line("SavingsPlanUpfrontFee", "4380")
    fee = line(
        "SavingsPlanRecurringFee",
        "360",
        **{SP + "total_commitment_to_date": "720", SP + "used_commitment": "690"},
    )
    used = line("SavingsPlanCoveredUsage", "900", **{SP + "savings_plan_effective_cost": "690"})
    month = total([paid, fee, used, line("SavingsPlanNegation", "-900")])
    assert (dollars(month.unblended), dollars(month.amortized)) == (Decimal(4740), Decimal(720))


def test_a_reservation_splits_its_fees_between_used_and_unused_hours() -> None:
    month = reservation_month(money.units("365"), money.units("0.05"), hours=720, used_hours=600)
    assert [dollars(value) for value in month] == [Decimal(36), Decimal(30), Decimal(5), Decimal(6)]
    used = line("DiscountedUsage", "0", **{RI + "effective_cost": "55"})
    fee = line(
        "RIFee",
        "36",
        **{
            RI + "unused_amortized_upfront_fee_for_billing_period": "5",
            RI + "unused_recurring_fee": "6",
        },
    )
    both = total([used, fee])
    assert (dollars(both.unblended), dollars(both.amortized)) == (Decimal(36), Decimal(66))


def test_a_discount_line_is_in_the_gross_cost_and_not_in_the_net_cost() -> None:
    both = total([line("Usage", "100", net="95"), line("EdpDiscount", "-5", net="0")])
    assert dollars(both.unblended) == dollars(both.net_unblended) == Decimal(95)


def test_the_fee_of_a_reservation_is_no_cost_of_its_day_but_another_fee_is() -> None:
    assert metrics(line("Fee", "365", reserved=True)).amortized == 0
    assert dollars(metrics(line("Fee", "14")).amortized) == Decimal(14)


def test_an_unknown_type_counts_at_what_it_costs() -> None:
    assert set(metrics(line("FutureDiscount", "-0.75", net="-0.75"))) == {money.units("-0.75")}


def test_a_commitment_covers_usage_until_it_is_used_up() -> None:
    rate, left = money.units("0.03"), money.units("0.06")
    assert covered_amount(money.units("1.5"), rate, left) == money.units("1.5")
    assert covered_amount(money.units("5"), rate, left) == money.units("2")
    assert covered_amount(money.units("5"), rate, 0) == 0


@given(st.lists(st.integers(1, money.ONE), min_size=1, max_size=9))
def test_net_effective_costs_never_exceed_the_net_commitment(used: list[int]) -> None:
    plan = Terms(upfront=sum(used) // 3, recurring=sum(used) - sum(used) // 3)
    net = plan.net(net_share("SavingsPlanRecurringFee"))
    assert sum(net_effective(part, plan, net) for part in used) <= net.commitment


def test_discounts_are_all_taken_off_the_full_price() -> None:
    parts = discount_parts(money.units("100"), "Usage", "cloudfront-out", "AWS")
    assert {kind: dollars(value) for kind, value in parts} == {
        "EdpDiscount": Decimal(5),
        "PrivateRateDiscount": Decimal(10),
    }


def test_a_marketplace_seller_gives_no_discount_of_aws() -> None:
    assert discount_parts(money.units("100"), "Usage", "marketplace-scan", "AWS Marketplace") == ()


@given(st.integers(-(10**30), 10**30))
def test_text_and_units_are_each_others_inverse(value: int) -> None:
    assert money.units(money.text(value)) == value
    with localcontext(prec=60):
        assert Decimal(money.text(value)) == Decimal(money.java_text(value)) == Decimal(value).scaleb(-10)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(181, "1.81E-8"), (-10, "-1E-9"), (9_999, "9.999E-7"), (10_000, "0.000001"), (0, "0"), (10**10, "1")],
)
def test_legacy_reports_show_a_millionth_plain_and_less_with_an_exponent(value: int, expected: str) -> None:
    assert money.java_text(value) == expected


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**12))
def test_quotients_round_half_to_even(numerator: int, denominator: int) -> None:
    with localcontext(prec=60):
        exact = (Decimal(numerator) / denominator).quantize(Decimal(1), ROUND_HALF_EVEN)
    assert money.divide(numerator, denominator) == int(exact)


def test_a_finer_number_than_the_ledger_keeps_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 10 decimals"):
        money.units("0.00000000001")
