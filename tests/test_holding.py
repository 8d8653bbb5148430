"""What is being read stays until it has been read, however often it is replaced meanwhile."""

from decimal import Decimal
from pathlib import Path

import pytest

from finops.catalog import deliveries, open_catalog, store_of
from finops.cli import main
from finops.config import Settings
from finops.holding import held, is_held
from finops.reader import Ask, Ledger, open_ledger
from finops.usage import open_usage
from tests.tiny_export import LINES, ingested, restate


def total(ledger: Ledger) -> Decimal:
    (row,) = ledger.rows("select sum(x_unblended_cost) as cost from resource_daily")
    return Decimal(row["cost"])


def replaced(database: Path, *names: str) -> None:
    for name in names:
        restate(database.parent / "acme", name, LINES[1:])
        assert main(["ingest", str(database.parent / "acme"), "--db", str(database)]) == 0


def test_an_open_ledger_is_read_to_its_end_though_it_was_replaced_twice(tmp_path: Path) -> None:
    database = ingested(tmp_path)
    (first,) = deliveries(database)
    home = store_of(database) / first.delivery_id
    with open_ledger(database, Settings(), Ask()) as ledger, open_usage(database) as usage:
        replaced(database, "second", "third")
        assert total(ledger) == first.unblended
        (found,) = usage.connection.execute("select sum(unblended) from cur").fetchone() or (None,)
        assert found == first.unblended
    with open_ledger(database, Settings(), Ask()) as ledger:
        assert total(ledger) == first.unblended - Decimal("10.25")
    assert home.is_dir()
    assert main(["db", "vacuum", "--db", str(database)]) == 0
    assert not home.exists()


def test_a_folder_is_held_by_any_number_and_no_longer_than_that(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    with held([tmp_path]):
        with held([tmp_path, tmp_path / "gone"]):
            assert is_held(tmp_path)
        assert is_held(tmp_path)
    assert not is_held(tmp_path)


def test_who_fails_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held([tmp_path]):
        raise ZeroDivisionError
    assert not is_held(tmp_path)


def test_a_process_may_look_at_one_catalog_from_two_places_at_once(tmp_path: Path) -> None:
    database = ingested(tmp_path)
    with open_catalog(database) as one, open_catalog(database) as other:
        count = "select count(*) from deliveries"
        assert one.execute(count).fetchone() == other.execute(count).fetchone() == (1,)
