"""Advice on commitments, from the rows of an export to what is printed: each figure worked out by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from finops.cli import main
from finops.prices import own_folder
from finops.prices.room import COLUMNS
from tests.aws_json_server import AwsServer, Refusal, aws_server
from tests.hourly_export import BOX, advice_on, covered, every_hour, hour, loaded, usage, with_plan
from tests.s3_bucket import CREDENTIALS

Answer = dict[str, Any]
Told = Callable[..., Answer]
HOURS = 730


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Told:
    """What the verb prints as JSON for a database, with options and settings."""
    return partial(advice_on, capsys, tmp_path)


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance under a plan at 40 % off, and beside it two on demand in three hours of four, one in the fourth."""
    return loaded(tmp_path_factory.mktemp("steady"), with_plan([2, 2, 2, 1]))


def plans(answer: Answer, **wanted: object) -> list[Answer]:
    """The rows of plans that have a figure."""
    rows = [row for row in answer["rows"] if row["kind"] == "commitment" and row["saving"] is not None]
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def problems(answer: Answer) -> set[str]:
    return {problem["code"] for problem in answer["problems"]}


# --- the commitment of each window


def test_the_best_commitment_is_one_row_for_each_window_and_one_for_all_hours(steady: Path, told: Told) -> None:
    rows = plans(told(steady), plan_type="Compute", term="1yr", payment_option="No Upfront")
    assert sorted((row["window_days"] or 0, row["hourly_commitment"]) for row in rows) == [
        (0, Decimal("0.12")), (14, Decimal("0.12")), (30, Decimal("0.12")),
    ]  # fmt: skip


def test_its_figures_are_those_worked_out_by_hand(steady: Path, told: Told) -> None:
    # at 40 % off the second instance pays if used in more than 60 % of hours, and it is in 75 %
    (row,) = plans(told(steady), plan_type="Compute", window_days=30)
    month = (Decimal(3 * 2 + 1) / 4 * Decimal("0.1") * HOURS, Decimal("0.12") * HOURS)
    assert row["current_cost"] == pytest.approx(month[0])
    assert row["saving"] == pytest.approx(month[0] - month[1])
    assert row["utilisation"] == Decimal("87.5")
    assert row["coverage"] == 100
    assert row["break_even_utilisation"] == pytest.approx(Decimal(60))
    assert row["saving_low"] == pytest.approx(month[0] * Decimal("0.8") - month[1])
    assert (row["basis"], row["class"], row["pay_back_months"]) == ("own rate", "measured", 0)


def test_a_fall_of_usage_is_told_as_the_money_it_costs(steady: Path, told: Told) -> None:
    falls = {row["fall_percent"]: row["saving"] for row in told(steady)["totals"]["if_usage_falls"]}
    full, paid = Decimal("0.175") * HOURS, Decimal("0.12") * HOURS
    assert falls == {
        10: pytest.approx(full * Decimal("0.9") - paid),
        20: pytest.approx(full * Decimal("0.8") - paid),
        40: pytest.approx(full * Decimal("0.6") - paid),
    }
    assert falls[40] < 0


def test_one_window_is_chosen_that_of_the_smallest_commitment(tmp_path: Path, told: Told) -> None:
    # two instances for 17 days, one since: the last 14 days are for one
    rows = (row for number in every_hour() for row in [*covered(number, 1), usage(number, 2 if number < 408 else 1)])
    answer = told(loaded(tmp_path, rows))
    (chosen,) = [row for row in answer["rows"] if row["chosen"]]
    assert (chosen["window_days"], chosen["hourly_commitment"]) == (14, Decimal("0.06"))
    assert answer["totals"]["saving_in_sequence"] == chosen["saving_in_sequence"] == chosen["saving"]


def test_usage_in_too_few_hours_is_left_on_demand(tmp_path: Path, told: Told) -> None:
    answer = told(loaded(tmp_path, with_plan([1, 0])))
    assert {row["hourly_commitment"] for row in plans(answer, plan_type="Compute")} == {0}
    assert [row for row in answer["rows"] if row["chosen"]] == []


def test_the_users_own_number_is_evaluated_and_not_improved(steady: Path, told: Told) -> None:
    answer = told(steady, "--commitment", "0.06")
    rows = plans(answer, plan_type="Compute")
    assert {row["hourly_commitment"] for row in rows} == {Decimal("0.06")}
    assert {row["utilisation"] for row in rows} == {100}
    assert rows[0]["saving"] == pytest.approx(Decimal("0.04") * HOURS)
    assert answer["totals"]["saving_in_sequence"] == 0


