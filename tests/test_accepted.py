"""Accepted advice against later bills: accept, load the next month, look. Each figure is worked out by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.cli import main
from finops.errors import UsageError
from finops.recommend.accepted.arithmetic import cost, saved
from finops.recommend.accepted.entry import Line
from finops.recommend.accepted.kinds import Kind
from finops.recommend.accepted.promise import require_saving
from finops.recommend.accepted.status import judged
from finops.recommend.review.asked import Advice
from tests.accepted_bill import NOVEMBER, OCTOBER, box, nat, november, october, plan_hours
from tests.hourly_export import Row, hour, usage
from tests.spot_export import briefly, member, on_spot, scaling
from tests.stored_export import daily, standard

Answer = dict[str, Any]
A_MONTH = Decimal(730) / 24
NAT = Decimal("0.045") * 24
GROUP = "arn:aws:logs:us-east-1:000000000002:log-group:/app"
OLD_PLAN = "arn:aws:savingsplans::000000000002:savingsplan/aaaaaaaa-0000-0000-0000-000000000001"
NEW_PLAN = OLD_PLAN.replace("aaaaaaaa", "bbbbbbbb")


def first_month() -> Iterator[Row]:
    for name in ("nat-gone", "nat-kept", "nat-half", "nat-back"):
        yield from nat(name, OCTOBER)
    yield from box("i-old", "m4.large", "0.1", OCTOBER)
    yield from box("i-replaced", "m5.large", "0.096", OCTOBER)
    yield from box("i-covered", "m4.large", "0.1", OCTOBER)
    yield from daily("AmazonEC2", "vol-1", "EBS:VolumeUsage.gp2", Decimal(2000) / 31, "0.1", "CreateVolume-Gp2")
    yield from standard("cold", 10 * 1024)
    yield from daily("AmazonCloudWatch", GROUP, "DataProcessing-Bytes", Decimal(10), "0.5", "")
    yield from daily("AmazonEC2", "nat-works", "NatGateway-Bytes", Decimal(1), "0.045", "NatGateway")


def next_month() -> Iterator[Row]:
    """The first is the day of acceptance and counts for nothing; the last is not complete."""
    days = NOVEMBER[:22]
    yield from nat("nat-gone", days[:5])
    yield from nat("nat-kept", days)
    yield from nat("nat-half", days, hours=12)
    yield from nat("nat-back", [*days[:3], *days[12:]])
    # the cheaper type, and on from eight to eight only
    yield from box("i-old", "m5.large", "0.096", days, hours=12)
    yield from box("i-other", "m6g.large", "0.077", days)
    # nothing was done, but a Savings Plan covers it now
    for day in days:
        (row,) = box("i-covered", "m4.large", "0.1", [day])
        yield {
            **row, "lineItem/LineItemType": "SavingsPlanCoveredUsage", "savingsPlan/SavingsPlanARN": OLD_PLAN,
            "savingsPlan/SavingsPlanEffectiveCost": "1.7",
        }  # fmt: skip
    yield from daily("AmazonEC2", "vol-1", "EBS:VolumeUsage.gp3", Decimal(2000) / 30, "0.08", "CreateVolume-Gp3", days)
    yield from daily(
        "AmazonEC2", "vol-1", "EBS:VolumeP-IOPS.gp3", Decimal(3000) / 30, "0.005", "CreateVolume-Gp3", days
    )
    # the bucket grew by half, and all of it is in the other class
    amount = Decimal(15 * 1024) / 30
    yield from daily("AmazonS3", "cold", "TimedStorage-SIA-ByteHrs", amount, "0.0125", "StandardIAStorage", days)


@pytest.fixture(autouse=True)
def first_of_november(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_TODAY", "2026-11-01")


def run(folder: Path, *words: str) -> int:
    """A verb on the database of a folder, on the first of November."""
    (folder / "finops.toml").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FINOPS_TODAY", "2026-11-01")
        return main([*words, "--db", str(folder / "finops.duckdb"), "--config", str(folder / "finops.toml")])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """October loaded, advice accepted on the first of November, before any of its bill."""
    folder = tmp_path_factory.mktemp("accepted")
    october(folder, first_month(), **{"product/region": "us-east-1"})
    (folder / "sizes.csv").write_text(f"bucket,objects,bytes\ncold,{10 * 1024**2},{10 * 1024**4}\n")
    rows = [*listed(folder, "waste"), *listed(folder, "lifecycle", *sizes(folder))]
    ids = {(row["kind"], row["resource_id"]): row["id"] for row in rows}
    wanted = [ids[one][:12] for one in ACCEPTED]
    assert run(folder, "recommend", "accept", *wanted, *sizes(folder), "--note", "asked for in October") == 0
    return folder


def sizes(folder: Path) -> tuple[str, str]:
    return "--inventory", str(folder / "sizes.csv")


ACCEPTED = [
    *(("idle_nat", name) for name in ("nat-gone", "nat-kept", "nat-half", "nat-back")),
    ("previous_generation", "i-old"),
    ("graviton", "i-replaced"),
    ("previous_generation", "i-covered"),
    ("gp2_to_gp3", "vol-1"),
    ("s3_storage_class", "cold"),
    ("logs_class", GROUP),
]


def listed(folder: Path, verb: str, *options: str) -> list[Answer]:
    return list(printed(folder, verb, *options)["rows"])


def printed(folder: Path, verb: str, *options: str) -> Answer:
    path = folder / "answer.json"
    assert run(folder, "recommend", verb, "--format", "json", "-o", str(path), *options) == 0
    found: Answer = json.loads(path.read_text(), parse_float=Decimal)
    return found


def answer(folder: Path) -> Answer:
    return printed(folder, "accepted")


@pytest.fixture(scope="module")
def waiting(home: Path) -> Answer:
    return answer(home)


@pytest.fixture(scope="module")
def told(home: Path, waiting: Answer) -> Answer:
    """After the bill of November has come."""
    november(home / "finops.duckdb", next_month(), **{"product/region": "us-east-1"})
    return answer(home)


def row_of(told: Answer, name: str) -> Answer:
    (row,) = [one for one in told["rows"] if one["resource_id"] == name]
    return row


def test_before_a_later_day_is_loaded_everything_waits_but_what_no_bill_tells(waiting: Answer) -> None:
    assert {row["status"] for row in waiting["rows"] if row["kind"] != "logs_class"} == {"waiting"}
    assert row_of(waiting, "nat-gone")["realised"] is None


def test_what_was_deleted_is_on_track_from_the_day_on(told: Answer) -> None:
    row = row_of(told, "nat-gone")
    assert (row["status"], row["days"], row["accepted_on"]) == ("on track", 20, "2026-11-01")
    # it ran on four of the twenty days after the first
    assert row["realised"] == 16 * NAT
    assert row["realised_monthly"] == row["promised"] == pytest.approx(NAT * A_MONTH)
    assert row["due"] == pytest.approx(20 * NAT)
    assert (row["usage_change"], row["rate_change"], row["commitment_change"]) == (16 * NAT, 0, 0)


def test_what_nobody_changed_is_not_taken(told: Answer) -> None:
    row = row_of(told, "nat-kept")
    assert (row["status"], row["realised"], row["note"]) == ("not taken", 0, "asked for in October")


def test_what_saves_half_has_drifted(told: Answer) -> None:
    row = row_of(told, "nat-half")
    assert (row["status"], row["realised"]) == ("drifted", 10 * NAT)


def test_what_was_done_and_undone_is_reversed(told: Answer) -> None:
    row = row_of(told, "nat-back")
    assert (row["status"], row["realised"]) == ("reversed", 9 * NAT)
    assert "32.85 in a week before" in row["reason"]


def test_a_cheaper_rate_is_told_from_less_use_and_owes_as_much_as_is_used(told: Answer) -> None:
    row = row_of(told, "i-old")
    # a day was 24 hours at 0.1, and is 12 at 0.096
    assert row["status"] == "on track"
    assert row["rate_change"] == row["realised"] == pytest.approx(20 * 12 * Decimal("0.004"))
    assert row["usage_change"] == pytest.approx(20 * 12 * Decimal("0.1"))
    assert row["due"] == pytest.approx(row["realised"])
    assert "at 50 % of the use before" in row["reason"]


def test_what_a_savings_plan_takes_off_is_not_the_advice_s_own(told: Answer) -> None:
    row = row_of(told, "i-covered")
    assert (row["status"], row["realised"]) == ("not taken", 0)
    assert row["commitment_change"] == pytest.approx(20 * Decimal("0.7"))


def test_an_instance_that_was_replaced_by_another_one_cannot_be_checked(told: Answer) -> None:
    row = row_of(told, "i-replaced")
    assert (row["status"], row["realised"]) == ("could not check", None)
    assert row["reason"].startswith("nothing of it ran on the last 7 days")


def test_a_volume_is_held_against_what_it_cost_with_what_it_needs(told: Answer) -> None:
    row = row_of(told, "vol-1")
    assert row["status"] == "on track"
    # 2,000 GB and 3,000 IOPS more: 200 before, 175 without the throughput nobody asked for; a November day is a 30th
    level = Decimal(31) / 30
    before, now = Decimal(200) / 31, Decimal(175) / 30
    assert row["realised"] == pytest.approx(20 * (before * level - now), abs=Decimal("0.0001"))


def test_a_bucket_that_grew_still_shows_what_its_class_saves(told: Answer) -> None:
    row = row_of(told, "cold")
    amount = Decimal(15 * 1024) / 30
    assert row["status"] == "on track"
    assert row["realised"] == pytest.approx(20 * amount * Decimal("0.0105"), abs=Decimal("0.001"))
    assert row["usage_change"] < 0


def test_what_no_bill_tells_says_so(told: Answer) -> None:
    row = row_of(told, GROUP)
    assert (row["status"], row["realised"]) == ("could not check", None)
    assert "another log group" in row["reason"]


def test_the_totals_are_those_of_the_rows(told: Answer) -> None:
    for name in ("promised", "due", "realised"):
        known = [row[name] for row in told["rows"] if row[name] is not None]
        assert told["totals"][name] == sum(known)
        assert sum(one[name] or 0 for one in told["totals"]["by_status"]) == sum(known)
    assert sum(one["advice"] for one in told["totals"]["by_status"]) == len(told["rows"]) == len(ACCEPTED)


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        ("drifted,reversed", 1, "32.85 promised"),
        # i-replaced was promised something
        ("waiting", 3, "could not be checked"),
        ("lost", 2, "there is no status lost"),
    ],
)
def test_a_promise_that_is_not_kept_or_not_known_is_no_pass(
    home: Path, told: Answer, status: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(home, "recommend", "accepted", "--fail-on", status) == code
    assert said in capsys.readouterr().err


def test_the_ledger_outlives_what_happens_to_the_bills_and_is_none_of_them(home: Path, told: Answer) -> None:
    ledger = home / "finops.duckdb.accepted.jsonl"
    before = ledger.read_bytes()
    assert ledger.stat().st_mode & 0o777 == 0o600
    assert run(home, "db", "upgrade") == 0
    for path in (home / "acme").glob("*/*-Manifest.json"):
        path.write_text(path.read_text().replace('"assemblyId": "', '"assemblyId": "again-'))
    assert run(home, "ingest", str(home / "acme")) == 0
    assert ledger.read_bytes() == before
    assert answer(home)["rows"] == told["rows"]


def test_advice_is_accepted_once_and_anew_after_it_was_withdrawn(
    home: Path, told: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = row_of(told, "nat-kept")["id"]
    capsys.readouterr()
    assert run(home, "recommend", "accept", identity) == 2
    assert "is accepted already" in capsys.readouterr().err
    assert run(home, "recommend", "withdraw", identity[:8]) == 0
    assert capsys.readouterr().out == f"{identity}\n"
    assert identity not in {row["id"] for row in answer(home)["rows"]}
    assert run(home, "recommend", "withdraw", identity) == 2
    assert run(home, "recommend", "accept", identity) == 0
    assert identity in {row["id"] for row in answer(home)["rows"]}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["0000000000000000"], 2, "nothing is advised today"),
        ([""], 2, "ids begin with"),
        (["x", "--on", "yesterday"], 2, "is not a day"),
        (["x", "--on", "2027-01-01"], 2, "is still to come"),
    ],
)
def test_what_cannot_be_accepted_is_said(
    home: Path, words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(home, "recommend", "accept", *words) == code
    assert said in capsys.readouterr().err


def test_advice_to_leave_things_as_they_are_is_no_promise() -> None:
    row = {"id": "a", "kind": "spot", "action": "leave it where it is", "saving": Decimal(-1)}
    with pytest.raises(UsageError, match="saves nothing: leave it where it is"):
        require_saving(Advice(row))
    require_saving(Advice({**row, "saving": None}))


def test_without_a_day_before_there_is_nothing_to_hold_later_bills_against(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (one, *_) = [row for row in listed(home, "waste") if row["resource_id"] == "nat-kept"]
    assert run(home, "recommend", "accept", one["id"], "--on", "2026-10-01") == 3
    assert "no complete day before 2026-10-01 is loaded" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["{", "{}", '{"id": "a", "version": 9}', "[]", "3"])
def test_a_damaged_line_of_the_ledger_is_named_and_nothing_is_guessed(
    home: Path, tmp_path: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "finops.duckdb"
    database.symlink_to(home / "finops.duckdb")
    (tmp_path / "finops.store").symlink_to(home / "finops.store")
    (tmp_path / "finops.duckdb.accepted.jsonl").write_text(f"{line}\n")
    assert run(tmp_path, "recommend", "accepted") == 3
    assert "accepted.jsonl:1" in capsys.readouterr().err


def fleet(days: Sequence[int], amount: str) -> Iterator[Row]:
    for day in days:
        for at in range(24):
            yield {
                **hour(day * 24 + at), "lineItem/UsageType": "BoxUsage:m5.large", "lineItem/ResourceId": "i-fleet",
                "lineItem/UsageAmount": amount, "lineItem/UnblendedCost": str(Decimal(amount) / 10),
                "lineItem/Operation": "RunInstances",
            }  # fmt: skip


OLD = {"arn": OLD_PLAN, "covered": "0.1", "used": "0.06", "committed": "0.1", "start": "2026-06-01T00:00:00.000Z"}


ALWAYS = {"product/region": "us-east-1", "lineItem/Operation": "RunInstances"}


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan that is used by 60 %, and two instances on demand: a plan for them is accepted, and the idle part too."""
    folder = tmp_path_factory.mktemp("plans")
    october(folder, [*plan_hours(days=OCTOBER, **OLD), *fleet(OCTOBER, "2")], **ALWAYS)
    advised = listed(folder, "commitments")
    wanted = [one["id"] for one in advised if one["chosen"] or one["kind"] == "unused_savings_plan"]
    assert run(folder, "recommend", "accept", *wanted) == 0
    return folder


