"""Which requests a span needs, how long an answer stands, and what its groups are, without a server."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError
from finops.ingest.cost_explorer import cache
from finops.ingest.cost_explorer.cache import Answer
from finops.ingest.cost_explorer.groups import groups
from finops.ingest.cost_explorer.plan import CHARGES, METRICS, Span, plan, request, tag_cut, taggable_record_types

TODAY = date(2026, 10, 28)
AUGUST = Span("2026-08", date(2026, 8, 1), date(2026, 9, 1), closed=True)
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


# --- the plan


@given(DAYS, st.integers(1, 2000))
def test_spans_are_whole_months_that_follow_each_other_up_to_yesterday(today: date, days: int) -> None:
    spans = plan(today, days, ()).spans
    assert spans[0].end == today
    assert all(span.start.day == 1 and span.start < span.end for span in spans)
    assert all(later.start == earlier.end for later, earlier in pairwise(spans))
    assert all(span.closed for span in spans[1:])
    assert spans[0].closed == (today.day == 1)


@given(DAYS, st.integers(1, 400))
def test_the_days_asked_for_are_covered_as_far_as_cost_explorer_has_them(today: date, days: int) -> None:
    asked = plan(today, days, ())
    first = asked.spans[-1].start
    assert asked.limited or first <= today - timedelta(days=days)
    assert first >= today - timedelta(days=428)


def test_there_is_one_request_for_each_month_and_cut() -> None:
    asked = plan(TODAY, 90, ("Owner", "Project"))
    assert [span.month for span in asked.spans] == ["2026-10", "2026-09", "2026-08", "2026-07"]
    assert asked.requests == 4 * (2 + 2)


def test_a_request_has_all_metrics_an_exclusive_end_and_two_groups() -> None:
    assert request(AUGUST, CHARGES) == {
        "TimePeriod": {"Start": "2026-08-01", "End": "2026-09-01"},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost", "NetUnblendedCost", "AmortizedCost", "NetAmortizedCost"],
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "DIMENSION", "Key": "RECORD_TYPE"}],
    }


def test_a_request_by_tag_asks_only_for_what_may_carry_one() -> None:
    asked = request(AUGUST, tag_cut(1, "Cost Center"))
    assert asked["GroupBy"][1] == {"Type": "TAG", "Key": "Cost Center"}
    assert asked["Filter"] == {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(taggable_record_types())}}
    assert set(taggable_record_types()) >= {"Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"}
    assert not {"Tax", "Credit", "SavingsPlanNegation"} & set(taggable_record_types())


@pytest.mark.parametrize("cut", [CHARGES, tag_cut(1, "Owner")], ids=["charges", "tag"])
def test_botocore_accepts_every_request(cut: Any) -> None:
    from botocore.session import Session
    from botocore.validate import validate_parameters

    shape = Session().get_service_model("ce").operation_model("GetCostAndUsage").input_shape
    validate_parameters(request(AUGUST, cut), shape)


# --- how long an answer stands


def answered(span: Span, when: str, estimated: bool = False) -> Answer:
    page = {"ResultsByTime": [{"TimePeriod": {"Start": str(span.start)}, "Groups": [], "Estimated": estimated}]}
    return Answer("1", request(span, CHARGES), f"{when}:00+00:00", [page])


OPEN = Span("2026-10", date(2026, 10, 1), date(2026, 10, 28), closed=False)


@pytest.mark.parametrize(
    ("answer", "now", "stands"),
    [
        (answered(AUGUST, "2026-09-16T00:00"), "2027-12-31T00:00", True),
        (answered(AUGUST, "2026-09-15T23:59"), "2026-09-16T00:00", False),
        (answered(AUGUST, "2026-09-16T00:00", estimated=True), "2026-09-17T00:00", False),
        (answered(AUGUST, "2026-09-16T00:00", estimated=True), "2026-09-16T23:59", True),
        (answered(AUGUST, "2026-09-03T01:00"), "2026-09-03T23:59", True),
        (answered(AUGUST, "2026-09-03T23:59"), "2026-09-04T00:00", False),
        (answered(OPEN, "2026-10-28T00:00"), "2026-10-28T07:59", True),
        (answered(OPEN, "2026-10-28T00:00"), "2026-10-28T08:00", False),
        (answered(OPEN, "2026-10-28T09:00"), "2026-10-28T08:00", False),
    ],
    ids=[
        "settled for good", "asked before it settled", "estimated never settles", "estimated, same day",
        "closed, same day", "closed, next day", "open, within hours", "open, later", "from the future",
    ],
)  # fmt: skip
def test_an_answer_stands_as_long_as_aws_does_not_change_it(answer: Answer, now: str, stands: bool) -> None:
    assert cache.is_fresh(answer, datetime.fromisoformat(now).replace(tzinfo=UTC)) is stands


def test_a_part_of_an_answer_is_not_kept_for_good() -> None:
    part = replace(answered(AUGUST, "2026-09-16T00:00"), next_token="more")
    assert not cache.is_fresh(part, datetime(2026, 9, 17, tzinfo=UTC))


def test_a_whole_answer_takes_the_place_of_those_about_fewer_days(tmp_path: Path) -> None:
    younger = replace(OPEN, end=date(2026, 10, 29))
    old, new = (cache.path_of(tmp_path, "1", request(span, CHARGES)) for span in (OPEN, younger))
    cache.write(old, answered(OPEN, "2026-10-28T00:00"))
    cache.write(new, replace(answered(younger, "2026-10-29T00:00"), next_token="more"))
    assert cache.read(old) is not None
    cache.write(new, answered(younger, "2026-10-29T00:00"))
    assert (cache.read(old), cache.read(new)) == (None, answered(younger, "2026-10-29T00:00"))


def test_accounts_and_questions_have_answers_of_their_own(tmp_path: Path) -> None:
    asked = [("1", CHARGES), ("2", CHARGES), ("1", tag_cut(1, "Owner")), ("1", tag_cut(1, "owner"))]
    assert len({cache.path_of(tmp_path, account, request(AUGUST, cut)) for account, cut in asked}) == len(asked)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 99}', '{"version": 1, "unknown": 2}'])
def test_what_is_no_answer_is_asked_for_again(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text)
    assert cache.read(tmp_path / "x.json") is None


# --- the groups of an answer


def answer(*keys_and_metrics: tuple[list[str], dict[str, Any]], total: dict[str, Any] | None = None) -> Answer:
    listed = [{"Keys": keys, "Metrics": metrics} for keys, metrics in keys_and_metrics]
    result = {"TimePeriod": {"Start": "2026-08-02", "End": "2026-08-03"}, "Total": total or {}, "Groups": listed}
    return Answer("1", {}, "2026-10-28T00:00:00+00:00", [{"ResultsByTime": [result]}])


def costs(amount: str, unit: str = "USD") -> dict[str, Any]:
    return {metric: {"Amount": amount, "Unit": unit} for metric in METRICS}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=10, min_value=-(10**12), max_value=10**12))
def test_an_amount_keeps_every_digit(amount: Decimal) -> None:
    (group,) = groups(answer((["AWS Lambda", "Usage"], costs(str(amount)))), AUGUST, CHARGES)
    assert group.costs == (amount,) * 4
    assert group.finer == 0


def test_finer_amounts_are_rounded_half_even_and_counted() -> None:
    (group,) = groups(answer((["AWS Lambda", "Usage"], costs("0.00000000025"))), AUGUST, CHARGES)
    assert (group.costs[0], group.finer) == (Decimal("2E-10"), 4)


def test_what_costs_nothing_may_have_no_unit() -> None:
    found = groups(
        answer((["AWS Lambda", "Usage"], costs("0", "N/A")), (["AWS Glue", "Usage"], costs("1", "EUR"))),
        AUGUST,
        CHARGES,
    )
    assert [group.currency for group in found] == ["EUR", "EUR"]


@pytest.mark.parametrize(
    ("keys", "value"),
    [("Owner$web", "web"), ("Owner$", ""), ("Owner$a$b", "a$b"), ("Owner$$", "$")],
)
def test_the_value_of_a_tag_stands_behind_its_key(keys: str, value: str) -> None:
    (group,) = groups(answer((["AWS Lambda", keys], costs("1"))), AUGUST, tag_cut(1, "Owner"))
    assert group.keys == ("AWS Lambda", value)


def test_a_total_without_groups_is_a_group_without_a_name() -> None:
    (group,) = groups(answer(total=costs("3")), AUGUST, CHARGES)
    assert (group.keys, group.costs[0]) == (("(none)", "(none)"), Decimal(3))
    assert groups(answer(total=costs("0")), AUGUST, CHARGES) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            answer((["AWS Lambda", "Usage"], {"UnblendedCost": {"Amount": "1", "Unit": "USD"}})),
            "lacks NetUnblendedCost",
        ),
        (answer((["AWS Lambda", "Usage"], costs("1", "N/A"))), "is in N/A"),
        (answer((["AWS Lambda", "Usage"], costs("a lot"))), "'a lot' is no amount"),
        (answer((["AWS Lambda", "Usage"], costs("1E40"))), "too large"),
        (answer((["AWS Lambda", "Usage"], costs("NaN"))), "'NaN' is no amount"),
    ],
    ids=["metric", "unit", "text", "large", "nan"],
)
def test_an_answer_that_cannot_be_counted_is_refused(said: Answer, words: str) -> None:
    with pytest.raises(DataError, match=words):
        groups(said, AUGUST, CHARGES)


def test_an_answer_about_another_month_or_key_is_refused() -> None:
    of_august = answer((["AWS Lambda", "Owner$web"], costs("1")))
    with pytest.raises(DataError, match="was not asked for"):
        groups(of_august, Span("2026-09", date(2026, 9, 1), date(2026, 10, 1), closed=True), tag_cut(1, "Owner"))
    with pytest.raises(DataError, match="was not asked for"):
        groups(of_august, AUGUST, tag_cut(1, "Project"))


def test_the_published_example_of_an_answer_is_read() -> None:
    metrics = {metric: {"Amount": "40.3543773134", "Unit": "USD"} for metric in METRICS}
    metrics["UsageQuantity"] = {"Amount": "9312771.098461578", "Unit": "N/A"}
    said = answer((["Amazon Simple Storage Service", "Environment$"], metrics))
    (group,) = groups(said, AUGUST, tag_cut(1, "Environment"))
    assert (group.keys, group.costs[0]) == (("Amazon Simple Storage Service", ""), Decimal("40.3543773134"))
