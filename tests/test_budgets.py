"""Budgets: what the settings say of them, and what becomes of them against a bill."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.budgets.bill import Bill, Spent, part_of, reference_of
from finops.budgets.evaluate import Result, evaluate_budgets, failing, staleness
from finops.budgets.periods import window_of
from finops.cli import main
from finops.config import parse_settings
from finops.config.settings import Budget
from finops.errors import ConfigError
from finops.variance.actuals import Charges
from tests.estimated_bill import line, october
from tests.tiny_export import write_export

PROD = Budget("prod", "month", Decimal(310), where={"environment": ("prod",)}, alert=(Decimal("0.5"), Decimal(1)))
STAGING = Budget("staging", "month", None, Decimal(30), "prod", {"environment": ("staging",)})


def every_day(cost: int, first: date = date(2026, 10, 1), days: int = 20) -> Spent:
    return Spent(Charges("", "", None, {}, {first + timedelta(days=n): Decimal(cost) for n in range(days)}))


def bill(*spent: tuple[Budget, Spent], first: date = date(2026, 10, 1), loaded: tuple[str, ...] = ("2026-10",)) -> Bill:
    parts = {part_of(budget, "amortized"): one for budget, one in spent}
    return Bill(first, date(2026, 10, 20), frozenset(loaded), "USD", "amortized", parts)


def held(budget: Budget, *spent: tuple[Budget, Spent], **values: Any) -> Result:
    (result,) = evaluate_budgets([budget], bill(*spent, **values))
    return result


# --- a pure function ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "kind", "reached", "following"),
    [
        (1000, "within", None, 50),
        (400, "alert", 50, 100),
        (310, "alert", 50, 100),
        (309, "forecast_over", 50, 100),
        (200, "forecast_over", 100, None),
        (199, "over", 100, None),
        (0, "over", 100, None),
    ],
)
def test_ten_a_day_for_twenty_days(limit: int, kind: str, reached: int | None, following: int | None) -> None:
    budget = replace(PROD, amount=Decimal(limit))
    found = held(budget, (budget, every_day(10)))
    assert (found.kind, found.alert_reached, found.next_alert) == (kind, reached, following)
    assert (found.actual, found.forecast, found.complete_through) == (200, 310, date(2026, 10, 20))


def test_the_limit_to_date_is_the_part_of_the_complete_days() -> None:
    found = held(PROD, (PROD, every_day(10)))
    assert (found.limit, found.limit_to_date, found.used) == (310, 200, Decimal("64.5161"))


def test_days_that_are_not_complete_are_not_counted() -> None:
    """Days 21 and 22 show next to nothing and would drag the forecast down."""
    spent = every_day(10)
    spent.charges.daily.update({date(2026, 10, 21): Decimal(1), date(2026, 10, 22): Decimal(0)})
    found = held(PROD, (PROD, spent))
    assert (found.actual, found.forecast) == (200, 310)


def test_a_share_follows_the_actual_of_the_other_environment() -> None:
    found = held(STAGING, (STAGING, every_day(2)), (PROD, every_day(10)))
    assert (found.limit, found.limit_to_date, found.actual, found.kind) == (93, 60, 40, "within")
    assert found.used == Decimal("66.6666")
    assert held(STAGING, (STAGING, every_day(4)), (PROD, every_day(10))).kind == "over"


def test_a_forecast_alert_is_reached_by_the_forecast_alone() -> None:
    budget = replace(PROD, amount=Decimal(340), alert=(), forecast_alert=(Decimal("0.9"), Decimal(1)))
    found = held(budget, (budget, every_day(10)))
    assert (found.kind, found.forecast_alert_reached, found.alert_reached) == ("alert", 90, None)


def test_a_day_is_held_against_each_of_the_last_seven() -> None:
    budget = replace(PROD, period="day", amount=Decimal(15))
    spent = every_day(10)
    spent.charges.daily[date(2026, 10, 16)] = Decimal(21)
    spent.charges.daily[date(2026, 10, 2)] = Decimal(99)
    found = held(budget, (budget, spent))
    assert (found.kind, found.start, found.end, found.actual) == ("over", date(2026, 10, 16), date(2026, 10, 17), 21)
    assert found.detail == "1 of 7 days with cost in the last 7 days over, this one the most"


def test_an_hour_is_held_against_the_dearest_hour_that_was_active() -> None:
    budget = replace(PROD, period="hour", amount=Decimal("0.82"))
    noon = datetime(2026, 10, 19, 12, tzinfo=UTC)
    spent = replace(every_day(1), hours={noon: Decimal("0.83"), noon + timedelta(hours=1): Decimal("0.4")})
    found = held(budget, (budget, spent))
    assert (found.kind, found.start, found.actual) == ("over", noon, Decimal("0.83"))
    assert found.detail == "1 of 2 hours with cost in the last 7 days over, this one the most"


@pytest.mark.parametrize(
    ("budget", "spent", "why"),
    [
        (PROD, [], "environment prod was not read"),
        (PROD, [(PROD, Spent(Charges("", "", None, {})))], "nothing that is loaded is environment prod"),
        (STAGING, [(STAGING, every_day(1))], "environment prod was not read"),
        (replace(PROD, period="quarter"), [], "environment prod was not read"),
    ],
)
def test_what_cannot_be_told_is_not_a_pass(budget: Budget, spent: list[tuple[Budget, Spent]], why: str) -> None:
    found = held(budget, *spent)
    assert (found.kind, found.detail, found.actual) == ("could_not_check", why, None)


def test_without_a_bill_nothing_is_checked_and_all_of_it_says_why() -> None:
    found = evaluate_budgets([PROD, STAGING], "nothing is loaded yet")
    assert [(one.kind, one.detail) for one in found] == [("could_not_check", "nothing is loaded yet")] * 2


def test_a_quarter_whose_first_months_are_not_loaded_is_not_a_pass() -> None:
    year = replace(PROD, period="year", amount=Decimal(100_000))
    found = held(year, (year, every_day(10)))
    assert (found.kind, found.detail) == ("could_not_check", "2026-01 to 2026-09 not loaded")
    assert (found.actual, found.start) == (200, date(2026, 1, 1))
    # What is over is over, whatever else there may be.
    assert held(replace(year, amount=Decimal(199)), (year, every_day(10))).kind == "over"


def test_a_month_without_a_manifest_that_begins_late_is_not_a_pass() -> None:
    late = every_day(10, date(2026, 10, 5), 16)
    found = held(PROD, (PROD, late), first=date(2026, 10, 5), loaded=())
    assert (found.kind, found.detail) == ("could_not_check", "the data begin on 2026-10-05")
    vouched = held(PROD, (PROD, late), first=date(2026, 10, 5))
    assert (vouched.kind, vouched.actual, vouched.limit_to_date) == ("alert", 160, 200)


def test_stale_data_prove_only_what_is_over() -> None:
    cheap = replace(PROD, amount=Decimal(100))
    results = evaluate_budgets([PROD, cheap], bill((PROD, every_day(10))), stale="stale: it is old")
    assert [one.kind for one in results] == ["could_not_check", "over"]
    assert failing(results) == [results[1]]
    assert failing(results, ("over", "could_not_check")) == results


def test_data_are_stale_when_they_are_older_than_the_limit() -> None:
    end = datetime(2026, 10, 23, tzinfo=UTC)
    assert staleness(end, end + timedelta(hours=36), Decimal(36)) is None
    said = staleness(end, end + timedelta(hours=36, seconds=1), Decimal(36))
    assert said == "stale: the newest charge ends 2026-10-23 00:00 UTC, 37 h ago (limit 36 h)"
    assert "how old" in (staleness(None, end, Decimal(36)) or "")


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("hour", date(2026, 11, 22), date(2026, 11, 23)),
        ("day", date(2026, 11, 22), date(2026, 11, 23)),
        ("week", date(2026, 11, 16), date(2026, 11, 23)),
        ("month", date(2026, 11, 1), date(2026, 12, 1)),
        ("quarter", date(2026, 10, 1), date(2027, 1, 1)),
        ("year", date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_a_period_is_that_of_the_calendar(period: str, start: date, end: date) -> None:
    window = window_of(period, date(2026, 11, 22))
    assert (window.start, window.end) == (start, end)


@given(day=st.dates(date(2020, 1, 1), date(2030, 12, 31)))
@settings(max_examples=60)
def test_periods_hold_their_day_and_meet_without_a_gap(day: date) -> None:
    for period in ("day", "week", "month", "quarter", "year"):
        window = window_of(period, day)
        assert day in window
        assert window_of(period, window.end).start == window.end


@given(
    costs=st.lists(st.decimals(0, 1000, places=10), min_size=1, max_size=20),
    limit=st.decimals(0, 5000, places=2),
    stale=st.sampled_from([None, "stale"]),
    loaded=st.sampled_from([("2026-10",), ()]),
)
@settings(max_examples=40, deadline=None)
def test_a_budget_passes_only_where_everything_is_known_and_below_the_limit(
    costs: list[Decimal], limit: Decimal, stale: str | None, loaded: tuple[str, ...]
) -> None:
    first = date(2026, 10, 21) - timedelta(days=len(costs))
    spent = Spent(Charges("", "", None, {}, {first + timedelta(days=n): cost for n, cost in enumerate(costs)}))
    budget = replace(PROD, amount=limit)
    (found,) = evaluate_budgets([budget], bill((budget, spent), first=first, loaded=loaded), stale=stale)
    known = not stale and (bool(loaded) or first == date(2026, 10, 1))
    assert found.actual == sum(costs)
    assert (found.kind == "over") == (sum(costs) > limit)
    assert (found.kind == "could_not_check") == (sum(costs) <= limit and not known)


def test_what_a_share_is_of_is_counted_by_the_metric_of_the_budget() -> None:
    reference = reference_of(replace(STAGING, metric="unblended"), "amortized")
    assert reference is not None
    assert (reference.where, reference.metric) == ((("environment", ("prod",)),), "unblended")


# --- the settings ------------------------------------------------------------------------------

ENVIRONMENTS = """\
[tags.values.Environment]
allowed = ["prod", "dev"]
aliases = { prod = ["production"] }
[environments.prod]
match = { "tag:Environment" = ["prod"] }
budget = { month = 720, day = 30, alert = [1.0, 0.5] }
[environments.dev]
aliases = ["sandbox"]
budget = { month = "30% of Production" }
"""


def test_a_table_may_have_a_limit_for_several_periods() -> None:
    prod_day, prod_month, dev = parse_settings(ENVIRONMENTS).budgets
    assert (prod_day.period, prod_day.amount, prod_month.period, prod_month.amount) == ("day", 30, "month", 720)
    assert (prod_month.alert, prod_month.line) == ((Decimal("0.5"), Decimal(1)), 6)
    assert (dev.share, dev.of, dev.amount, dev.environment) == (30, "prod", None, "dev")


def test_a_budget_may_be_for_any_dimensions() -> None:
    text = (
        '[[budget]]\nname = "web"\nwhere = { "tag:environment" = "Production", service = ["AmazonS3"] }\nweek = 5.5\n'
    )
    (web,) = parse_settings(ENVIRONMENTS + text).budgets[3:]
    assert (web.where, web.amount) == ({"tag:Environment": ("prod",), "service": ("AmazonS3",)}, Decimal("5.5"))


@pytest.mark.parametrize(
    ("text", "said", "row"),
    [
        ('[[budget]]\nname = "x"\n', "the budget x has no limit", 1),
        ('[[budget]]\nname = "x"\nmonth = "30% of pord"\n', 'no environment is called "pord"', 3),
        ('[[budget]]\nname = "x"\nmonth = "a third of prod"\n', "has to be an amount of money", 3),
        ('[[budget]]\nname = "Prod"\nmonth = 5\n', 'two budgets are called "Prod"', 1),
        ('[[budget]]\nname = "x"\nmonth = 5\nwhere = { environment = "qa" }\n', 'no environment is called "qa"', 4),
        ('[[budget]]\nname = "x"\nmonth = 5\nwhere = { "tag:Environment" = "qa" }\n', "never matches", 4),
        ('[[budget]]\nname = "x"\nmonth = 5\nwhere = { service = [] }\n', "fits no line", 4),
        ('[[budget]]\nname = "x"\nmonth = 5\nmetric = "blended"\n', "has to be unblended", 4),
        ('[[budget]]\nname = "x"\nfortnight = 5\n', 'unknown key "fortnight"', 3),
    ],
)
def test_a_budget_that_means_nothing_is_refused_with_its_line(text: str, said: str, row: int) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings(ENVIRONMENTS + text)
    assert said in caught.value.what
    assert caught.value.where == f"finops.toml:{ENVIRONMENTS.count(chr(10)) + row}"


# --- the verb ----------------------------------------------------------------------------------

SETTINGS = """\
[environments.prod]
match = { "tag:Environment" = ["prod"] }
budget = { month = 520, alert = [0.5, 0.8] }
[environments.staging]
match = { account = ["000000000009"] }
budget = { month = "30% of prod" }
[[budget]]
name = "web"
where = { "tag:Owner" = "web", service = "AmazonEC2" }
month = 1000
[[budget]]
name = "net"
metric = "net_amortized"
where = { service = "AmazonEC2" }
month = 1000
[[budget]]
name = "desk"
where = { "tag:Team" = "desk" }
month = 5
[[budget]]
name = "all"
month = 9999
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory with settings and October's bill up to the 22nd, its last two days open."""
    folder = tmp_path_factory.mktemp("budgets")
    export = october(folder)
    (folder / "finops.toml").write_text(SETTINGS)
    with chdir(folder):
        assert main(["ingest", str(export)]) == 0
        yield folder


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["variance", "--budgets", "--format", "json", *words]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=Decimal, parse_int=Decimal)
    return found


