"""What `finops recommend` found is kept for the report, and counts only for the very bill it was found on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from finops.catalog import ADVICE, store_of
from finops.cli import main
from tests.hourly_export import loaded
from tests.tiny_export import write_export
from tests.waste_export import wasteful

SETTINGS = '[owners]\ntag = "Owner"\n'


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loaded(tmp_path_factory.mktemp("bill"), wasteful(), **{"product/region": "us-east-1"})


@pytest.fixture
def database(bill: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger of a bill that is too long for advice while somebody waits."""
    monkeypatch.setattr("finops.sections.advice.MOST_ROWS", 0)
    shutil.copytree(bill.parent, tmp_path / "ledger")
    (tmp_path / "finops.toml").write_text(SETTINGS)
    return tmp_path / "ledger" / bill.name


def advice_of(database: Path, *more: str) -> dict[str, Any]:
    """The section of the weekly report."""
    target = database.parent / "report.json"
    settings = database.parents[1] / "finops.toml"
    assert main(["report", "--db", str(database), "--config", str(settings), "-o", str(target), *more]) == 0
    sections = json.loads(target.read_text())["rows"]
    found: dict[str, Any] = next(one for one in sections if one["section"] == "advice")
    return found


def recommend(database: Path, *more: str) -> None:
    settings = database.parents[1] / "finops.toml"
    assert main(["recommend", "--db", str(database), "--config", str(settings), *more]) == 0


def is_left_out(section: dict[str, Any]) -> bool:
    return section["state"] == "left out" and "finops recommend once" in section["text"][0]


def test_a_report_has_what_recommend_found_just_as_if_it_had_found_it_itself(database: Path) -> None:
    assert is_left_out(advice_of(database))
    fresh = advice_of(database, "--advice")
    shutil.rmtree(store_of(database) / ADVICE)
    assert is_left_out(advice_of(database))
    recommend(database)
    assert advice_of(database) == fresh
    assert fresh["tables"][0]["rows"]


def test_a_report_that_found_it_itself_keeps_it_too_and_a_choice_of_rows_keeps_all(database: Path) -> None:
    whole = advice_of(database, "--advice")
    assert advice_of(database) == whole
    shutil.rmtree(store_of(database) / ADVICE)
    recommend(database, "--where", "kind=graviton", "--owner", "nobody")
    assert advice_of(database) == whole


def test_other_settings_prices_or_deliveries_ask_anew(database: Path, tmp_path: Path) -> None:
    recommend(database)
    settings = tmp_path / "finops.toml"
    settings.write_text(f"{SETTINGS}[waste]\nmin_saving = 5\n")
    assert is_left_out(advice_of(database))
    settings.write_text(SETTINGS)
    assert not is_left_out(advice_of(database))
    prices = database.with_name(f"{database.stem}.prices") / "AmazonEC2"
    prices.mkdir(parents=True)
    (prices / "2026-11-01.csv").write_text("service,region,kind,sku_key,unit,price,currency,as_of,source\n")
    assert is_left_out(advice_of(database))
    shutil.rmtree(prices.parent)
    assert not is_left_out(advice_of(database))
    another = write_export(tmp_path, name="other", **{"bill/PayerAccountId": "999999999999"})
    assert main(["ingest", str(another), "--db", str(database)]) == 0
    assert is_left_out(advice_of(database))
    recommend(database)
    assert not is_left_out(advice_of(database))
    assert len(list((store_of(database) / ADVICE).glob("advice-*.json"))) == 1


def test_what_is_damaged_or_cannot_be_kept_is_not_believed(database: Path) -> None:
    recommend(database)
    (kept,) = (store_of(database) / ADVICE).glob("advice-*.json")
    kept.write_text(kept.read_text().replace('"saving": 1', '"saving": 9'))
    assert is_left_out(advice_of(database))
    shutil.rmtree(store_of(database) / ADVICE)
    recommend(database)
    (kept,) = (store_of(database) / ADVICE).glob("advice-*.json")
    kept.write_text(kept.read_text()[:200])
    (kept.parent / "seals.json").unlink()
    (kept.parent / "1.draft").write_text("left by a run that was killed")
    assert is_left_out(advice_of(database))
    recommend(database)
    assert sorted(path.name for path in kept.parent.iterdir()) == [kept.name, "seals.json"]
    shutil.rmtree(kept.parent)
    (store_of(database) / ADVICE).write_text("in the way")
    recommend(database)
    assert is_left_out(advice_of(database))
