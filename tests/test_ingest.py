"""From files to a ledger and back out: what is loaded, what is refused, and that nothing is ever lost."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from finops.catalog import JOURNAL, Delivery, deliveries, store_of
from finops.cli import main
from finops.config import Settings
from finops.errors import DataError, FinopsError
from finops.ingest.discover import survey
from finops.ledger.load import Failed, Loaded, load
from finops.reader import Ask, open_ledger
from tests.tiny_export import COLUMNS, LINES, restate, write_export

TOTAL = Decimal("16.7500000181")


def loaded(database: Path, *paths: Path) -> list[Loaded]:
    results = list(load(database, survey(list(paths)).found))
    for result in results:
        if isinstance(result, Failed):
            raise result.error
    return [result for result in results if isinstance(result, Loaded)]


def only_delivery(database: Path) -> Delivery:
    (one,) = deliveries(database)
    return one


def spend(database: Path, by: str = "null", metric: str = "unblended", **ask: Any) -> dict[Any, Decimal]:
    with open_ledger(database, Settings(), Ask(metric=metric, **ask)) as ledger:
        rows = ledger.rows(f"select {by} as key, sum({ledger.cost}) as cost from resource_daily group by 1")
    return {row["key"]: row["cost"] for row in rows}


def plain(folder: Path, name: str = "bill.csv", **columns: str) -> Path:
    """One line of a bill as a file without manifest; `columns` are added to it or take a value's place."""
    folder.mkdir(parents=True, exist_ok=True)
    cells = {**COLUMNS, "lineItem/UnblendedCost": "1", **columns}
    quoted = ['"' + value.replace('"', '""') + '"' for value in cells.values()]
    path = folder / name
    text = ",".join(cells) + "\n" + ",".join(quoted) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def test_every_row_is_kept_and_the_sum_is_exact_to_the_last_decimal(tmp_path: Path) -> None:
    database = tmp_path / "x.duckdb"
    (result,) = loaded(database, write_export(tmp_path))
    assert (result.delivery.rows, result.delivery.unblended) == (len(LINES), TOTAL)
    assert spend(database) == {None: TOTAL}


def test_the_second_time_nothing_is_read_even_when_the_files_are_gone(tmp_path: Path) -> None:
    database, export = tmp_path / "x.duckdb", write_export(tmp_path)
    loaded(database, export)
    (export / "20261001-20261101" / "acme-1.csv").unlink()
    (again,) = loaded(database, export)
    assert again.bytes_read == 0
    assert spend(database) == {None: TOTAL}


def test_a_new_delivery_takes_the_place_of_the_old_one_whole(tmp_path: Path) -> None:
    database, export = tmp_path / "x.duckdb", write_export(tmp_path)
    loaded(database, export)
    restate(export, "second", [{"lineItem/UnblendedCost": "3", "lineItem/ResourceId": "i-9"}])
    (result,) = loaded(database, export)
    assert result.replaced == "acme-assembly"
    assert only_delivery(database).delivery == "second"
    assert spend(database, "resource_id") == {"i-9": Decimal(3)}


def test_a_listed_file_that_is_missing_leaves_the_old_delivery(tmp_path: Path) -> None:
    database, export = tmp_path / "x.duckdb", write_export(tmp_path)
    loaded(database, export)
    restate(export, "second", list(LINES))
    (export / "20261001-20261101" / "acme-1.csv").unlink()
    with pytest.raises(DataError, match="lists a file that is not here"):
        loaded(database, export)
    assert only_delivery(database).delivery == "acme-assembly"


def test_one_bad_period_does_not_keep_the_others_out(tmp_path: Path) -> None:
    database = tmp_path / "x.duckdb"
    good, bad = write_export(tmp_path, name="good"), write_export(tmp_path, name="bad")
    (bad / "20261001-20261101" / "bad-1.csv").write_text("<html><body>Access denied</body></html>\n")
    results = list(load(database, survey([bad, good]).found))
    assert [type(result) for result in results] == [Failed, Loaded]
    assert only_delivery(database).export == "good"