@pytest.mark.parametrize("number", ["0", "0.0001", "1.234567", "2000000", "much", "NaN"])
def test_a_commitment_that_aws_does_not_sell_is_refused(
    number: str, steady: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recommend", "commitments", "--commitment", number, "--db", str(steady)]) == 2
    assert "--commitment 1.25" in capsys.readouterr().err


# --- what is held already


def test_a_plan_that_ends_soon_gives_its_usage_back(steady: Path, tmp_path: Path, told: Told) -> None:
    soon = {"savingsPlan/EndTime": "2026-11-20T00:00:00.000Z"}
    rows = [{**row, **soon} if "savingsPlan/EndTime" in row else row for row in with_plan([2, 2, 2, 1])]
    database = loaded(tmp_path / "ends", rows)
    (back,) = plans(told(database), window_days=30)
    assert back["hourly_commitment"] == Decimal("0.18")
    (kept,) = plans(told(database, settings="[commitments]\nrenew_within_days = 10\n"), window_days=30)
    assert kept["hourly_commitment"] == Decimal("0.12")


def test_a_plan_that_began_within_the_hours_is_applied_to_those_before_it(tmp_path: Path, told: Told) -> None:
    # one instance the whole month, under the plan since the 11th: nothing is left to commit to
    begins = {"savingsPlan/StartTime": "2026-10-11T00:00:00.000Z"}
    rows = [
        {**row, **begins} if "savingsPlan/StartTime" in row else row
        for number in every_hour()
        for row in ([usage(number, 1)] if number < 240 else covered(number, 1))
    ]
    assert plans(told(loaded(tmp_path, rows))) == []


# --- what is not known


def test_a_plan_whose_rates_nobody_knows_has_no_figure(steady: Path, told: Told) -> None:
    unknown = [row for row in told(steady)["rows"] if row["class"] == "needs data"]
    assert {(row["plan_type"], row["term"], row["payment_option"]) for row in unknown} >= {
        ("Compute", "3yr", "No Upfront"), ("EC2Instance", "1yr", "No Upfront"),
    }  # fmt: skip
    figures = ("saving", "saving_low", "saving_high", "hourly_commitment", "utilisation", "saving_in_sequence")
    assert {row[name] for row in unknown for name in figures} == {None}


def test_a_rate_is_not_carried_over_to_other_usage(tmp_path: Path, told: Told) -> None:
    other = "USE2-BoxUsage:c5.large"
    rows = [*with_plan([1]), *(usage(number, 1, "0.5", other) for number in every_hour())]
    answer = told(loaded(tmp_path, rows))
    assert {row["hourly_commitment"] for row in plans(answer)} == {Decimal("0.06")}
    (unrated,) = answer["totals"]["unrated"]
    assert (unrated["usage_type"], unrated["cost"]) == (other, pytest.approx(Decimal("0.5") * HOURS))


def test_a_price_list_gives_the_rate_where_the_bill_has_none(tmp_path: Path, told: Told) -> None:
    # 0.13965 of 0.1728 an hour on the list; us-east-1 has no prefix
    kind = "BoxUsage:m6a.xlarge"
    rows = (usage(number, 1, "0.1728", kind) for number in every_hour())
    answer = told(loaded(tmp_path, rows, **{"product/region": "us-east-1"}))
    (row,) = plans(answer, plan_type="Compute", window_days=30)
    assert (row["hourly_commitment"], row["basis"]) == (Decimal("0.13965"), "price list 2026-10-01")


def test_daily_lines_are_refused_because_they_hide_peaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ({**usage(24 * day, 24), **hour(24 * day, 24)} for day in range(20))
    database = loaded(tmp_path, rows)
    capsys.readouterr()
    assert main(["recommend", "commitments", "--db", str(database)]) == 2
    assert "a day hides its peaks" in capsys.readouterr().err


def test_hours_of_an_open_month_count_when_a_day_has_passed(tmp_path: Path, told: Told) -> None:
    answer = told(loaded(tmp_path, with_plan([1], days=20)))
    assert answer["period"] == {"start": "2026-10-01", "end": "2026-10-20"}
    assert {row["window_days"] for row in plans(answer)} == {14, None}
    assert "short_history" in problems(answer)


# --- what is bought together


def listed(database: Path, *lines: str) -> None:
    """Prices in the user's own folder: service, kind, sku key and price, in us-east-2."""
    for line in lines:
        service, kind, key, price = line.split(",")
        path = own_folder(database) / service / "2026-11-01.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        held = path.read_text() if path.exists() else ",".join(COLUMNS) + "\n"
        path.write_text(f"{held}{service},us-east-2,{kind},{key},Hrs,{price},USD,2026-11-01,a test\n")


def test_a_compute_plan_is_sized_for_what_instance_plans_leave(tmp_path: Path, told: Told) -> None:
    # two m5 and two c5: for m5 an instance plan is cheaper than a Compute plan, for c5 there is only the latter
    other = "USE2-BoxUsage:c5.large"
    database = loaded(tmp_path, (row for at in every_hour() for row in (usage(at, 2), usage(at, 2, "0.08", other))))
    listed(
        database,
        "AmazonEC2,sp_ec2instance_1yr_no_upfront,BoxUsage:m5.large|RunInstances,0.06",
        "AmazonEC2,sp_compute_1yr_no_upfront,BoxUsage:m5.large|RunInstances,0.07",
        "AmazonEC2,sp_compute_1yr_no_upfront,BoxUsage:c5.large|RunInstances,0.06",
    )
    answer = told(database)
    chosen = {row["plan_type"]: row["hourly_commitment"] for row in answer["rows"] if row["chosen"]}
    assert chosen == {"EC2Instance": Decimal("0.12"), "Compute": Decimal("0.12")}
    assert answer["totals"]["saving_in_sequence"] == pytest.approx((2 * Decimal("0.04") + 2 * Decimal("0.02")) * HOURS)
    assert "after_instance_plans" in problems(answer)


def test_an_instance_plan_is_left_where_a_compute_plan_for_all_saves_more(tmp_path: Path, told: Told) -> None:
    # the families take turns: neither is in use in every hour, both together are
    other = "USE2-BoxUsage:c5.large"
    database = loaded(tmp_path, (usage(at, 1, "0.1", BOX if at % 2 else other) for at in every_hour()))
    kinds = [f"BoxUsage:{name}|RunInstances" for name in ("m5.large", "c5.large")]
    listed(database, *(f"AmazonEC2,sp_compute_1yr_no_upfront,{key},0.07" for key in kinds))
    listed(database, *(f"AmazonEC2,sp_ec2instance_1yr_no_upfront,{key},0.045" for key in kinds))
    (chosen,) = [row for row in told(database)["rows"] if row["chosen"]]
    assert (chosen["plan_type"], chosen["hourly_commitment"]) == ("Compute", Decimal("0.07"))


def test_databases_of_a_family_share_reservations_of_its_smallest_size(tmp_path: Path, told: Told) -> None:
    # a large by day, an xlarge by night: two large all the time but for the days
    always = {"lineItem/ProductCode": "AmazonRDS", "lineItem/Operation": "CreateDBInstance:0014"}
    large, double = "USE2-InstanceUsage:db.m5.large", "USE2-InstanceUsage:db.m5.xlarge"
    rows = (
        usage(at, 1, "0.2", large) if at % 24 < 12 else usage(at, 1, "0.4", double) for at in every_hour()
    )  # fmt: skip
    database = loaded(tmp_path, rows, **always)
    key = "ri_1yr_no_upfront,InstanceUsage:db.m5"
    listed(
        database,
        f"AmazonRDS,{key}.large|CreateDBInstance:0014,0.13",
        f"AmazonRDS,{key}.xlarge|CreateDBInstance:0014,0.26",
    )
    (chosen,) = [row for row in told(database)["rows"] if row["chosen"]]
    assert chosen["action"] == (
        "reserve 1 x db.m5.large (PostgreSQL) in us-east-2, for any size of its family (1yr, No Upfront)"
    )
    assert chosen["utilisation"] == 100
    assert chosen["saving"] == pytest.approx(Decimal("0.07") * HOURS)


# --- later, and the policy


def test_the_back_test_buys_on_what_was_known_then(steady: Path, told: Told) -> None:
    (row,) = told(steady)["totals"]["back_test"]
    assert row["bought_on"] == "2026-10-16"
    assert (row["hours"], row["utilisation"]) == (372, Decimal("87.5"))
    assert row["saving"] == pytest.approx(Decimal("0.055") * HOURS)


def test_the_ladder_buys_a_quarter_each_quarter(steady: Path, told: Told) -> None:
    rungs = told(steady)["totals"]["ladder"]
    assert [(row["day"], row["bought"]) for row in rungs] == [
        ("2026-11-01", Decimal("0.03")), ("2027-02-01", Decimal("0.06")),
        ("2027-05-01", Decimal("0.09")), ("2027-08-01", Decimal("0.12")),
    ]  # fmt: skip
    assert [(row["held"], row["ending"]) for row in rungs] == [(Decimal("0.06"), 0)] * 3 + [(0, 1)]


POLICY = """
[commitments]
start = {start}
[[commitments.years]]
year = 1
share = 0
[[commitments.years]]
year = 2
share = 75
terms = ["1yr"]
"""


def test_in_its_first_year_the_estate_stays_on_demand(steady: Path, told: Told) -> None:
    answer = told(steady, settings=POLICY.format(start="2026-01-01"))
    assert not [row for row in answer["rows"] if row["chosen"]]
    assert "commitment_policy" in problems(answer)


def test_in_its_second_year_the_policy_caps_what_is_committed_in_all(steady: Path, told: Told) -> None:
    # steady usage: 0.06 an hour beside the 0.06 of the plan; 75 % of 0.12 less what is held
    answer = told(steady, settings=POLICY.format(start="2025-10-01"))
    (chosen,) = [row for row in answer["rows"] if row["chosen"]]
    assert chosen["hourly_commitment"] == Decimal("0.03")


# --- AWS's own recommendation


@pytest.fixture
def cost_explorer(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with aws_server() as server:
        silent = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        for name, value in {**CREDENTIALS, **silent, "AWS_ENDPOINT_URL": server.url}.items():
            monkeypatch.setenv(name, value)
        yield server


def test_awss_number_is_put_to_our_hours(steady: Path, told: Told, cost_explorer: AwsServer) -> None:
    summary = {"HourlyCommitmentToPurchase": "0.06", "EstimatedMonthlySavingsAmount": "31.5"}
    found = {"SavingsPlansPurchaseRecommendation": {"SavingsPlansPurchaseRecommendationSummary": summary}}
    cost_explorer.answers["ce", "GetSavingsPlansPurchaseRecommendation"] = found
    (row,) = told(steady, "--aws")["totals"]["beside_aws"]
    assert (row["aws_commitment"], row["aws_saving"]) == (Decimal("0.06"), Decimal("31.5"))
    assert row["saving_here"] == pytest.approx(Decimal("0.04") * HOURS)
    assert row["optimum"] == row["advised"] == Decimal("0.12")
    assert row["optimum_saving"] > row["saving_here"]
    (call,) = cost_explorer.calls
    assert call.body["LookbackPeriodInDays"] == "THIRTY_DAYS"
    assert (call.body["SavingsPlansType"], call.body["TermInYears"]) == ("COMPUTE_SP", "ONE_YEAR")


def test_what_asking_aws_costs_is_said_before_it_is_asked(
    steady: Path, cost_explorer: AwsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    cost_explorer.answers["ce", "GetSavingsPlansPurchaseRecommendation"] = Refusal("AccessDeniedException")
    capsys.readouterr()
    assert main(["recommend", "commitments", "--aws", "--db", str(steady)]) == 4
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "1 request to Cost Explorer, USD 0.01"
    assert said[1] == "error: access denied: ce:GetSavingsPlansPurchaseRecommendation"


def test_aws_is_not_asked_without_being_told_to(steady: Path, told: Told, cost_explorer: AwsServer) -> None:
    assert "beside_aws" not in told(steady)["totals"]
    assert cost_explorer.calls == []


# --- the curve


def test_the_curve_is_lowest_at_the_commitment_advised(steady: Path, tmp_path: Path, told: Told) -> None:
    told(steady, "--curve", str(tmp_path / "curve.json"))
    points = json.loads((tmp_path / "curve.json").read_text(), parse_float=Decimal)
    lowest = min(points, key=lambda point: point["cost"])
    assert lowest["hourly_commitment"] == Decimal("0.12")
    assert points[0]["hourly_commitment"] == 0
    assert points[0]["cost"] == pytest.approx(Decimal("0.175") * HOURS)


@pytest.mark.parametrize(("ending", "begins"), [("csv", "plan_type,"), ("svg", "<svg "), ("html", "<!doctype html>")])
def test_the_curve_is_data_or_a_picture(ending: str, begins: str, steady: Path, tmp_path: Path, told: Told) -> None:
    target = tmp_path / f"curve.{ending}"
    told(steady, "--curve", str(target), "--commitment", "0.1")
    text = target.read_text()
    assert text.startswith(begins)
    assert len(re.findall(r"[\d.]+,[\d.]+", text)) > 3


def test_a_curve_in_another_form_is_refused(steady: Path, tmp_path: Path) -> None:
    words = ["recommend", "commitments", "--db", str(steady), "--curve", str(tmp_path / "curve.png")]
    assert main(words) == 2
