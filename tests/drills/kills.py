"""kill -9, at every change to a file and at random moments: the ledger is the old one or the new one, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from finops.catalog import JOURNAL, deliveries, store_of
from tests.drills.tally import Drill, Ran, Tally, held, look, total
from tests.drills.victim import Died, Victims, victims
from tests.tiny_export import LINES, restate, write_export

_REST = sum((Decimal(line["lineItem/UnblendedCost"]) for line in LINES[1:]), Decimal(0)).quantize(Decimal("1e-10"))


@dataclass
class _Bill:
    """An export that is delivered again and again, each time with another total; and the verb that is killed."""

    folder: Path
    export: Path
    deliver: Callable[[Path, int], None]
    verb: str = "ingest"
    number: int = 1
    known: Decimal | None = None
    killed: int = 0

    @property
    def database(self) -> Path:
        return self.folder / "finops.duckdb"

    @property
    def ingest(self) -> list[str]:
        return ["ingest", str(self.export), "--db", str(self.database)]

    @property
    def argv(self) -> list[str]:
        return self.ingest if self.verb == "ingest" else ["db", self.verb, "--db", str(self.database)]

    def sum_of(self, number: int) -> Decimal:
        return number + _REST

    def total(self) -> Decimal | None:
        """What a person would be told; while an upgrade is due, what is held."""
        return held(self.database) if self.verb == "upgrade" else total(self.database)

    def again(self) -> None:
        """The next delivery; for an upgrade, the same one as another version would have loaded it."""
        if self.verb == "upgrade":
            with duckdb.connect(str(self.database)) as connection:
                connection.execute("update deliveries set recipe = 'older'")
        else:
            self.number += 1
            self.deliver(self.export, self.number)


def kills(drill: Drill) -> Tally:
    """Kill ingests of CSV and of Parquet, and upgrades, and look at the ledger after each."""
    tally = Tally("kill -9")
    with victims() as process:
        bills = [_csv(drill.folder / "csv"), _parquet(drill.folder / "parquet"), _csv(drill.folder / "up", "upgrade")]
        measured = [_measured(process, bill) for bill in bills]
        for number in range(drill.runs):
            bill, whole = bills[number % 3], measured[number % 3]
            by_step = number // 3 % 2 == 0
            step = drill.chance.randint(1, whole.steps + 1) if by_step else None
            seconds = None if by_step else drill.chance.uniform(0, whole.seconds)
            _one(process, bill, tally, step, seconds)
            # Mostly a killed run follows a killed run, which is harder on what they leave behind.
            if drill.chance.random() < 0.3:
                _complete(process, bill, tally)
        for bill in bills:
            _complete(process, bill, tally)
    tally.note = f"{sum(bill.killed for bill in bills)} died, the others were done before"
    return tally


def _one(process: Victims, bill: _Bill, tally: Tally, step: int | None, seconds: float | None) -> None:
    bill.again()
    died = process.run(bill.folder, *bill.argv, step=step, seconds=seconds)
    tally.inputs += 1
    bill.killed += died.killed
    where = f"{bill.folder.name} {bill.verb} killed at {f'step {step}' if step else f'{seconds:.3f} s'}"
    if not died.killed:
        look(tally, where, Ran(died.code, "", died.err))
    after = bill.total()
    if after is None:
        tally.lost.append(where)
    elif after not in {bill.known, bill.sum_of(bill.number)}:
        tally.wrong_sums.append(f"{where}: {after}, neither {bill.known} nor {bill.sum_of(bill.number)}")
    bill.known = after


def _complete(process: Victims, bill: _Bill, tally: Tally) -> None:
    """The ingest after: it ends well, has the newest delivery, and leaves nothing of those before it."""
    ran = process.run(bill.folder, *bill.ingest)
    where = f"{bill.folder.name} ingest after a killed {bill.verb}"
    bill.known = bill.sum_of(bill.number)
    if ran.code:
        tally.lost.append(f"{where}: exit {ran.code}: {ran.err[-300:]}")
        return
    if (found := total(bill.database)) != bill.known:
        tally.wrong_sums.append(f"{where}: {found}, not {bill.known}")
    if left := leftovers(bill.database):
        tally.lost.append(f"{where}: left behind {', '.join(left)}")


def leftovers(database: Path) -> list[str]:
    """Whatever lies beside a ledger and in its store that no delivery owns."""
    store = store_of(database)
    kept = {one.delivery_id for state in ("current", "replaced") for one in deliveries(database, state)}
    of_store = [path.name for path in store.iterdir() if path.name not in {*kept, JOURNAL}]
    return [*of_store, *(path.name for path in database.parent.glob("*.tmp*"))]


def _measured(process: Victims, bill: _Bill) -> Died:
    """The first run, and one that nobody kills, to know how many changes it makes and how long it takes."""
    process.run(bill.folder, *bill.ingest)
    bill.again()
    whole = process.run(bill.folder, *bill.argv)
    bill.known = bill.sum_of(bill.number)
    return whole


def _lines(number: int) -> list[dict[str, str]]:
    return [{**LINES[0], "lineItem/UnblendedCost": str(number)}, *LINES[1:]]


def _csv(folder: Path, verb: str = "ingest") -> _Bill:
    def deliver(export: Path, number: int) -> None:
        restate(export, f"delivery-{number}", _lines(number))

    return _Bill(folder, write_export(folder / "exports", _lines(1)), deliver, verb)


def _parquet(folder: Path) -> _Bill:
    """The same lines as one Parquet file of a month's folder, without a manifest."""
    target = folder / "exports" / "BILLING_PERIOD=2026-10" / "bill.parquet"
    target.parent.mkdir(parents=True)

    def deliver(export: Path, number: int) -> None:
        made = write_export(folder / f"csv-{number}", _lines(number))
        (source,) = made.rglob("*.csv")
        as_written = f"select * from read_csv('{source}', all_varchar = true)"
        duckdb.execute(f"copy ({as_written}) to '{target}' (format parquet)")

    deliver(target, 1)
    return _Bill(folder, folder / "exports", deliver)
