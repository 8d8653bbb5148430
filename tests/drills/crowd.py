"""Several ingests and many readers at once: one writes, the others are told so, and nobody sees half a ledger."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from threading import Event

from tests.drills.kills import leftovers
from tests.drills.tally import Drill, Ran, Tally, look, total
from tests.drills.victim import Died, victims
from tests.tiny_export import LINES, restate, write_export

_READERS = 2


def crowd(drill: Drill) -> Tally:
    """Two ingests at once, again and again, while others read."""
    tally = Tally("concurrent ingests and readers")
    database, export = drill.folder / "db" / "finops.duckdb", write_export(drill.folder, _lines(1))
    database.parent.mkdir()
    (drill.folder / "other").mkdir()
    argv = ["ingest", str(export), "--db", str(database)]
    with victims() as one, victims() as other, ThreadPoolExecutor(2 + _READERS) as pool:
        one.run(drill.folder / "db", *argv)
        known = {Decimal(1)}
        for number in range(2, drill.runs + 2):
            restate(export, f"delivery-{number}", _lines(number))
            done, known = Event(), {max(known), Decimal(number)}
            readers = [pool.submit(_read, database, done) for _ in range(_READERS)]
            writers = [
                pool.submit(each.run, drill.folder / name, *argv) for name, each in (("db", one), ("other", other))
            ]
            ended = [writer.result() for writer in writers]
            done.set()
            _judge(tally, ended, [reader.result() for reader in readers], known)
            if (found := total(database)) != number:
                tally.wrong_sums.append(f"after delivery {number}: {found}")
    if left := leftovers(database):
        tally.lost.append(f"left behind: {', '.join(left)}")
    return tally


def _read(database: Path, done: Event) -> set[Decimal | None]:
    """What a reader sees until the writers are done, and once more."""
    seen = {total(database)}
    while not done.is_set():
        seen.add(total(database))
    return seen


def _judge(tally: Tally, ended: list[Died], seen: list[set[Decimal | None]], known: set[Decimal]) -> None:
    tally.inputs += len(ended) + len(seen)
    for died in ended:
        look(tally, "an ingest", Ran(died.code, "", died.err))
    if 0 not in {died.code for died in ended} or not {died.code for died in ended} <= {0, 4}:
        tally.lost.append(f"exit {[died.code for died in ended]}")
    for one in seen:
        if not one <= known:
            tally.wrong_sums.append(f"a reader saw {one - known}, not one of {known}")


def _lines(number: int) -> list[dict[str, str]]:
    return [{**LINES[0], "lineItem/UnblendedCost": str(number)}]
