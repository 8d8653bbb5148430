"""All advice in sequence: nothing counted twice, whatever the order, and the bill that is left when it is all taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.cli import main
from finops.recommend.kinds import STEPS, kind_of
from finops.recommend.row import Class, Recommendation
from finops.recommend.sequence import settled, total
from tests.advised_export import WINDOWS, estate
from tests.hourly_export import Row, covered, every_hour, loaded, usage
from tests.waste_export import DAYS, ENVIRONMENT, HOURS, line, office

Answer = dict[str, Any]
KINDS = ("idle_nat", "schedule", "previous_generation", "graviton", "s3_noncurrent", "s3_storage_class")


def about(
    kind: str, resource: str, saving: Decimal, cost: Decimal = Decimal(100), certainty: Class = "measured"
) -> Recommendation:
    return Recommendation(
        kind, (resource, kind), "do", "seen", "own rate", certainty, account="1", resource_id=resource,
        current_cost=cost, saving=saving, cost_of=("1", resource, "hours"), open_cost=cost,
    )  # fmt: skip


def in_turn(*rows: Recommendation) -> dict[str, Decimal | None]:
    return {row.kind: row.saving_in_sequence for row in settled(rows)}


def test_a_stopped_resource_has_nothing_left_to_schedule() -> None:
    found = in_turn(about("schedule", "i-1", Decimal(60)), about("idle_endpoint", "i-1", Decimal(100)))
    assert found == {"idle_endpoint": 100, "schedule": 0}


def test_hours_asleep_are_not_made_cheaper_and_one_of_two_families_is_taken() -> None:
    rows = [about("graviton", "i-1", Decimal(20)), about("schedule", "i-1", Decimal(60))]
    found = in_turn(*rows, about("previous_generation", "i-1", Decimal(10)))
    assert found == {"schedule": 60, "graviton": 8, "previous_generation": None}


def test_what_is_sure_counts_as_sure_and_an_upper_bound_with_what_it_adds() -> None:
    sure, may_be = (
        about("previous_generation", "i-1", Decimal(10)),
        about("graviton", "i-1", Decimal(25), certainty="upper bound"),
    )
    assert in_turn(sure, may_be) == {"previous_generation": 10, "graviton": 15}
    (row,) = [row for row in settled([sure, may_be]) if row.kind == "graviton"]
    assert row.evidence == "seen; instead of previous_generation: 15.00 more in sequence"
    asleep = about("schedule", "i-1", Decimal(60), certainty="upper bound")
    assert in_turn(sure, may_be, asleep) == {"schedule": 60, "previous_generation": 4, "graviton": 6}


def test_an_upper_bound_that_adds_nothing_is_not_taken() -> None:
    rows = [
        about("previous_generation", "i-1", Decimal(10)),
        about("graviton", "i-1", Decimal(10), certainty="upper bound"),
    ]
    assert in_turn(*rows) == {"previous_generation": 10, "graviton": None}


def test_versions_that_expire_are_not_moved_to_a_colder_class() -> None:
    found = in_turn(about("s3_storage_class", "b", Decimal(40)), about("s3_noncurrent", "b", Decimal(25)))
    assert found == {"s3_noncurrent": 25, "s3_storage_class": 30}


CENTS = st.integers(0, 100_00).map(lambda cents: Decimal(cents) / 100)
SOME = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from("abc"), CENTS), max_size=9, unique_by=lambda x: x[:2])


@given(SOME, st.randoms())
def test_no_row_saves_more_than_alone_no_cost_more_than_it_is_and_the_order_given_does_not_matter(
    drawn: list[tuple[str, str, Decimal]], random: Any
) -> None:
    rows = [about(*one) for one in drawn]
    found = {row.id: row for row in settled(rows)}
    random.shuffle(rows)
    assert found == {row.id: row for row in settled(rows)}
    taken: dict[str, Decimal] = {}
    for row in found.values():
        if row.saving_in_sequence is not None:
            assert row.saving is not None
            assert 0 <= row.saving_in_sequence <= row.saving
            taken[row.resource_id] = taken.get(row.resource_id, Decimal(0)) + row.saving_in_sequence
    assert all(sum_of <= 100 for sum_of in taken.values())


RATES = st.lists(
    st.builds(
        lambda kind, name, saving, certainty: replace(
            about(kind, "i-1", saving, certainty=certainty), where=("i-1", kind, name)
        ),
        st.sampled_from(["previous_generation", "graviton"]),
        st.sampled_from("ab"),
        CENTS,
        st.sampled_from(["measured", "upper bound"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda row: row.id,
)
FIRST = st.lists(
    st.builds(about, st.sampled_from(["idle_nat", "schedule"]), st.just("i-1"), CENTS), max_size=2,
    unique_by=lambda row: row.kind,
)  # fmt: skip


@given(FIRST, RATES)
def test_the_total_is_that_of_the_best_choice_and_no_choice_makes_more_of_it_sure(
    first: list[Recommendation], rates: list[Recommendation]
) -> None:
    def totals(*rows: Recommendation) -> tuple[Decimal, Decimal]:
        found = settled([*first, *rows])
        sure = [row for row in found if row.certainty == "measured"]
        return total(found, "saving_in_sequence") or Decimal(0), total(sure, "saving_in_sequence") or Decimal(0)

    alone = [totals(), *(totals(one) for one in rates)]
    assert totals(*rates) == (max(whole for whole, _ in alone), max(sure for _, sure in alone))


def told(database: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Answer:
    capsys.readouterr()
    assert main(["recommend", *words, "--format", "json", "--db", str(database)]) == 0
    answer: Answer = json.loads(capsys.readouterr().out, parse_float=Decimal)
    return answer


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loaded(tmp_path_factory.mktemp("before"), estate(), **{"product/region": "us-east-1"})


def by_kind(answer: Answer) -> dict[str, list[Answer]]:
    found: dict[str, list[Answer]] = {}
    for row in answer["rows"]:
        if row["saving_in_sequence"] is not None:
            found.setdefault(row["kind"], []).append(row)
    return found


def test_the_bill_with_all_advice_taken_is_the_bill_less_the_total(
    bill: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    everything, waste = told(bill, capsys), told(bill, capsys, "waste")
    # a server is one thing in the end: with the upper bound that adds to what is sure
    taken_last = sorted(waste["rows"], key=lambda row: row["class"] == "upper bound")
    changes = {row["resource_id"]: row for row in taken_last if row["successor"] and row["saving_in_sequence"]}
    kinds = {"idle_nat", "schedule", "previous_generation", "graviton", "spot", "commitment"}
    assert set(by_kind(everything)) == kinds
    assert changes["i-old"]["kind"] == "graviton"

    def taken(row: Row) -> Iterator[Row]:
        """The line as it is once everything before Spot is done."""
        name, at = row.get("lineItem/ResourceId", ""), _hour(row)
        if name == "nat-idle" or (name in ("dev-1", "dev-2") and not office(at)):
            return
        change = changes.get(name)
        if change:
            rate = 1 - Decimal(change["saving"]) / Decimal(change["current_cost"])
            cost = f"{Decimal(row['lineItem/UnblendedCost']) * rate:.12f}"
            row = {**row, "lineItem/UsageType": change["successor"], "lineItem/UnblendedCost": cost}
        yield row

    rows = [after for row in estate() for after in taken(row)]
    changed = loaded(tmp_path / "after", rows, **{"product/region": "us-east-1"})
    later = told(changed, capsys)
    settled_first = sum(
        row["saving_in_sequence"] for row in everything["rows"] if row["step"] in ("stop", "schedule", "rightsize")
        and row["saving_in_sequence"] is not None
    )  # fmt: skip
    before, after = everything["totals"]["usage_cost"], later["totals"]["usage_cost"]
    assert before - after == pytest.approx(settled_first, abs=Decimal("0.01"))
    for kind in ("spot", "commitment"):
        (here,), (there,) = by_kind(everything)[kind], by_kind(later)[kind]
        assert here["saving_in_sequence"] == pytest.approx(there["saving_in_sequence"], abs=Decimal("0.01"))
    assert everything["totals"]["saving_in_sequence"] < before


def _hour(row: Row) -> int:
    day, hour = row["lineItem/UsageStartDate"][8:10], row["lineItem/UsageStartDate"][11:13]
    return (int(day) - 1) * 24 + int(hour)


def test_hours_that_sleep_and_usage_that_moves_are_no_demand_of_a_commitment(
    bill: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row for row in told(bill, capsys, "commitments")["rows"] if row["chosen"]]
    assert [row["commitment_in_sequence"] <= row["hourly_commitment"] for row in rows] == [True]


def test_every_step_and_class_adds_up_to_the_total(bill: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = told(bill, capsys)
    whole = answer["totals"]["saving_in_sequence"]
    assert whole == sum(row["saving_in_sequence"] or 0 for row in answer["rows"])
    for name in ("by_step", "by_class"):
        assert sum(row["saving_in_sequence"] or 0 for row in answer["totals"][name]) == whole
    steps = [row["step"] for row in answer["totals"]["by_step"]]
    assert steps == sorted(steps, key=STEPS.index)


def test_a_filter_chooses_rows_and_changes_no_figure(bill: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = {row["id"]: row for row in told(bill, capsys)["rows"]}
    measured = told(bill, capsys, "--class", "measured", "--where", "step=stop,commit")
    assert {row["class"] for row in measured["rows"]} == {"measured"}
    assert all(whole[row["id"]] == row for row in measured["rows"])
    assert measured["totals"]["saving_in_sequence"] == sum(row["saving_in_sequence"] or 0 for row in measured["rows"])


def test_a_filter_by_what_advice_does_not_have_is_a_usage_error(bill: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recommend", "--where", "colour=red", "--db", str(bill)]) == 2
    assert "advice has no colour" in capsys.readouterr().err


def test_confidence_is_the_class_and_where_the_price_is_from() -> None:
    def told_of(certainty: Any, basis: str) -> str:
        return Recommendation("graviton", (), "do", "seen", basis, certainty).confidence

    assert told_of("measured", "own rate") == "high"
    assert told_of("measured", "own rate and price list 2026-07-20") == "medium"
    assert told_of("upper bound", "own rate") == "low"
    assert told_of("needs data", "unknown") == "none"
    assert kind_of("graviton").effort == "high"


def test_without_hours_waste_and_storage_are_advised_and_the_rest_is_said_not_to_be_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [line(24 * at, "AmazonEC2", "BoxUsage:m5.large", "i-1", "24", "2.4", **_whole_day(at)) for at in range(DAYS)]
    answer = told(loaded(tmp_path, rows), capsys)
    (problem,) = [one for one in answer["problems"] if one["code"] == "no_hours"]
    assert "could not be checked" in problem["message"]


def _whole_day(at: int) -> Row:
    return {"lineItem/UsageEndDate": f"2026-10-{at + 2:02}T00:00:00Z"}


@pytest.mark.parametrize("verb", ["waste", "spot", "lifecycle", "commitments"])
def test_every_verb_tells_the_same_saving_in_sequence(
    verb: str, bill: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = {row["id"]: row["saving_in_sequence"] for row in told(bill, capsys)["rows"]}
    alone = {row["id"]: row["saving_in_sequence"] for row in told(bill, capsys, verb)["rows"]}
    assert {name: alone[name] for name in alone.keys() & whole.keys()} == {
        name: whole[name] for name in alone.keys() & whole.keys()
    }
    assert {alone[name] for name in alone.keys() - whole.keys()} <= {None}


def test_what_sleeps_leaves_its_commitment_to_other_usage_which_no_later_step_has_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dev = {"lineItem/ResourceId": "i-dev", ENVIRONMENT: "dev", **WINDOWS}
    rows = []
    for at in every_hour(DAYS):
        half = covered(at, 0.5)
        rows += [{**half[0], **dev}, *half[1:], usage(at, 0.5, **dev)]
        rows.append(usage(at, 1, **{"lineItem/ResourceId": "i-web", **WINDOWS}))
    database = loaded(tmp_path, rows)
    found = by_kind(told(database, capsys))
    away = sum(1 for at in every_hour(DAYS)[:HOURS] if not office(at))
    ((asleep,), (freed,)) = found["schedule"], found["freed_commitment"]
    assert asleep["saving_in_sequence"] == pytest.approx(Decimal("0.05") * away * 730 / HOURS)
    assert freed["saving_in_sequence"] == pytest.approx(Decimal("0.05") * away * 730 / HOURS)
    # every hour has half of i-web left, at 0.06 instead of 0.1; what is more by day does not pay
    (bought,) = [row for row in told(database, capsys, "commitments")["rows"] if row["commitment_in_sequence"]]
    assert bought["commitment_in_sequence"] == Decimal("0.03")
