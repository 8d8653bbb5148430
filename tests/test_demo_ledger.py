"""The demo's ledger before any shape: everything is in it that a tool has to get right."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

import pytest

from finops.ingest.demo import money
from finops.ingest.demo.cur_cells import item_cells
from finops.ingest.demo.estate import estate
from finops.ingest.demo.ledger import ledger
from finops.ingest.demo.line import Line
from finops.ingest.demo.metrics import is_commitment_purchase, metrics
from finops.ingest.demo.periods import Period, deliveries, hour_of, iso, moment, period, periods

TYPES = {
    "Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation", "SavingsPlanRecurringFee",
    "SavingsPlanUpfrontFee", "RIFee", "Fee", "Tax", "Credit", "Refund", "BundledDiscount", "Discount",
    "EdpDiscount", "PrivateRateDiscount", "SppDiscount", "RiVolumeDiscount", "FlatRateSubscription",
    "FutureDiscount",
}  # fmt: skip
EVERY_DELIVERY = [one for newest in periods(3) for one in deliveries(newest)]
SPREAD = (
    "savings_plan_amortized_upfront_commitment_for_billing_period",
    "reservation_amortized_upfront_fee_for_billing_period",
)

each_delivery = pytest.mark.parametrize("one", EVERY_DELIVERY, ids=lambda one: f"{one.key}-{one.delivery}")


def lines_of(*types: str) -> Iterator[Line]:
    return (line for one in periods(3) for line in ledger(one) if line.item.type in types)


def more(line: Line, names: tuple[str, ...]) -> int:
    return sum(line.more.get(name, 0) for name in names)


def test_every_line_item_type_is_in_it() -> None:
    assert {line.item.type for one in periods(3) for line in ledger(one)} == TYPES


@each_delivery
def test_amortized_ties_to_unblended_to_the_last_decimal(one: Period) -> None:
    lines = ledger(one)
    paid = sum(line.unblended for line in lines if is_commitment_purchase(line))
    spread = sum(more(line, SPREAD) for line in lines)
    amortized = sum(metrics(line).amortized for line in lines)
    assert amortized == sum(line.unblended for line in lines) - paid + spread


@each_delivery
def test_gross_costs_with_discount_lines_are_the_net_costs(one: Period) -> None:
    costs = [metrics(line) for line in ledger(one)]
    assert sum(cost.unblended - cost.net_unblended for cost in costs) == 0
    assert sum(cost.amortized - cost.net_amortized for cost in costs) == 0


@each_delivery
def test_only_months_with_discount_lines_have_net_costs(one: Period) -> None:
    lines = ledger(one)
    assert {line.net is not None for line in lines} == {one.discounted}
    assert any(line.item.type == "EdpDiscount" for line in lines) is one.discounted


@each_delivery
def test_nothing_starts_outside_its_period_or_after_the_data_ends(one: Period) -> None:
    assert all(one.start <= line.start < one.cutoff and line.start < line.end for line in ledger(one))
    assert all(line.end <= one.end for line in ledger(one))


@each_delivery
def test_an_item_has_one_line_per_interval(one: Period) -> None:
    seen = Counter((id(line.item), line.start, line.end) for line in ledger(one))
    assert seen.most_common(1)[0][1] == 1


def test_a_line_item_id_returns_every_hour_and_only_with_its_interval_is_unique() -> None:
    one = periods(1)[0]
    ids = [(item_cells(line.item, one, iso)["identity_line_item_id"], line.start, line.end) for line in ledger(one)]
    assert len(set(ids)) == len(ids) > 50 * len({name for name, _, _ in ids})


@each_delivery
def test_a_month_has_some_twenty_thousand_lines(one: Period) -> None:
    assert 20_000 <= len(ledger(one)) <= 30_000


def test_every_resource_hour_of_a_commitment_hour_is_within_the_commitment() -> None:
    fees = list(lines_of("SavingsPlanRecurringFee"))
    left = [metrics(line).amortized for line in fees]
    assert min(left) == 0 < max(left)
    assert min(metrics(line).net_amortized for line in fees) >= 0


def test_a_negation_cancels_several_covered_lines_and_names_no_resource() -> None:
    hours: dict[tuple[int, str, str], list[Line]] = defaultdict(list)
    for line in lines_of("SavingsPlanCoveredUsage", "SavingsPlanNegation"):
        hours[line.start, line.item.account, line.item.usage_type].append(line)
    assert all(sum(line.unblended for line in lines) == 0 for lines in hours.values())
    assert all(sum(line.net or 0 for line in lines) == 0 for lines in hours.values())
    assert max(map(len, hours.values())) > 2
    negations = lines_of("SavingsPlanNegation")
    assert all(not line.item.resource and not line.item.tags and line.public > 0 for line in negations)


def test_reservations_are_of_every_payment_option_and_one_has_unused_hours() -> None:
    fees = [line for line in lines_of("RIFee") if line.start >= hour_of(estate().discounts_start)]
    by_option = {dict(line.item.more)["pricing_purchase_option"]: line for line in fees}
    assert set(by_option) == {"No Upfront", "Partial Upfront", "All Upfront"}
    assert by_option["All Upfront"].unblended == 0
    assert any(line.more["reservation_unused_quantity"] > 0 for line in fees)
    assert any(line.more["reservation_unused_quantity"] == 0 for line in fees)


def test_spot_and_marketplace_have_no_public_price_and_cost_something() -> None:
    unlisted = [line for line in lines_of("Usage") if line.item.public_rate is None]
    assert {line.item.billing_entity for line in unlisted} == {"AWS", "AWS Marketplace"}
    assert all(line.public == 0 and line.unblended > 0 and not line.item.term for line in unlisted)
    assert all(metrics(line).list == line.unblended for line in unlisted)


def test_what_spans_the_month_starts_on_its_first_day() -> None:
    september = periods(2)[0]
    long = {line.item.type for line in ledger(september) if line.end - line.start > 24}
    assert {"Tax", "RIFee", "Fee"} <= long
    assert all(line.start == september.start for line in ledger(september) if line.item.type == "Tax")


def test_the_first_delivery_of_the_restated_month_is_unfinished_and_taxed_differently() -> None:
    first, last = deliveries(periods(2)[0])
    assert (first.delivery, last.delivery) == ("first", "last")
    assert len(ledger(first)) < len(ledger(last))
    assert tax(first) != tax(last)
    assert {line.item.invoice for line in ledger(first)} == {""}
    assert "" not in {line.item.invoice for line in ledger(last)}


def tax(one: Period) -> int:
    return sum(line.unblended for line in ledger(one) if line.item.type == "Tax")


def test_the_events_of_the_company_are_in_it() -> None:
    assert days("load-test")[0] == "2026-09-16"
    assert days("search")[0] == "2026-10-06"
    assert days("data-notebook")[-1] == "2026-09-24"
    traffic: Mapping[str, int] = by_day("prod-nat", "nat-bytes")
    assert traffic["2026-10-13"] > 3 * traffic["2026-10-12"]


def days(key: str) -> list[str]:
    return sorted(by_day(key))


def by_day(key: str, meter: str = "") -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for line in lines_of("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"):
        if line.item.key == key and meter in ("", line.item.meter):
            found[f"{moment(line.start):%Y-%m-%d}"] += line.unblended
    return found


def test_weekends_are_quieter_than_weekdays() -> None:
    august = by_day("prod-cdn")
    assert august["2026-08-08"] < august["2026-08-06"]


def test_a_month_two_years_back_obeys_the_same_identity() -> None:
    oldest = periods(24)[0]
    assert oldest == period(2024 * 12 + 10, "last")
    lines = ledger(oldest)
    assert sum(metrics(line).amortized for line in lines) == sum(line.unblended for line in lines)
    assert not any(line.item.type.startswith("SavingsPlan") for line in lines)


def test_a_rate_of_ten_decimals_is_kept_whole() -> None:
    assert money.units("0.0000166667") in {line.item.rate for line in lines_of("Usage")}
