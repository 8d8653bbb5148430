"""The facts of the cost report, and the verb that writes them down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.cli import main
from finops.output import report_md
from finops.output.report_text import document
from finops.reader import Ledger
from finops.report.compare import Compared, rank
from finops.report.facts import ReportFacts, build
from finops.report.tied import tied
from finops.report.windows import Reach, Window, whole_windows
from tests.report_ledger import (
    HOSTILE,
    LOADED,
    MONDAY,
    Line,
    Loaded,
    day,
    estate,
    every_day,
    ledger,
    read_estate,
)


@pytest.fixture(scope="module")
def weekly() -> ReportFacts:
    return read_estate("weekly")


# --- which days -----------------------------------------------------------------------------------


def reach(start: date, end: date, *months: str) -> Reach:
    return Reach(Window(start, end), end, frozenset(months or ("2026-08", "2026-09", "2026-10")))


def test_the_last_whole_week_is_held_against_the_four_before(weekly: ReportFacts) -> None:
    assert [window.start for window in weekly.windows] == [MONDAY - timedelta(weeks=n) for n in range(5)]
    assert all(window.length == 7 for window in weekly.windows)


def test_a_week_counts_as_soon_as_its_sunday_is_over() -> None:
    sunday = day(10, 25)
    assert whole_windows("weekly", reach(day(10, 1), sunday))[0].end == MONDAY
    assert whole_windows("weekly", reach(day(10, 1), sunday + timedelta(days=1)))[0].start == MONDAY


def test_the_last_whole_month_is_held_against_the_three_before() -> None:
    months = [f"2026-{n:02}" for n in range(1, 11)]
    found = whole_windows("monthly", reach(day(1, 1), day(10, 27), *months))
    assert [window.start for window in found] == [day(n, 1) for n in (9, 8, 7, 6)]


def test_windows_end_at_a_month_that_is_not_loaded() -> None:
    found = whole_windows("weekly", reach(day(8, 1), day(10, 27), "2026-08", "2026-10"))
    assert [window.start for window in found] == [day(10, 19), day(10, 12), day(10, 5)]


@given(st.dates(day(1, 1), day(12, 1)), st.integers(0, 120))
def test_whole_windows_are_neighbours_inside_the_data(start: date, length: int) -> None:
    months = [f"2026-{n:02}" for n in range(1, 13)] + [f"2027-{n:02}" for n in range(1, 6)]
    end = start + timedelta(days=length)
    for cadence in ("weekly", "monthly"):
        found = whole_windows(cadence, reach(start, end, *months))
        assert all(start <= window.start < window.end <= end for window in found)
        assert all(later.start == earlier.end for later, earlier in pairwise(found))


def test_a_day_with_too_few_hours_and_the_newest_two_are_not_complete(weekly: ReportFacts) -> None:
    gaps = {held.day: held.gap for held in weekly.days if held.gap}
    assert list(gaps) == [day(10, 26), day(10, 27)]
    assert gaps[day(10, 27)] == "14 of 24 hours seen"
    assert weekly.days[-1].hours == 14


def test_22_hours_make_a_day_complete_and_21_do_not() -> None:
    lines = every_day(day(10, 1), day(10, 20), cost="1")
    lines[6] = Line(day(10, 7), "1", hours_mask=(1 << 22) - 1)
    lines[7] = Line(day(10, 8), "1", hours_mask=(1 << 21) - 1)
    days = {held.day: held.gap for held in build(ledger(lines), "weekly").days}
    assert (days[day(10, 7)], days[day(10, 8)]) == (None, "21 of 24 hours seen")


def test_an_export_without_hours_is_judged_by_its_newest_days_only() -> None:
    facts = build(ledger(every_day(day(10, 1), day(10, 20), cost="1", hours_mask=1)), "weekly")
    assert {held.hours for held in facts.days} == {None}
    assert [held.day for held in facts.days if held.gap] == [day(10, 19), day(10, 20)]


def test_the_newest_days_of_an_invoiced_month_are_complete() -> None:
    lines = every_day(day(9, 1), day(9, 30), cost="1")
    assert not [held for held in build(ledger(lines, Loaded(final={"2026-09": True})), "monthly").days if held.gap]


def test_a_line_longer_than_a_day_does_not_say_how_far_the_data_reach() -> None:
    lines = every_day(day(10, 1), day(10, 13), cost="1")
    lines.append(Line(day(10, 31), "50", x_line_item_type="Tax", x_is_long=True, resource_id=None))
    assert build(ledger(lines), "weekly").days[-1].day == day(10, 13)


def test_a_day_without_any_charge_is_a_gap_and_not_a_zero() -> None:
    lines = [line for line in every_day(day(10, 1), day(10, 20), cost="1") if line.charge_day != day(10, 14)]
    facts = build(ledger(lines), "weekly")
    assert [held.gap for held in facts.days if held.day == day(10, 14)] == ["no charge seen"]


def test_a_filter_does_not_change_how_far_the_data_reach() -> None:
    held = ledger(estate(), LOADED)
    held.connection.execute(
        "create or replace view daily_cost as from all_daily_cost where x_service_code = 'AmazonKinesis'"
    )
    facts = build(held, "weekly")
    assert len(facts.before) == 4
    assert (facts.headline.mean, facts.headline.change) == (0, 49)
    assert facts.movers[0].rows[0].status == "new"


def test_the_end_of_what_was_asked_is_not_the_end_of_the_data() -> None:
    lines = every_day(day(10, 1), day(10, 27), cost="1")
    held = ledger(lines)
    asked = replace(held, ask=replace(held.ask, end=day(10, 26)), end=day(10, 26))
    assert build(asked, "weekly").judged


# --- how much -------------------------------------------------------------------------------------


def test_daily_charges_stand_apart_from_longer_ones(weekly: ReportFacts) -> None:
    assert weekly.now.daily == 7 * (Decimal("113.005") + 7)
    assert weekly.now.longer == 12
    assert [held.longer for held in weekly.before] == [0, 0, Decimal(300), 0]
    assert weekly.now.total == weekly.now.daily + 12
    assert [(line.line_item_type, line.service, line.cost) for line in weekly.longer] == [("Tax", "AmazonRoute53", 12)]


def test_the_change_is_against_the_mean_of_the_windows_before(weekly: ReportFacts) -> None:
    assert weekly.headline.mean == 7 * (Decimal("113.005") + 5)
    assert weekly.headline.change == 14
    assert weekly.headline.percent is not None
    assert round(weekly.headline.percent, 4) == Decimal("1.6948")


def test_movers_name_what_is_new_and_what_is_gone(weekly: ReportFacts) -> None:
    by_service, by_account = weekly.movers
    assert [(row.key, row.change, row.status) for row in by_service.rows] == [
        ("AmazonKinesis", 49, "new"),
        ("AWSGlue", -35, "gone"),
    ]
    assert [(row.key, row.change) for row in by_account.rows] == [("200000000020", 49), ("200000000010", -35)]


def test_every_ranking_sums_to_the_daily_charges(weekly: ReportFacts) -> None:
    for ranking in (*weekly.spend, *(tag.spend for tag in weekly.tags)):
        rows = [*ranking.rows, *([ranking.rest] if ranking.rest else [])]
        assert sum(row.now for row in rows) == ranking.total.now == weekly.now.daily
        assert ranking.total.mean == weekly.headline.mean


@given(st.lists(st.decimals(-(10**9), 10**9, places=10), max_size=30), st.integers(1, 8))
def test_what_is_not_shown_is_added_up(costs: list[Decimal], top: int) -> None:
    rows = [Compared(str(n), cost, (cost, -cost)) for n, cost in enumerate(costs)]
    ranking = rank("service", rows, lambda row: abs(row.now), top)
    assert len(ranking.rows) + ranking.rest_count == len(rows)
    assert sum((row.now for row in ranking.rows), ranking.rest.now if ranking.rest else Decimal(0)) == sum(costs)


def test_spend_by_tag_tells_untagged_untaggable_and_invalid(weekly: ReportFacts) -> None:
    by_tag = {tag.tag: {row.key: row.now for row in tag.spend.rows} for tag in weekly.tags}
    assert by_tag["Environment"] == {
        "prod": 700,
        "(untagged)": 7 * (Decimal("10.005") + 7),
        "(invalid)": 14,
        "(untaggable)": 7,
    }
    assert by_tag["Owner"][HOSTILE] == 14


def test_coverage_counts_taggable_cost_and_an_invalid_value_as_tagged(weekly: ReportFacts) -> None:
    coverage = {tag.tag: tag.coverage[0] for tag in weekly.tags}["Environment"]
    assert (coverage.tagged, coverage.invalid, coverage.untaggable) == (714, 14, 7 + 12)
    assert coverage.gap == 7 * (Decimal("10.005") + 7)
    assert coverage.tagged + coverage.gap + coverage.untaggable == weekly.now.total
    assert coverage.percent == Decimal("85.7106")


def test_coverage_of_nothing_taggable_is_unknown() -> None:
    lines = every_day(day(10, 1), day(10, 20), cost="3", resource_id=None)
    facts = build(ledger(lines), "weekly")
    assert [tag.coverage[0].percent for tag in facts.tags] == [None] * 4
    assert "nothing taggable" in report_md.render(document(facts))


def test_the_biggest_gaps_name_each_resource_once_with_all_it_lacks(weekly: ReportFacts) -> None:
    assert [(gap.resource_id, gap.missing, gap.cost) for gap in weekly.gaps.rows] == [
        ("logs", ("Environment", "Owner", "CostCenter"), 7 * Decimal("10.005")),
        ("k", ("Project", "Environment", "Owner", "CostCenter"), 49),
        ("odd", ("Project", "CostCenter"), 14),
    ]
    assert (weekly.gaps.count, weekly.gaps.cost) == (3, 7 * Decimal("10.005") + 63)


def test_the_month_is_held_against_the_same_complete_days_before(weekly: ReportFacts) -> None:
    month = weekly.month
    assert (month.so_far.window.end, month.so_far.longer) == (day(10, 28), 312)
    assert month.complete is not None
    assert month.same_days is not None
    assert (month.complete.window, month.same_days.window) == (
        Window(day(10, 1), day(10, 26)),
        Window(day(9, 1), day(9, 26)),
    )
    assert month.change == 7 * 7 - 7 * 5


def test_a_month_is_compared_by_total_and_per_day() -> None:
    facts = build(ledger(every_day(day(8, 1), day(9, 30), cost="1")), "monthly")
    assert (facts.headline.change, facts.per_day.change) == (-1, 0)


def test_what_falls_in_an_incomplete_week_is_not_judged() -> None:
    lines = every_day(day(9, 1), day(10, 18), cost="10") + every_day(MONDAY, day(10, 25), cost="1")
    lines += every_day(MONDAY, day(10, 25), cost="4", x_service_code="AmazonKinesis")
    facts = build(ledger(lines), "weekly")
    assert not facts.judged
    assert [row.key for row in facts.movers[0].rows] == ["AmazonKinesis"]
    text = report_md.render(document(facts))
    assert "not judged" in text
    assert "fell" not in text
    assert "2 of 7 days not complete" in text


def test_finality_is_that_of_the_periods_the_charges_belong_to() -> None:
    lines = every_day(day(9, 1), day(10, 27), cost="1")
    finals: list[dict[str, bool | None]] = [{"2026-09": True}, {"2026-09": None}, {"2026-09": False}]
    assert [build(ledger(lines, Loaded(final=final)), "monthly").final for final in finals] == [
        True,
        None,
        False,
    ]


# --- the verb -------------------------------------------------------------------------------------


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[Ledger]:
        yield ledger(estate(), LOADED)

    monkeypatch.setattr("finops.cli.report.opened", opened)


@pytest.mark.usefixtures("loaded")
def test_the_verb_writes_a_file_and_sums_it_up_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.html"
    assert main(["report", "-o", str(file)]) == 0
    out, err = capsys.readouterr()
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert out == ""
    assert len(err.splitlines()) == 6
    assert err.splitlines()[0] == str(file)


@pytest.mark.usefixtures("loaded")
def test_without_a_file_the_report_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "monthly", "--format", "md"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("# Monthly cost report: September 2026")
    assert len(err.splitlines()) == 5


@pytest.mark.usefixtures("loaded")
def test_a_section_that_cannot_be_computed_says_why_and_the_report_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--format", "json", "--db", str(tmp_path / "none.duckdb")]) == 0
    sections = {row["section"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert sections["commitments"]["state"] == "failed"
    assert sections["commitments"]["text"][0].startswith("Could not be computed: nothing is loaded yet")
    assert sections["units"]["state"] == "not set"
    assert "[units] file" in sections["units"]["text"][0]
    assert sections["spend"]["tables"][0]["table"] == "spend-service"


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    ("audience", "first"), [("finance", "promises"), ("engineering", "anomalies"), ("leadership", "changes")]
)
def test_each_audience_has_its_sections_in_its_order(
    audience: str, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--for", audience, "--format", "json"]) == 0
    keys = [row["section"] for row in json.loads(capsys.readouterr().out)["rows"]]
    assert (keys[0], keys[1], keys[-1]) == ("overview", first, "trust")


@pytest.mark.usefixtures("loaded")
def test_a_file_that_ends_in_md_is_markdown(tmp_path: Path) -> None:
    assert main(["report", "-o", str(tmp_path / "report.md")]) == 0
    assert (tmp_path / "report.md").read_text(encoding="utf-8").startswith("# Weekly cost report")


@pytest.mark.usefixtures("loaded")
def test_an_environment_that_nobody_knows_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--env", "prdo"]) == 2
    assert "no environment is called prdo" in capsys.readouterr().err


def test_another_cadence_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "yearly"]) == 2
    assert "yearly" in capsys.readouterr().err


def test_what_the_report_reads_is_held_against_what_the_files_summed_to() -> None:
    held = ledger(estate(), LOADED)
    assert [one.difference for one in tied(held)] == [0, 0, 0]
    held.connection.execute("update resource_daily set cost = cost + 1 where charge_day = date '2026-10-20'")
    august, september, october = tied(held)
    assert (august.difference, september.difference) == (0, 0)
    assert october.difference > 0
