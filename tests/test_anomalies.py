"""Events in the bill: one per cause, with the right place, cause and owner, and sums that are exact."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from finops.anomalies.document import anomalies
from finops.anomalies.events import Event
from finops.anomalies.find import Found, find_anomalies
from finops.anomalies.replay import replay
from finops.config import Planned
from finops.errors import DataError
from tests.anomaly_ledger import (
    FIRST,
    LAST,
    RUNAWAY,
    TAGS,
    bill,
    monthly_fees,
    ordinary,
    runaway,
    steady,
    tagged_late,
)
from tests.report_ledger import SECOND, Line


def found(lines: list[Line], **values: object) -> Found:
    return find_anomalies(bill(lines, **values))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def a_new_service() -> Found:
    return found([*ordinary(), *runaway(date(2026, 10, 20))])


def only(answer: Found) -> Event:
    (event,) = answer.events
    return event


def test_an_ordinary_bill_has_no_events_and_says_how_much_was_judged() -> None:
    answer = found(ordinary())
    assert (answer.events, answer.unchecked) == ((), ())
    assert answer.judged == (date(2026, 8, 8), date(2026, 11, 1))
    assert answer.series >= 10


def test_what_one_resource_did_is_one_event_of_its_service_and_account(a_new_service: Found) -> None:
    event = only(a_new_service)
    assert (event.start, event.detected) == (RUNAWAY, RUNAWAY)
    assert (event.service, event.account, event.region) == ("AmazonSageMaker", "200000000010", "us-east-2")
    assert event.kind == "new service"
    assert "train" in event.cause
    assert event.owner == "@web-team"


def test_what_makes_up_an_event_sums_to_its_impact_to_the_last_decimal(a_new_service: Found) -> None:
    event = only(a_new_service)
    assert sum(part.excess for part in event.parts) == event.impact == event.actual - event.expected
    assert event.actual == Decimal("684.0000000000")


def test_the_owner_of_the_account_is_told_where_no_tag_tells() -> None:
    more = steady("70", RUNAWAY, LAST, x_service_code="AmazonS3", resource_id="copy", **SECOND)
    event = only(found([*ordinary(), *more]))
    assert event.owner == "@data-team"
    assert (event.service, event.account) == ("AmazonS3", "200000000020")


def test_a_new_account_is_called_one() -> None:
    more = steady("50", RUNAWAY, LAST, sub_account_id="200000000099", resource_id="i-9", tags=TAGS)
    event = only(found([*ordinary(), *more]))
    assert (event.kind, event.account) == ("new account", "200000000099")


def test_a_new_region_is_called_one() -> None:
    more = steady("50", RUNAWAY, LAST, region_id="ap-south-1", resource_id="i-9", tags=TAGS)
    event = only(found([*ordinary(), *more]))
    assert (event.kind, event.region) == ("new region", "ap-south-1")


def test_cost_that_is_gone_is_information_with_a_negative_impact() -> None:
    lines = [one for one in ordinary() if one.x_service_code != "AmazonRDS" or one.charge_day < RUNAWAY]
    event = only(found(lines))
    assert (event.kind, event.severity, event.service) == ("disappearing", "info", "AmazonRDS")
    assert event.impact < 0
    assert sum(part.excess for part in event.parts) == event.impact


def test_two_causes_on_one_day_are_two_events() -> None:
    two = steady("90", RUNAWAY, LAST, x_service_code="AmazonS3", resource_id="copy", **SECOND)
    assert {event.service for event in found([*ordinary(), *runaway(), *two]).events} == {"AmazonSageMaker", "AmazonS3"}


def test_fees_tax_and_support_are_listed_and_never_judged() -> None:
    lines = [*ordinary(), *monthly_fees()]
    answer = found(lines)
    assert answer.events == ()
    other = anomalies(bill(lines), answer).totals["other_charges"]
    assert sum(row[-1] for row in other.read(None)) == Decimal("6800")


def test_tags_that_are_set_later_move_cost_and_are_no_anomaly() -> None:
    answer = found([*ordinary(), *tagged_late()])
    assert answer.events == ()
    assert ("tag:Project", "(untagged)", "borea") in {(one.level, one.source, one.target) for one in answer.moved}


def test_a_planned_change_is_told_as_planned() -> None:
    plan = Planned({"service": ("AmazonSageMaker",)}, RUNAWAY, "training")
    answer = found([*ordinary(), *runaway()], planned=(plan,))
    assert answer.events == ()
    assert [one.service for one in answer.planned] == ["AmazonSageMaker"]


def test_a_plan_for_something_else_explains_nothing() -> None:
    plan = Planned({"service": ("AmazonEC2",)}, RUNAWAY)
    assert len(found([*ordinary(), *runaway()], planned=(plan,)).events) == 1


def test_the_newest_days_may_be_too_dear_but_not_too_cheap() -> None:
    low = [one for one in ordinary() if one.charge_day < date(2026, 10, 30)] + [Line(LAST, "1", tags=TAGS)]
    assert found(low).events == ()
    high = [*ordinary(), Line(LAST, "400", x_service_code="AmazonRDS", resource_id="db-1", tags=TAGS)]
    event = only(found(high))
    assert event.confidence == "low"
    assert "partial" in event.evidence


def test_a_range_tells_what_was_detected_in_it_with_all_history_behind_it() -> None:
    held = bill([*ordinary(), *runaway()])
    assert len(find_anomalies(held, RUNAWAY, date(2026, 10, 14)).events) == 1
    assert find_anomalies(held, date(2026, 10, 14), None).events == ()
    assert find_anomalies(held, RUNAWAY, date(2027, 1, 1)).judged == (RUNAWAY, date(2026, 11, 1))


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], "nothing_to_judge"),
        (steady("100", date(2026, 10, 26)), "too_little_history"),
    ],
)
def test_what_cannot_be_judged_says_so(lines: list[Line], code: str) -> None:
    answer = found(lines)
    assert answer.judged is None
    assert [one.code for one in answer.unchecked] == [code]


def test_a_range_before_the_first_day_that_can_be_judged_says_so() -> None:
    answer = find_anomalies(bill(ordinary()), FIRST, date(2026, 8, 6))
    assert [one.code for one in answer.unchecked] == ["range_not_judged"]


def test_the_id_of_an_event_stays_as_days_are_added() -> None:
    cut = [one for one in [*ordinary(), *runaway()] if one.charge_day < date(2026, 10, 18)]
    assert only(found(cut)).id == only(found([*ordinary(), *runaway()])).id


@pytest.fixture(scope="module")
def replayed() -> list[dict[str, object]]:
    document = replay(bill(ordinary()), 45)
    return [dict(zip(document.rows.names, row, strict=True)) for row in document.rows.read(None)]


def test_a_replay_on_an_ordinary_bill_finds_what_was_put_in_and_raises_nothing_else(
    replayed: list[dict[str, object]],
) -> None:
    (own,) = [row for row in replayed if row["setting"] == "yours"]
    assert own["recall"] >= Decimal(80)  # type: ignore[operator]
    assert own["precision"] >= Decimal(90)  # type: ignore[operator]
    assert own["false_alarms_per_month"] == 0


def test_a_replay_tells_what_other_thresholds_would_have_done(replayed: list[dict[str, object]]) -> None:
    assert len({(row["sigmas"], row["min_impact"]) for row in replayed}) == len(replayed) >= 6


def test_a_replay_of_too_few_days_is_refused() -> None:
    with pytest.raises(DataError, match="too few to replay"):
        replay(bill(steady("100", date(2026, 10, 1))), 90)