def test_notes_of_unknown_types_come_in_one_order(tmp_path: Path) -> None:
    kinds = ["Zeta", "Mid", "Alpha", "Omega", "Beta"]
    export = write_export(tmp_path, [{**LINES[0], "lineItem/LineItemType": kind} for kind in kinds])
    (result,) = loaded(tmp_path / "x.duckdb", export)
    named = [one.message.split("unknown type ")[1].split()[0] for one in result.problems if one.code == "unclassified"]
    assert named == sorted(kinds)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"<html><head><title>403</title></head></html>\n", "not a billing export"),
        (b"", "not even a header"),
        (",".join(COLUMNS).encode() + b"\n", "no rows"),
        (b"lineItem/LineItemType,lineItem/UnblendedCost\nUsage,1\n", "lacks required columns"),
        (
            ",".join([*COLUMNS, "one/More"]).encode() + b"\n" + b",".join(b"1" for _ in COLUMNS) + b"\n",
            "has 17 fields",
        ),
    ],
)
def test_a_file_that_is_no_bill_is_one_clear_error(
    tmp_path: Path, content: bytes, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bill.csv"
    path.write_bytes(content)
    database = tmp_path / "x.duckdb"
    assert main(["ingest", str(path), "--db", str(database)]) == 3
    error = capsys.readouterr().err.split("error: ")[-1].strip().splitlines()
    assert what in error[0]
    assert str(path) in error[1]
    assert len(error) <= 3
    assert not database.exists()


def test_a_truncated_gzip_is_refused_and_the_old_delivery_stays(tmp_path: Path) -> None:
    database = tmp_path / "x.duckdb"
    path = plain(tmp_path / "bills", "bill.csv.gz")
    loaded(database, path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match="damaged or cut short"):
        loaded(database, path)
    assert spend(database) == {None: Decimal(1)}


def test_a_period_without_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "BILLING_PERIOD=2026-10" / "bill.parquet"
    path.parent.mkdir()
    columns = ", ".join(f"'x' as \"{name.replace('/', '_')}\"" for name in COLUMNS)
    duckdb.execute(f"copy (select {columns} where false) to '{path}' (format parquet)")
    with pytest.raises(DataError, match="the export has no rows"):
        loaded(tmp_path / "x.duckdb", tmp_path)


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bill.parquet"
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(DataError, match="Parquet file cannot be read"):
        loaded(tmp_path / "x.duckdb", path)


def test_rows_of_another_period_than_the_manifest_says_are_refused(tmp_path: Path) -> None:
    export = write_export(tmp_path, **{"bill/BillingPeriodStartDate": "2026-09-01T00:00:00Z"})
    with pytest.raises(DataError, match="delivery is of 2026-10, its rows are of 2026-09"):
        loaded(tmp_path / "x.duckdb", export)


@pytest.mark.parametrize(
    ("column", "what"), [("lineItem/UnblendedCost", "cost"), ("lineItem/UsageStartDate", "start of the charge")]
)
def test_a_row_without_a_cost_or_a_day_is_refused(tmp_path: Path, column: str, what: str) -> None:
    with pytest.raises(DataError, match=f"1 rows have no {what}"):
        loaded(tmp_path / "x.duckdb", plain(tmp_path, **{column: ""}))


@pytest.mark.parametrize("text", ["1e30", "99999999999999999999999999999.5"])
def test_a_cost_too_large_to_be_exact_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(FinopsError):
        loaded(tmp_path / "x.duckdb", plain(tmp_path, **{"lineItem/UnblendedCost": text}))


def test_files_of_one_folder_that_may_be_versions_of_a_month_are_refused_until_named(tmp_path: Path) -> None:
    database = tmp_path / "x.duckdb"
    first, second = plain(tmp_path / "bills", "october.csv"), plain(tmp_path / "bills", "october-new.csv")
    with pytest.raises(DataError, match="parts of a delivery, or versions"):
        loaded(database, tmp_path / "bills")
    loaded(database, first, second)
    assert spend(database) == {None: Decimal(2)}


def test_a_folder_of_one_file_a_month_is_one_delivery_a_month(tmp_path: Path) -> None:
    database = tmp_path / "x.duckdb"
    plain(tmp_path / "bills", "october.csv")
    plain(tmp_path / "bills", "november.csv", **{"bill/BillingPeriodStartDate": "2026-11-01 00:00:00"})
    assert [result.delivery.period for result in loaded(database, tmp_path / "bills")] == ["2026-10", "2026-11"]
    assert [one.vouched for one in deliveries(database)] == [False, False]
    assert spend(database, period="2026-11") == {None: Decimal(1)}


def test_the_period_may_be_in_the_folder_name_only(tmp_path: Path) -> None:
    path = plain(tmp_path / "bills" / "BILLING_PERIOD=2026-10")
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line.replace("bill/BillingPeriodStartDate", "bill/Other") for line in lines) + "\n")
    (result,) = loaded(tmp_path / "x.duckdb", tmp_path / "bills")
    assert result.delivery.period == "2026-10"


@pytest.mark.parametrize(
    "start",
    ["2026-10-05T23:00:00.000Z", "2026-10-05 23:00:00", "2026-10-05 23:00:00+00:00", "2026-10-06T01:00:00+02:00"],
)
def test_the_spellings_of_a_date_mean_the_same_instant(tmp_path: Path, start: str) -> None:
    database = tmp_path / "x.duckdb"
    loaded(database, plain(tmp_path, **{"lineItem/UsageStartDate": start, "lineItem/UsageEndDate": start}))
    assert [str(day) for day in spend(database, "charge_day")] == ["2026-10-05"]


