"""Figures as they were: made again to the last byte while the deliveries are kept, refused when one is gone."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.arrivals import Arrival
from finops.as_of import held
from finops.catalog import deliveries, store_of
from finops.cli import main
from finops.ingest.demo import settings_toml
from finops.ingest.demo import write_export as write_demo
from tests.tiny_export import LINES, restate, write_export

Captured = pytest.CaptureFixture[str]
FIRST = [{"lineItem/UnblendedCost": "1"}]
SECOND = [{"lineItem/UnblendedCost": "2"}]
OTHER_PAYER = {"bill/PayerAccountId": "000000000009"}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write_export(tmp_path)


@pytest.fixture
def database(tmp_path: Path, export: Path) -> Path:
    found = tmp_path / "finops.duckdb"
    ingest(found, export)
    return found


def ingest(database: Path, *paths: Path, config: Path | None = None) -> None:
    words = ["--config", str(config)] if config else []
    assert main(["ingest", *map(str, paths), "--db", str(database), *words]) == 0


def spend(capsys: Captured, database: Path, *words: str) -> Decimal:
    capsys.readouterr()
    assert main(["spend", "--db", str(database), "--format", "json", *words]) == 0
    cost: Decimal = json.loads(capsys.readouterr().out, parse_float=Decimal, parse_int=Decimal)["totals"]["cost"]
    return cost


def refused(capsys: Captured, database: Path, code: int, *words: str) -> str:
    capsys.readouterr()
    assert main(["report", "--format", "md", "--db", str(database), *words]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) <= 3
    return err


# --- exactly as it was


def test_a_report_is_made_again_to_the_last_byte(tmp_path: Path, capsys: Captured) -> None:
    database, settings = tmp_path / "finops.duckdb", tmp_path / "finops.toml"
    settings.write_text(settings_toml())
    ingest(database, write_demo("cur2-parquet", tmp_path / "then", delivery="first"))
    words = ["--db", str(database), "--config", str(settings)]
    kinds = [["weekly", "--format", "html"], ["monthly", "--format", "md", "--metric", "unblended"]]
    kinds += [["weekly", "--format", "md", "--where", "tag:Environment=prod"]]
    then = [without_hours(printed(capsys, "report", *kind, *words)) for kind in kinds]
    name = next(one.delivery for one in deliveries(database) if one.period == "2026-09")
    ingest(database, write_demo("cur2-parquet", tmp_path / "now", delivery="last"))
    assert [without_hours(printed(capsys, "report", *kind, *words)) for kind in kinds] != then
    again = [printed(capsys, "report", *kind, *words, "--as-of", name) for kind in kinds]
    assert [without_hours(text) for text in again] == then
    assert all("are not kept: this is not told of an earlier ledger" in text for text in again[:2])


def without_hours(text: str) -> str:
    """A report without the sections that are made from the hours of the bill, which replaced deliveries lose."""
    text = re.sub(r'<section id="(advice|commitments)".*?</section>', "", text, flags=re.DOTALL)
    return re.sub(r"## (What could be saved|Commitments used)[^\n]*\n.*?(?=\n## )", "", text, flags=re.DOTALL)


def printed(capsys: Captured, *words: str) -> str:
    capsys.readouterr()
    assert main(list(words)) == 0
    return capsys.readouterr().out


def test_spend_and_tag_gaps_are_made_again_as_well(database: Path, export: Path, capsys: Captured) -> None:
    verbs = [["spend", "--by", "service,resource"], ["tag-gaps"]]
    words = ["--format", "json", "--db", str(database)]
    then = [printed(capsys, *verb, *words) for verb in verbs]
    restate(export, "second", SECOND)
    ingest(database, export)
    assert [printed(capsys, *verb, *words, "--as-of", "acme-assembly") for verb in verbs] == then


def test_the_current_delivery_is_what_there_is_now(database: Path, export: Path, capsys: Captured) -> None:
    restate(export, "second", SECOND)
    ingest(database, export)
    assert spend(capsys, database, "--as-of", "second") == spend(capsys, database) == 2


def test_what_came_later_is_not_in_it(database: Path, export: Path, tmp_path: Path, capsys: Captured) -> None:
    ingest(database, write_export(tmp_path, FIRST, name="soon", **OTHER_PAYER))
    restate(export, "second", SECOND)
    ingest(database, export)
    ingest(database, write_export(tmp_path, FIRST, name="late", **{"bill/PayerAccountId": "000000000008"}))
    assert spend(capsys, database) == 4
    assert spend(capsys, database, "--as-of", "acme-assembly") == Decimal("17.7500000181")


def test_deliveries_that_one_ingest_replaces_are_replaced_at_one_moment(
    database: Path, export: Path, tmp_path: Path, capsys: Captured
) -> None:
    other = write_export(tmp_path, FIRST, name="other", **OTHER_PAYER)
    ingest(database, other)
    then = spend(capsys, database)
    restate(export, "second", SECOND)
    restate(other, "other second", SECOND, **OTHER_PAYER)
    ingest(database, export, other)
    assert spend(capsys, database) == 4
    for name in ("acme-assembly", "other-assembly"):
        assert spend(capsys, database, "--as-of", name) == then == Decimal("17.7500000181")


@pytest.mark.parametrize("name", ["acme-a", "ACME-ASSEMBLY"])
def test_a_beginning_is_enough_of_a_name(name: str, database: Path, export: Path, capsys: Captured) -> None:
    restate(export, "second", SECOND)
    ingest(database, export)
    assert spend(capsys, database, "--as-of", name) == Decimal("16.7500000181")


def test_the_id_that_json_gives_is_a_name(database: Path, export: Path, capsys: Captured) -> None:
    words = ["status", "--db", str(database), "--format", "json"]
    (described,) = json.loads(printed(capsys, *words))["data"]["deliveries"]
    restate(export, "second", SECOND)
    ingest(database, export)
    assert spend(capsys, database, "--as-of", described["delivery_id"]) == Decimal("16.7500000181")


# --- refused


def test_a_delivery_that_is_gone_is_refused_with_when_and_by_what(
    database: Path, export: Path, capsys: Captured
) -> None:
    for name in ("second", "third"):
        restate(export, name, SECOND)
        ingest(database, export)
    after = deliveries(database, "replaced")[0]
    said = refused(capsys, database, 3, "--as-of", "acme-assembly")
    assert (
        f"error: delivery acme-assembly of acme 2026-10 is gone: second replaced it on {after.loaded_at:%Y-%m-%d}"
        in said
    )
    assert "keep_deliveries" in said


def test_another_delivery_that_was_current_then_and_is_gone_is_named(
    database: Path, export: Path, tmp_path: Path, capsys: Captured
) -> None:
    other = write_export(tmp_path, FIRST, name="other", **OTHER_PAYER)
    ingest(database, other)
    restate(export, "second", SECOND)
    ingest(database, export)
    for name in ("o2", "o3"):
        restate(other, name, SECOND, **OTHER_PAYER)
        ingest(database, other)
    said = refused(capsys, database, 3, "--as-of", "acme-assembly")
    assert "delivery other-assembly of other 2026-10 is gone: o2 replaced it" in said
    assert "--as-of acme-assembly" in said
    assert spend(capsys, database, "--as-of", "acme-assembly", "--export", "acme") == Decimal("16.7500000181")


def test_files_that_someone_removed_from_the_store_are_missed(database: Path, export: Path, capsys: Captured) -> None:
    (old,) = deliveries(database)
    restate(export, "second", SECOND)
    ingest(database, export)
    shutil.rmtree(store_of(database) / old.delivery_id)
    assert "are gone from the store" in refused(capsys, database, 3, "--as-of", "acme-assembly")


@pytest.mark.parametrize("name", ["third", "", "cme-assembly"])
def test_a_name_that_no_delivery_has_is_a_usage_error(name: str, database: Path, capsys: Captured) -> None:
    assert "no delivery is called" in refused(capsys, database, 2, "--as-of", name)


def test_a_name_of_several_deliveries_is_a_usage_error_that_tells_them_apart(
    database: Path, export: Path, capsys: Captured
) -> None:
    restate(export, "acme-assembly", SECOND)
    manifest = export / "20261001-20261101" / "acme-Manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    (old,) = deliveries(database)
    ingest(database, export)
    assert old.delivery_id in refused(capsys, database, 2, "--as-of", "acme-assembly")
    assert spend(capsys, database, "--as-of", old.delivery_id) == Decimal("16.7500000181")


# --- how many are kept


@pytest.mark.parametrize(("keep", "readable"), [(0, 0), (1, 1), (2, 2), (9, 3)])
def test_as_many_predecessors_are_kept_as_the_settings_say(
    keep: int, readable: int, tmp_path: Path, capsys: Captured
) -> None:
    settings = tmp_path / "finops.toml"
    settings.write_text(f"[ledger]\nkeep_deliveries = {keep}\n")
    export, database = write_export(tmp_path, LINES), tmp_path / "finops.duckdb"
    ingest(database, export, config=settings)
    for name in ("second", "third", "fourth"):
        restate(export, name, [{"lineItem/UnblendedCost": str(len(name))}])
        ingest(database, export, config=settings)
    codes = [main(["spend", "--db", str(database), "--as-of", name]) for name in ("third", "second", "acme-assembly")]
    assert codes == [0] * readable + [3] * (3 - readable)
    kept = {one.delivery_id for state in ("current", "replaced") for one in deliveries(database, state)}
    assert {folder.name for folder in store_of(database).iterdir()} == kept | {"journal"}


@pytest.mark.parametrize("value", ["-1", "1.5", '"1"', "true"])
def test_a_number_of_deliveries_that_is_none_is_a_settings_error(value: str, tmp_path: Path, capsys: Captured) -> None:
    settings = tmp_path / "finops.toml"
    settings.write_text(f"[ledger]\nkeep_deliveries = {value}\n")
    assert main(["ingest", str(write_export(tmp_path)), "--config", str(settings), "--db", str(tmp_path / "x")]) == 2
    assert "finops.toml:2" in capsys.readouterr().err


# --- what was held


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=12), st.data())
def test_what_was_held_is_the_newest_of_each_period_before_the_run_that_replaced_it(
    came: list[tuple[str, bool]], data: st.DataObject
) -> None:
    history: list[Arrival] = []
    for number, (period, starts_run) in enumerate(came, 1):
        before = history[-1] if history else None
        fresh = starts_run or before is None or period in {one.period for one in history if one.run == before.run}
        run = str(number) if fresh or before is None else before.run
        moment = datetime(2026, 11, 20, tzinfo=UTC)
        history.append(Arrival(number, run, f"d{number}", "x", "x", period, f"n{number}", moment, None))
    one = data.draw(st.sampled_from(history))
    found = held(history, one)
    assert one in found
    assert len({other.period for other in found}) == len(found)
    after = next((other for other in history if other.period == one.period and other.position > one.position), None)
    later = [other for other in history if after and other.position >= after.position]
    assert not set(found) & set(later)
    if after is None:
        assert {other.period for other in found} == {other.period for other in history}