def test_each_budget_has_the_cost_of_its_part_of_the_bill(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = answer(capsys)
    assert {row["budget"]: (row["actual"], row["class"], row["source"]) for row in document["rows"]} == {
        "prod": (340, "forecast_over", "finops.toml:3"),
        "staging": (400, "over", "finops.toml:6"),
        "web": (200, "within", "finops.toml:10"),
        "net": (260, "within", "finops.toml:15"),
        "desk": (None, "could_not_check", "finops.toml:19"),
        "all": (Decimal("740.5"), "within", "finops.toml:22"),
    }
    assert document["totals"] == {"over": 1, "forecast_over": 1, "alert": 0, "within": 3, "could_not_check": 1}


def test_a_tag_no_export_has_is_named_as_the_reason(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk,) = [row for row in answer(capsys)["rows"] if row["budget"] == "desk"]
    assert desk["detail"] == "no line of the loaded exports has tag:Team"


def test_an_environment_can_be_asked_for_alone(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [row["budget"] for row in answer(capsys, "--env", "staging")["rows"]] == ["staging"]
    assert main(["variance", "--budgets", "--env", "qa"]) == 2
    assert "no budget is for the environment qa" in capsys.readouterr().err


def test_without_a_budget_the_settings_are_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "none.toml").write_text("")
    capsys.readouterr()
    assert main(["variance", "--budgets", "--config", "none.toml"]) == 2
    assert "error: no budget is set\n  where: none.toml" in capsys.readouterr().err


def test_data_too_old_for_the_settings_are_a_problem(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINOPS_TODAY", "2026-10-25")
    (place / "strict.toml").write_text(SETTINGS + "[check]\nmax_age_hours = 36\n")
    found = {one["code"]: one["message"] for one in answer(capsys, "--config", "strict.toml")["problems"]}
    assert found["stale"] == "stale: the newest charge ends 2026-10-23 00:00 UTC, 48 h ago (limit 36 h)"


def test_notes_stand_on_the_lines_of_the_settings(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["variance", "--budgets", "--format", "github"]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first == (
        "::warning file=finops.toml,line=6,title=budget staging (month)%3A over::400.00 USD since 2026-10-01, "
        "392.15%25 of 158.10; the month ends at 620.00"
    )
    assert last.startswith("::warning file=finops.toml,line=19,title=budget desk (month)%3A could not check::no line")


# --- a workload by the hour --------------------------------------------------------------------

HOURS = """\
[[budget]]
name = "demo"
where = { "tag:Owner" = "demo" }
hour = 0.82
month = 60
[[budget]]
name = "demo as billed"
where = { "tag:Owner" = "demo" }
hour = 1.1
metric = "unblended"
"""


@pytest.fixture(scope="module")
def by_the_hour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Eight days of an hourly bill: a demo of 0.80 in each of two hours a day, once of 1.05; storage by the day."""
    folder = tmp_path_factory.mktemp("hours")
    lines = [line(day, "AmazonS3", "USE2-TimedStorage-ByteHrs", "0.01", "", "demo") for day in range(1, 11)]
    for day in range(1, 11):
        for hour in range(24):
            span = {"lineItem/UsageStartDate": f"2026-10-{day:02d}T{hour:02d}:00:00Z",
                    "lineItem/UsageEndDate": f"2026-10-{day:02d}T{hour:02d}:59:59Z"}  # fmt: skip
            lines.append(line(day, "AmazonEC2", "USE2-BoxUsage", "0.1", "", "web") | span)
            if hour in (9, 10):
                cost = "1.05" if (day, hour) == (6, 10) else "0.80"
                lines.append(line(day, "AmazonKinesis", "USE2-OnDemand", cost, "", "demo") | span)
    export = write_export(folder, lines)
    (folder / "finops.toml").write_text(HOURS)
    with chdir(folder):
        assert main(["ingest", str(export)]) == 0
        yield folder


def test_hours_are_those_of_the_export(by_the_hour: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hour, month, unblended = answer(capsys)["rows"]
    assert (hour["start"], hour["end"]) == ("2026-10-06T10:00:00Z", "2026-10-06T11:00:00Z")
    assert (hour["actual"], hour["class"]) == (Decimal("1.05"), "over")
    assert hour["detail"] == (
        "1 of 14 hours with cost in the last 7 days over, this one the most; 0.07 charged for longer is in no hour"
    )
    assert (month["class"], month["actual"]) == ("within", Decimal("13.13"))
    assert (unblended["class"], unblended["metric"]) == ("within", "unblended")


def test_a_filter_of_the_question_holds_for_hours_as_well(
    by_the_hour: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hour, *_ = answer(capsys, "--where", "service=AmazonKinesis")["rows"]
    assert hour["detail"] == "1 of 14 hours with cost in the last 7 days over, this one the most"
    hour, *_ = answer(capsys, "--where", "service=AmazonS3")["rows"]
    assert (hour["class"], hour["actual"]) == ("could_not_check", None)
    assert hour["detail"] == "all it is charged for in these days is of more than an hour"