def test_leading_zeros_of_an_account_stay(tmp_path: Path) -> None:
    database = tmp_path / "x.duckdb"
    loaded(database, plain(tmp_path, **{"lineItem/UsageAccountId": "000000000002"}))
    assert list(spend(database, "sub_account_id")) == ["000000000002"]


def test_two_spellings_of_a_column_are_one_column(tmp_path: Path) -> None:
    database = tmp_path / "x.duckdb"
    arn = "arn:aws:savingsplans::000000000001:savingsplan/1"
    covered = {"lineItem/LineItemType": "SavingsPlanCoveredUsage", "savingsPlan/SavingsPlanEffectiveCost": "0.6"}
    loaded(
        database, plain(tmp_path, **covered, **{"savingsPlan/SavingsPlanArn": arn, "savingsPlan/SavingsPlanARN": ""})
    )
    assert spend(database, metric="amortized") == {None: Decimal("0.6")}
    assert only_delivery(database).layout["columns"]["savings_plan_savings_plan_a_r_n"]


def test_a_metric_without_its_column_is_an_error_that_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "x.duckdb"
    loaded(database, plain(tmp_path, **{"lineItem/LineItemType": "DiscountedUsage"}))
    assert main(["spend", "--metric", "amortized", "--db", str(database)]) == 2
    assert "reservation_effective_cost" in capsys.readouterr().err
    assert main(["spend", "--metric", "list", "--db", str(database)]) == 2
    assert "pricing_public_on_demand_cost" in capsys.readouterr().err
    assert main(["spend", "--db", str(database)]) == 0