def test_a_plan_that_nobody_bought_is_not_taken(plans: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plans"
    shutil.copytree(plans, folder)
    november(folder / "finops.duckdb", [*plan_hours(days=NOVEMBER[:4], **OLD), *fleet(NOVEMBER[:4], "2")], **ALWAYS)
    told = {row["kind"]: row for row in answer(folder)["rows"]}
    assert (told["commitment"]["status"], told["commitment"]["realised"]) == ("not taken", 0)
    assert told["unused_savings_plan"]["status"] == "not taken"


def test_a_plan_that_was_bought_saves_what_it_covers_less_all_of_its_commitment(plans: Path) -> None:
    before = answer(plans)
    assert {row["status"] for row in before["rows"]} == {"waiting"}
    days = NOVEMBER[:12]
    bought = {"arn": NEW_PLAN, "covered": "0.2", "used": "0.12", "committed": "0.125", "start": "2026-11-03T00:00:00Z"}
    used_whole = {**OLD, "covered": "0.1666666667", "used": "0.1"}
    rows = [
        *plan_hours(days=days, **used_whole),
        *plan_hours(days=days[2:], **bought),
        *fleet(days[:2], "2"),
    ]
    november(plans / "finops.duckdb", rows, **ALWAYS)
    told = {row["kind"]: row for row in answer(plans)["rows"]}
    # whole days from the 4th to the 11th, the last one is not complete: 0.2 on demand an hour for 0.125
    plan = told["commitment"]
    assert (plan["status"], plan["days"]) == ("on track", 8)
    assert plan["realised"] == pytest.approx(8 * 24 * Decimal("0.075"))
    assert "0.12500 an hour bought, 0.12 advised, 96.0 % used" in plan["reason"]
    # 0.04 an hour of the old one stood idle, and does not any more
    idle = told["unused_savings_plan"]
    assert (idle["status"], idle["days"]) == ("on track", 10)
    assert idle["realised"] == pytest.approx(10 * 24 * Decimal("0.04"))


def test_a_group_that_runs_on_spot_saves_what_its_hours_cost_on_demand_less(tmp_path: Path) -> None:
    october(tmp_path, [*scaling(), *on_spot()], **{"lineItem/Operation": "RunInstances"})
    nothing = answer(tmp_path)
    assert (nothing["rows"], nothing["problems"][-1]["code"]) == ([], "nothing_accepted")
    (row,) = [one for one in listed(tmp_path, "spot") if one["kind"] == "spot"]
    assert run(tmp_path, "recommend", "accept", row["id"]) == 0
    rows = [
        one
        for day in NOVEMBER[:5]
        for at in range(day * 24, day * 24 + 24)
        for one in (
            usage(at, 1, **member("web-8")),
            usage(at, 1, "0.04", SPOT, **member("web-9", zone="b"), **{"lineItem/Operation": "RunInstances:SV002"}),
            # a namesake elsewhere, and an instance that no group has
            usage(at, 1, "0.04", SPOT, **member("web-7"), **{"lineItem/UsageAccountId": "000000000009"}),
            usage(at, 1, "0.04", SPOT, **{"lineItem/ResourceId": "i-alone"}),
        )
    ]
    november(tmp_path / "finops.duckdb", rows, **{"lineItem/Operation": "RunInstances"})
    (told,) = answer(tmp_path)["rows"]
    # one of two instances runs on Spot, on the three complete days after the first
    assert told["realised"] == told["rate_change"] == 3 * 24 * Decimal("0.06")
    assert (told["usage_change"], told["commitment_change"], told["status"]) == (0, 0, "on track")


SPOT = "USE2-SpotUsage:m5.large"
MONEY = st.decimals(min_value=0, max_value=1000, places=4)
KINDS = [Kind("", saves_by, "", level, "") for saves_by, level in (("usage", ""), ("rate", "[ab]"), ("spot", ".*"))]
LINES = st.dictionaries(st.sampled_from(["a", "b", "SpotUsage"]), st.tuples(MONEY, MONEY, MONEY), max_size=3).map(
    lambda found: [Line(name, *values) for name, values in found.items()]
)


def test_instances_that_no_tag_names_cannot_be_followed_and_are_not_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    october(tmp_path, [*briefly([72, 23, 23, 4, 72]), *on_spot()], **{"lineItem/Operation": "RunInstances"})
    (row,) = [one for one in listed(tmp_path, "spot") if one["kind"] == "spot"]
    capsys.readouterr()
    assert run(tmp_path, "recommend", "accept", row["id"]) == 2
    assert "no later bill tells who belongs to USE2-BoxUsage:m5.large" in capsys.readouterr().err
    assert answer(tmp_path)["rows"] == []


@given(LINES, LINES, st.sampled_from(KINDS))
def test_the_three_parts_of_a_change_are_all_of_it(before: list[Line], now: list[Line], kind: Kind) -> None:
    found = saved(kind, before, now)
    if found is not None:
        assert found.other is not None
        assert found.by_commitments is not None
        assert found.own + found.other + found.by_commitments == cost(before) - cost(now)


@pytest.mark.parametrize(
    ("saves", "low", "status"),
    [
        ("0.90", "1", "on track"),
        ("0.89", "1", "drifted"),
        ("0.10", "0", "on track"),
        ("0.10", "1", "drifted"),
        ("0.09", "0", "not taken"),
        ("-1", "0", "not taken"),
    ],
)
def test_the_thresholds_of_a_promise(saves: str, low: str, status: str) -> None:
    days = [Decimal(saves) / A_MONTH] * 7
    found, _ = judged(days, [Decimal(1)] * 7, Decimal(1), Decimal(low))
    assert found == status
