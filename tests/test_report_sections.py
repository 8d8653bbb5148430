"""The sections that need findings: the bridge adds up, a failure is told, files of owners never collide."""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError, FinopsError, Interrupted
from finops.report.model import Chart, Section
from finops.report.sources import written_out
from finops.sections.attempt import attempted
from finops.sections.order import arranged
from finops.sections.owners import file_name
from finops.sections.why import bridge_of
from finops.variance.why.parts import Change, Part

AMOUNTS = st.decimals(-(10**6), 10**6, places=2)


def bridge(before: Decimal, changes: list[Decimal]) -> Chart:
    parts = [Part("", "usage", change, 1, ()) for change in changes]
    return bridge_of(Change("all", before, before + sum(changes)), parts, ("then", "now"), "USD")


@given(AMOUNTS, st.lists(AMOUNTS.filter(bool), max_size=12))
def test_every_bar_of_the_bridge_reaches_from_one_level_to_the_next(before: Decimal, changes: list[Decimal]) -> None:
    chart = bridge(before, changes)
    shown = [*changes[:7], *([sum(changes[7:])] if changes[7:] else [])]
    levels = list(accumulate(shown, initial=before))
    spans = [(Decimal(0), before), *pairwise(levels), (Decimal(0), levels[-1])]
    for at, span in enumerate(spans):
        assert {min(span), max(span)} == reach(chart, at)


def reach(chart: Chart, at: int) -> set[Decimal]:
    """From where to where the bars at a place reach, those above zero upon each other and those below."""
    lift = sum((one.values[at] or Decimal(0) for one in chart.series if one.is_base), Decimal(0))
    held = [one.values[at] or Decimal(0) for one in chart.series if not one.is_base]
    up, down = (sum((value for value in held if (value > 0) is above), Decimal(0)) for above in (True, False))
    return {lift + up, lift + down} if not lift else {lift, lift + up + down}


def test_the_axis_of_a_bridge_begins_near_the_cost_only_where_the_steps_are_small_beside_it() -> None:
    assert bridge(Decimal(1000), [Decimal(10), Decimal(-4)]).floor == Decimal(995)
    assert bridge(Decimal(1000), [Decimal(900)]).floor is None
    assert bridge(Decimal(-50), [Decimal(10)]).floor is None


def test_a_section_that_fails_says_what_and_what_to_try() -> None:
    def fails() -> Section:
        raise DataError("2 files are missing", "acme 2026-10", "finops ingest FOLDER")

    made = attempted("units", "Unit economics", fails)
    assert (made.key, made.state) == ("units", "failed")
    assert made.text == ("Could not be computed: 2 files are missing (acme 2026-10).", "Try: finops ingest FOLDER.")


def test_a_mistake_of_ours_or_of_an_engine_is_told_like_any_failure() -> None:
    made = attempted("units", "Unit economics", lambda: Section("units", str(1 // 0)))
    assert made.text == ("Could not be computed: ZeroDivisionError: integer division or modulo by zero.",)


def test_no_place_on_this_machine_is_told() -> None:
    def fails() -> Section:
        raise FinopsError("the file is gone", "/home/somebody/finops.store")

    assert attempted("units", "Unit economics", fails).text == ("Could not be computed: the file is gone.",)


def test_who_stops_the_run_stops_it() -> None:
    def stopped() -> Section:
        raise Interrupted

    with pytest.raises(Interrupted):
        attempted("units", "Unit economics", stopped)


def test_an_audience_has_the_sections_that_were_made_and_no_others() -> None:
    made = {key: Section(key, key) for key in ("trust", "units", "spend", "tags")}
    assert [one.key for one in arranged(made, "finance")] == ["spend", "units", "trust"]
    assert [one.key for one in arranged(made, None)] == ["spend", "tags", "units", "trust"]


@given(st.lists(st.text(min_size=1), unique=True, max_size=8))
def test_files_of_owners_are_safe_to_write_and_never_the_same(owners: list[str]) -> None:
    taken: set[str] = set()
    names = [file_name(owner, taken) for owner in owners]
    assert len({name.lower() for name in names}) == len(owners)
    assert not [name for name in names if set(name) & set('/\\:*?"<>|\n') or name.startswith(".") or len(name) > 90]


def test_a_query_is_written_out_with_its_values() -> None:
    sql = "select ? as tag where day >= ? and ids in (select unnest(?))"
    assert written_out(sql, ["it's", None, [1, Decimal("2.50")]]) == (
        "select 'it''s' as tag where day >= null and ids in (select unnest([1, 2.50]))"
    )