def test_a_discount_without_net_columns_refuses_net_and_no_discount_makes_net_gross(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "x.duckdb"
    loaded(database, plain(tmp_path / "a", **{"lineItem/LineItemType": "EdpDiscount", "lineItem/UnblendedCost": "-1"}))
    assert main(["spend", "--metric", "net_unblended", "--db", str(database)]) == 2
    assert "line_item_net_unblended_cost" in capsys.readouterr().err
    other = tmp_path / "y.duckdb"
    loaded(other, plain(tmp_path / "b"))
    assert main(["spend", "--metric", "net_unblended", "--db", str(other)]) == 0
    assert "net costs are the gross ones" in capsys.readouterr().err


def test_exports_of_one_name_from_two_payers_stay_apart(tmp_path: Path) -> None:
    database = tmp_path / "x.duckdb"
    one, two = write_export(tmp_path / "one"), write_export(tmp_path / "two", **{"bill/PayerAccountId": "000000000009"})
    path = two / "20261001-20261101" / "acme-Manifest.json"
    path.write_text(path.read_text().replace('"account": "000000000001"', '"account": "000000000009"'))
    loaded(database, one, two)
    assert len({delivery.export for delivery in deliveries(database)}) == 2
    assert spend(database) == {None: 2 * TOTAL}


def test_a_period_of_one_payer_in_two_exports_is_counted_once_and_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "x.duckdb"
    loaded(database, write_export(tmp_path), plain(tmp_path / "bills", **{"lineItem/UnblendedCost": "5"}))
    assert spend(database) == {None: TOTAL}
    assert spend(database, export="bills") == {None: Decimal(5)}
    assert main(["spend", "--db", str(database)]) == 0
    assert "counted once, from acme" in capsys.readouterr().err


def test_two_currencies_are_never_added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = tmp_path / "x.duckdb"
    eur = {"lineItem/CurrencyCode": "EUR", "bill/PayerAccountId": "000000000009"}
    loaded(database, plain(tmp_path / "a"), plain(tmp_path / "b", **eur))
    assert main(["spend", "--db", str(database)]) == 2
    assert "--where currency=" in capsys.readouterr().err
    assert main(["spend", "--where", "currency=EUR", "--db", str(database)]) == 0


def test_keys_that_differ_in_case_only_are_both_kept(tmp_path: Path) -> None:
    database = tmp_path / "x.duckdb"
    loaded(database, plain(tmp_path, **{"resourceTags/user:team": "a", "resourceTags/user:Team": "b"}))
    with open_ledger(database, Settings(), Ask()) as ledger:
        found = ledger.rows("select key, value from tag_sets where lower(key) = 'user:team' order by key")
    assert [(row["key"], row["value"]) for row in found] == [("user:Team", "b"), ("user:team", "a")]


def test_the_database_is_for_its_owner_only_and_stays_small(tmp_path: Path) -> None:
    database = tmp_path / "x.duckdb"
    for number in range(3):
        loaded(database, plain(tmp_path / f"bill-{number}", **{"bill/PayerAccountId": f"00000000001{number}"}))
    assert database.stat().st_mode & 0o077 == 0
    assert store_of(database).stat().st_mode & 0o077 == 0
    with duckdb.connect(str(database), read_only=True) as connection:
        (cost,) = connection.execute("select sum(x_unblended_cost) from daily_cost").fetchone() or (None,)
    assert cost == Decimal(3)


@pytest.mark.parametrize("name", ["old", "catalog", "deliveries"])
def test_a_database_may_have_any_name(name: str, tmp_path: Path) -> None:
    database, export = tmp_path / f"{name}.duckdb", write_export(tmp_path)
    loaded(database, export)
    restate(export, "second", [{"lineItem/UnblendedCost": "3"}])
    loaded(database, export)
    assert spend(database) == {None: Decimal(3)}


def test_a_second_writer_is_told_to_wait(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database, export = tmp_path / "x.duckdb", write_export(tmp_path)
    running = load(database, survey([export]).found)
    next(running)
    assert main(["ingest", str(export), "--db", str(database)]) == 4
    assert "another finops ingest" in capsys.readouterr().err
    running.close()


def _slow_ingest(export: Path, database: Path) -> subprocess.Popen[str]:
    """An ingest in a process of its own that stops for a minute right before its commit."""
    code = (
        "import sys, time, finops.ledger.load as load\n"
        "def wait(*a):\n    print('ready', flush=True); time.sleep(60)\n"
        "load.commit = wait\n"
        # a shell's background job starts with Ctrl-C ignored
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from finops.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = [sys.executable, "-c", code, "ingest", str(export), "--db", str(database)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_an_ingest_that_is_stopped_leaves_the_previous_delivery_and_the_next_one_succeeds(
    tmp_path: Path, sign: signal.Signals, code: int
) -> None:
    database, export = tmp_path / "x.duckdb", write_export(tmp_path)
    loaded(database, export)
    restate(export, "second", [{"lineItem/UnblendedCost": "3"}])
    process = _slow_ingest(export, database)
    os.kill(process.pid, sign)
    process.communicate(timeout=30)
    assert process.returncode == code
    assert spend(database) == {None: TOTAL}
    loaded(database, export)
    assert spend(database) == {None: Decimal(3)}
    kept = {delivery.delivery_id for state in ("current", "replaced") for delivery in deliveries(database, state)}
    assert {folder.name for folder in store_of(database).iterdir()} == kept | {JOURNAL}
    assert {path.stem for path in (store_of(database) / JOURNAL).iterdir()} == {only_delivery(database).delivery_id}


def test_a_full_disk_is_exit_4_and_leaves_the_previous_delivery(tmp_path: Path) -> None:
    database = tmp_path / "x.duckdb"
    loaded(database, plain(tmp_path / "bills"))
    big = tmp_path / "bills" / "bill.csv"
    head, line = big.read_text().splitlines()
    big.write_text(
        "\n".join([head, *(line.replace('"",', f'"{n * 2654435761 % 2**32}",') for n in range(40000))]) + "\n"
    )
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "from finops.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = [sys.executable, "-c", code, "ingest", str(big), "--db", str(database)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    assert spend(database) == {None: Decimal(1)}


def test_an_unreadable_folder_is_an_error_not_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # root may read everything, so the refusal is the system call's
    write_export(tmp_path)
    real = os.scandir

    def denied(path: Any) -> Any:
        if str(path).endswith("20261001-20261101"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(DataError, match="cannot be read"):
        survey([tmp_path])


def test_time_is_not_what_makes_a_delivery_new(tmp_path: Path) -> None:
    database, export = tmp_path / "x.duckdb", write_export(tmp_path)
    loaded(database, export)
    future = time.time() + 1000
    os.utime(export / "20261001-20261101" / "acme-1.csv", (future, future))
    (again,) = loaded(database, export)
    assert again.bytes_read == 0


def test_the_files_of_a_csv_delivery_are_kept_whole_until_it_is_replaced(tmp_path: Path) -> None:
    database, export = tmp_path / "x.duckdb", write_export(tmp_path)
    loaded(database, export)
    (first,) = deliveries(database)
    (source,) = export.rglob("*.csv")
    (kept,) = (store_of(database) / first.delivery_id / "originals").iterdir()
    assert (kept.name.endswith(source.name), kept.read_bytes()) == (True, source.read_bytes())
    restate(export, "second", [{"lineItem/UnblendedCost": "3"}])
    loaded(database, export)
    assert not (store_of(database) / first.delivery_id / "originals").exists()
