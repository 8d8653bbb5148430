"""What an examination says of this machine and of the ledger; AWS is left out."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from finops.catalog import Delivery, store_of
from finops.cli import main
from finops.doctor import loaded, machine
from finops.doctor.case import Case
from finops.doctor.check import Verdict
from finops.doctor.examine import doctor, exit_code, open_case
from finops.doctor.holdings import Holdings, read_holdings
from tests.tiny_export import ingested, write_export

NOW = datetime(2026, 10, 7, tzinfo=UTC)


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    monkeypatch.setenv("FINOPS_TODAY", "2026-10-07")
    return open_case(ingested(tmp_path), tmp_path / "none.toml", offline=True)


@pytest.fixture
def delivery(case: Case) -> Delivery:
    return read_holdings(case.database).counted[0]


def held(*deliveries: Delivery) -> Holdings:
    return Holdings({"000000000001": deliveries}, (), frozenset())


def at(case: Case, year: int, month: int, day: int) -> Case:
    return replace(case, now=datetime(year, month, day, tzinfo=UTC))


def settled(verdict: Verdict) -> bool:
    assert bool(verdict.next_step) or verdict.state != "problem"
    return verdict.state == "ok"


# --- the ledger


def test_the_newest_charge_may_be_48_hours_old_and_not_a_minute_more(case: Case, delivery: Delivery) -> None:
    fresh = replace(delivery, last_charge=datetime(2026, 10, 5))
    assert settled(loaded.freshness(case, held(fresh)))
    verdict = loaded.freshness(case, held(replace(delivery, last_charge=datetime(2026, 10, 4, 23, 59))))
    assert verdict.state == "problem"
    assert "49 h ago (limit 48 h)" in verdict.detail
    assert verdict.next_step == f"finops ingest {delivery.source}"


def test_the_settings_say_how_old_is_too_old(case: Case, delivery: Delivery, tmp_path: Path) -> None:
    settings = tmp_path / "strict.toml"
    settings.write_text("[check]\nmax_age_hours = 1\n")
    strict = replace(case, config=settings)
    assert loaded.freshness(strict, held(delivery)).state == "problem"
    assert "(limit 1 h)" in loaded.freshness(strict, held(delivery)).detail


def test_a_fresh_payer_does_not_hide_a_stale_one(case: Case, delivery: Delivery) -> None:
    stale = replace(delivery, last_charge=datetime(2026, 9, 1))
    verdict = loaded.freshness(case, Holdings({"1": (delivery,), "2": (stale,)}, (), frozenset()))
    assert verdict.state == "problem"
    assert "of payer 2 " in verdict.detail


def test_without_a_charge_of_one_day_the_age_is_unknown(case: Case, delivery: Delivery) -> None:
    assert loaded.freshness(case, held(replace(delivery, last_charge=None))).state == "could not check"


def test_a_month_between_two_others_is_missed_also_across_a_year(case: Case, delivery: Delivery) -> None:
    periods = [replace(delivery, period=period) for period in ("2025-11", "2026-02")]
    assert "2025-12, 2026-01" in loaded.months(case, held(*periods)).detail
    assert settled(loaded.months(case, held(*(replace(delivery, period=one) for one in ("2025-12", "2026-01")))))


def test_a_month_is_missed_of_one_payer_though_another_has_it(case: Case, delivery: Delivery) -> None:
    august, september, october = (replace(delivery, period=f"2026-{month}") for month in ("08", "09", "10"))
    verdict = loaded.months(
        case, Holdings({"1": (august, september, october), "2": (august, october)}, (), frozenset())
    )
    assert verdict.detail == "missing: 2026-09 of payer 2"


@pytest.mark.parametrize(
    ("day", "final", "state"),
    [
        ((2026, 11, 15), False, "ok"),
        ((2026, 11, 16), False, "problem"),
        ((2026, 11, 16), None, "could not check"),
        ((2026, 11, 16), True, "ok"),
        ((2026, 10, 31), None, "ok"),
    ],
)
def test_a_month_is_invoiced_by_the_middle_of_the_next(
    day: tuple[int, int, int], final: bool | None, state: str, case: Case, delivery: Delivery
) -> None:
    assert loaded.closed_months(at(case, *day), held(replace(delivery, final=final))).state == state


def test_december_is_invoiced_in_january(case: Case, delivery: Delivery) -> None:
    december = held(replace(delivery, period="2026-12", final=False))
    assert loaded.closed_months(at(case, 2027, 1, 15), december).state == "ok"
    assert loaded.closed_months(at(case, 2027, 1, 16), december).state == "problem"


def test_files_without_a_manifest_are_a_problem(tmp_path: Path) -> None:
    (data,) = write_export(tmp_path).rglob("*.csv")
    database = tmp_path / "loose.duckdb"
    assert main(["ingest", str(data), "--db", str(database)]) == 0
    case = open_case(database, tmp_path / "none.toml", offline=True)
    assert loaded.with_holdings(loaded.vouched)(case).state == "problem"


def test_a_store_that_was_not_moved_along_is_noticed(case: Case) -> None:
    store_of(case.database).rename(case.database.with_name("elsewhere"))
    verdict = loaded.with_holdings(loaded.files)(case)
    assert (verdict.state, "acme 2026-10" in verdict.detail) == ("problem", True)


def test_a_database_that_is_none_is_a_problem_and_what_needs_it_could_not_be_checked(tmp_path: Path) -> None:
    (tmp_path / "broken.duckdb").write_text("not a database")
    document = doctor(open_case(tmp_path / "broken.duckdb", tmp_path / "none.toml", offline=True))
    rows = [row for row in document.rows.read(None) if row[0] == "the ledger"]
    assert [row[3] for row in rows] == ["problem"] + ["could not check"] * 5
    assert exit_code(document) == 3


# --- this machine


def test_settings_that_say_nothing_known_are_a_problem_with_their_line(case: Case, tmp_path: Path) -> None:
    settings = tmp_path / "finops.toml"
    settings.write_text("[tags]\n\nrequird = []\n")
    verdict = machine.settings(replace(case, config=settings))
    assert verdict.state == "problem"
    assert "finops.toml:3" in verdict.detail


def test_settings_that_hold_are_told(case: Case, tmp_path: Path) -> None:
    settings = tmp_path / "finops.toml"
    settings.write_text('[tags]\nrequired = ["Owner"]\n[environments.prod]\nmatch = { region = ["us-east-1"] }\n')
    assert machine.settings(replace(case, config=settings)).detail.endswith("required tags Owner; environments prod")


@pytest.mark.parametrize("limit", ["900GB", "much"])
def test_a_memory_limit_that_cannot_be_is_a_problem(limit: str, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_MEMORY", limit)
    verdict = machine.memory(case)
    assert verdict.state == "problem"
    assert verdict.next_step.startswith("FINOPS_MEMORY=")


def test_a_disk_with_less_than_three_times_the_largest_delivery_is_too_small(
    case: Case, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settled(machine.disk(case))
    case.holdings = held(replace(delivery, bytes=10**18))
    assert machine.disk(case).state == "problem"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_cannot_be_written_to_is_a_problem(case: Case) -> None:
    case.database.parent.chmod(0o500)
    verdict = machine.disk(case)
    case.database.parent.chmod(0o700)
    assert verdict.state == "problem"


def test_an_age_of_a_whole_number_of_hours_is_that_number(case: Case, delivery: Delivery) -> None:
    assert "24 h ago" in loaded.freshness(case, held(replace(delivery, last_charge=datetime(2026, 10, 6)))).detail
