"""finops ingest ce, from the command line to a server that speaks the protocol of Cost Explorer on loopback."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.catalog import deliveries, store_of
from tests.cost_explorer_desk import CHARGES, CUTS, SEPTEMBER, Ask, Captured, error, rows, serving, verbs
from tests.cost_explorer_server import TODAY, Charge
from tests.tiny_export import write_export


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "x.duckdb"


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    return verbs(tmp_path)


# --- what it costs


def test_the_plan_the_price_and_the_count_at_the_server_agree(ask: Ask, capsys: Captured) -> None:
    with serving() as server:
        assert ask("ingest", "ce", "--days", "80", "--dry-run") == 0
        assert server.requests == []
        planned = capsys.readouterr().err
        assert ask("ingest", "ce", "--days", "80") == 0
        said = capsys.readouterr().err
        count = len(server.requests)
    assert count == 3 * CUTS
    assert planned in said
    assert f"{count} requests, USD {count * Decimal('0.01')}" in planned
    assert said.splitlines()[-1] == f"{count} requests sent to Cost Explorer, USD {count * Decimal('0.01')}"


def test_a_page_more_is_a_request_more_and_counted(ask: Ask, capsys: Captured) -> None:
    with serving(page_size=2) as server:
        assert ask("ingest", "ce", "--days", "80") == 0
        assert len(server.requests) > 3 * CUTS
        assert f"{len(server.requests)} requests sent" in capsys.readouterr().err
    assert sum(row["cost"] for row in rows(ask, capsys, "spend", "--by", "account")) == sum(
        c.unblended for c in CHARGES
    )


def test_a_second_run_on_the_same_day_asks_nothing(ask: Ask, capsys: Captured, database: Path) -> None:
    with serving() as server:
        assert ask("ingest", "ce", "--days", "80") == 0
        first, before = len(server.requests), deliveries(database)
        capsys.readouterr()
        assert ask("ingest", "ce", "--days", "80") == 0
        assert len(server.requests) == first
    said = capsys.readouterr().err
    assert "every answer is on disk: nothing is asked" in said
    assert len(re.findall(r"^unchanged cost-explorer", said, re.M)) == 3
    assert deliveries(database) == before


def test_on_a_later_day_settled_months_stand_and_the_others_are_asked_again(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as server:
        assert ask("ingest", "ce", "--days", "80") == 0
        first = len(server.requests)
        server.today = date(2026, 10, 29)
        monkeypatch.setenv("FINOPS_TODAY", "2026-10-29")
        assert ask("ingest", "ce", "--days", "80") == 0
        asked = {request["TimePeriod"]["Start"] for request in server.requests[first:]}
        assert asked == {"2026-10-01"}
        assert len(server.requests) - first == CUTS


def test_refresh_asks_again_and_takes_what_is_new(ask: Ask, capsys: Captured) -> None:
    with serving() as server:
        assert ask("ingest", "ce", "--days", "80") == 0
        server.charges = [*CHARGES, Charge(date(2026, 8, 4), Decimal("100"))]
        assert ask("ingest", "ce", "--days", "80") == 0
        (unchanged,) = rows(ask, capsys, "spend", "--period", "2026-08")
        assert ask("ingest", "ce", "--days", "80", "--refresh") == 0
        (refreshed,) = rows(ask, capsys, "spend", "--period", "2026-08")
        assert len(server.requests) == 2 * 3 * CUTS
    assert (unchanged["cost"], refreshed["cost"]) == (Decimal("20.5"), Decimal("120.5"))


def test_a_limit_that_cannot_be_enough_sends_nothing(ask: Ask, capsys: Captured) -> None:
    with serving() as server:
        assert ask("ingest", "ce", "--days", "80", "--max-requests", str(3 * CUTS - 1)) == 2
        assert server.requests == []
    assert error(capsys)[0] == f"error: {3 * CUTS} requests needed, the limit is {3 * CUTS - 1}; none was sent"


def test_the_limit_stops_before_the_page_too_many_and_what_was_paid_is_kept(
    ask: Ask, capsys: Captured, database: Path
) -> None:
    limit = 3 * CUTS
    with serving(page_size=2) as server:
        assert ask("ingest", "ce", "--days", "80", "--max-requests", str(limit)) == 4
        assert len(server.requests) == limit
        assert error(capsys)[0] == f"error: stopped before request {limit + 1} to ce: {limit} is the limit"
        assert [one.period for one in deliveries(database)] != ["2026-08", "2026-09", "2026-10"]
        assert ask("ingest", "ce", "--days", "80") == 0
        pages = [json.dumps(request, sort_keys=True) for request in server.requests]
    assert len(pages) == len(set(pages))
    assert [one.period for one in deliveries(database)] == ["2026-08", "2026-09", "2026-10"]


def test_a_month_without_a_cost_is_asked_once_and_not_loaded(ask: Ask, capsys: Captured, database: Path) -> None:
    with serving() as server:
        assert ask("ingest", "ce", "--days", "110") == 0
        assert "2026-07: nothing was charged" in capsys.readouterr().err
        assert len(server.requests) == 3 * CUTS + 1
    assert [one.period for one in deliveries(database)] == ["2026-08", "2026-09", "2026-10"]


def test_without_any_cost_there_is_nothing_to_trust(ask: Ask, capsys: Captured) -> None:
    with serving(charges=()):
        assert ask("ingest", "ce", "--days", "1") == 3
    assert error(capsys)[0] == "error: Cost Explorer has no cost in these months"


# --- what AWS does


def test_a_throttled_request_is_sent_again_and_counted(ask: Ask, capsys: Captured) -> None:
    with serving() as server:
        server.refuse("LimitExceededException", "LimitExceededException")
        assert ask("ingest", "ce", "--days", "1") == 0
        assert len(server.requests) == CUTS + 2
    assert f"{CUTS + 2} requests sent" in capsys.readouterr().err


def test_throttling_without_end_is_an_error_of_aws(ask: Ask, capsys: Captured) -> None:
    with serving() as server:
        server.refuse(*["LimitExceededException"] * 10)
        assert ask("ingest", "ce", "--days", "1") == 4
    assert error(capsys)[:2] == [
        "error: AWS limits the rate of requests",
        "where: Cost Explorer, 2026-10 by line_item_type and service",
    ]


@pytest.mark.parametrize("code", ["InvalidNextTokenException", "RequestChangedException"])
def test_a_refused_page_token_starts_that_request_again_once(code: str, ask: Ask, capsys: Captured) -> None:
    with serving(page_size=2) as server:
        server.refuse("", "", code)
        assert ask("ingest", "ce", "--days", "40") == 0
        assert sum("NextPageToken" not in request for request in server.requests) == 2 * CUTS + 1
    (total,) = rows(ask, capsys, "spend", "--period", "2026-09")
    assert total["cost"] == SEPTEMBER


def test_a_token_refused_twice_is_an_error_and_nothing_is_loaded_of_the_month(
    ask: Ask, capsys: Captured, database: Path
) -> None:
    with serving(page_size=1, charges=tuple(c for c in CHARGES if c.day.month == 9), today=date(2026, 10, 1)) as server:
        server.refuse("", "InvalidNextTokenException", "", "InvalidNextTokenException")
        assert ask("ingest", "ce", "--days", "1") == 4
    assert error(capsys)[0] == "error: Cost Explorer refuses its own page token"
    assert not database.exists()


def test_days_that_cost_explorer_has_lost_are_left_out_and_said(ask: Ask, capsys: Captured) -> None:
    with serving() as server:
        assert ask("ingest", "ce", "--days", "1000", "--dry-run") == 0
        said = capsys.readouterr().err
        assert ask("ingest", "ce", "--days", "1000", "--max-requests", "100") == 0
        assert min(request["TimePeriod"]["Start"] for request in server.requests) == "2025-09-01"
    assert "it keeps the days of 14 months: what is older is left out" in said


def test_a_day_that_is_not_over_is_not_asked_for(ask: Ask, database: Path) -> None:
    with serving(charges=(*CHARGES, Charge(TODAY, Decimal(1000)))) as server:
        assert ask("ingest", "ce", "--days", "1") == 0
        assert {tuple(request["TimePeriod"].values()) for request in server.requests} == {("2026-10-01", "2026-10-28")}
    (one,) = deliveries(database)
    assert one.unblended == Decimal("7.25")


def test_a_denied_call_names_the_permission(ask: Ask, capsys: Captured) -> None:
    with serving() as server:
        server.refuse("AccessDeniedException")
        assert ask("ingest", "ce", "--days", "1") == 4
    assert error(capsys)[0] == "error: access denied: ce:GetCostAndUsage"


def test_an_answer_that_names_a_group_twice_is_refused(ask: Ask, capsys: Captured) -> None:
    def doubled(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "ResultsByTime": [*answer["ResultsByTime"], *answer["ResultsByTime"]]}

    with serving(edit=doubled):
        assert ask("ingest", "ce", "--days", "1") == 3
    assert error(capsys)[0] == "error: the answer has AWS Lambda and Usage of 2026-10-26 twice"


# --- the command line


def test_options_of_cost_explorer_are_refused_for_folders(ask: Ask, capsys: Captured, tmp_path: Path) -> None:
    assert ask("ingest", str(tmp_path), "--days", "30") == 2
    assert error(capsys) == ["error: --days belongs to Cost Explorer", "try: finops ingest ce --days"]


def test_a_folder_called_ce_is_named_with_its_path(
    ask: Ask, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_export(tmp_path, name="ce")
    monkeypatch.chdir(tmp_path)
    assert ask("ingest", "./ce") == 0
    assert [one.export for one in deliveries(database)] == ["ce"]


def test_the_answers_on_disk_outlive_other_loads_and_are_readable_for_their_owner_alone(
    ask: Ask, database: Path, tmp_path: Path
) -> None:
    with serving():
        assert ask("ingest", "ce", "--days", "80") == 0
    assert ask("ingest", str(write_export(tmp_path))) == 0
    answers = [path for path in (store_of(database) / ".cost_explorer").rglob("*") if path.is_file()]
    assert len(answers) == 3 * CUTS
    assert {path.stat().st_mode & 0o777 for path in answers} == {0o600}
