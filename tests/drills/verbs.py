"""kill -9 of the other verbs that write: what they read is as it was, and what they write is whole or not there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import duckdb

from finops.catalog import deliveries, store_of
from finops.ledger.export import LINE_ITEMS, MANIFEST
from finops.ledger.fetched import DOWNLOADS
from finops.recommend.accepted.ledger import accepted, ledger_path
from tests.accepted_bill import nat, november, october
from tests.drills.kills import leftovers
from tests.drills.tally import Drill, Ran, Tally, held, look
from tests.drills.victim import Died, Victims, victims
from tests.hourly_export import Row

OLD, NEW = "as before", "all done"
# What a running finops leaves beside a database and what tells nothing of a bill.
_NO_MATTER = (".lock", ".said")
# A delivery that nothing names.
_STRAY = "stray-2026-10-0000000000"
_TODAY = "2026-12-05"


@dataclass(frozen=True)
class _Verb:
    """A verb that writes: `begin` puts things as they are before it, `state` says OLD, NEW or what else is there.

    `refused` is how it ends when all is done already; `left` names what lies around afterwards.
    """

    argv: Sequence[str]
    begin: Callable[[], object]
    state: Callable[[], str]
    left: Callable[[], list[str]]
    refused: int = 2

    @property
    def name(self) -> str:
        """The words of the verb."""
        return " ".join(self.argv[:2])


def verbs(drill: Drill) -> Tally:
    """Kill vacuum, export, anonymise and accept, look at what is there, and run them again."""
    tally, died = Tally("kill -9 of other verbs"), 0
    database = _ledger(drill.folder / "home")
    out = drill.folder / "out"
    out.mkdir()
    with victims(FINOPS_TODAY=_TODAY) as process:
        own = _accept(process, drill.folder, database)
        cases = [own, _vacuum(database), _export(database, out), _anonymise(database, out)]
        expected = _digest(database)
        wholes = [_whole(process, drill.folder, one) for one in cases]
        for number in range(drill.runs):
            at = number % len(cases)
            step, seconds = _when(drill, wholes[at], by_step=number // len(cases) % 2 == 0)
            died += _one(process, drill, tally, cases[at], step, seconds)
            # Mostly a killed run follows a killed run, which is harder on what they leave behind.
            if drill.chance.random() < 0.4:
                _again(process, drill.folder, tally, cases[at])
            if _digest(database) != expected:
                tally.lost.append(f"{cases[at].name}: the ledger is another one")
                expected = _digest(database)
        for one in cases:
            _again(process, drill.folder, tally, one)
    tally.note = f"{died} died, the others were done before"
    return tally


def _when(drill: Drill, whole: Died, by_step: bool) -> tuple[int | None, float | None]:
    if by_step:
        return drill.chance.randint(1, whole.steps + 1), None
    return None, drill.chance.uniform(0, whole.seconds)


def _whole(process: Victims, root: Path, verb: _Verb) -> Died:
    """A run that nobody kills, to know how many changes it makes and how long it takes."""
    verb.begin()
    return process.run(root, *verb.argv)


def _one(process: Victims, drill: Drill, tally: Tally, verb: _Verb, step: int | None, seconds: float | None) -> bool:
    """Kill it there and look. Says whether it was killed before it ended."""
    if verb.state() == NEW:
        verb.begin()
    died = process.run(drill.folder, *verb.argv, step=step, seconds=seconds)
    tally.inputs += 1
    where = f"{verb.name} killed at {f'step {step}' if step else f'{seconds:.3f} s'}"
    if not died.killed:
        look(tally, where, Ran(died.code, "", died.err))
    if (state := verb.state()) not in {OLD, NEW}:
        tally.wrong_sums.append(f"{where}: {state}")
        verb.begin()
    return died.killed


def _again(process: Victims, root: Path, tally: Tally, verb: _Verb) -> None:
    """The run after: it ends well, or says that all is done; and nothing lies around."""
    before = verb.state()
    ran = process.run(root, *verb.argv)
    if ran.code != (verb.refused if before == NEW else 0):
        tally.lost.append(f"{verb.name} after a kill that left all {before}: exit {ran.code}: {ran.err[-300:]}")
    if (state := verb.state()) != NEW:
        tally.wrong_sums.append(f"{verb.name} after a kill: {state}")
    if left := verb.left():
        tally.lost.append(f"{verb.name} after a kill: left behind {', '.join(left)}")


def _ledger(folder: Path) -> Path:
    """Two months of a bill with gateways through which nothing goes."""
    folder.mkdir()
    database = october(folder, _gateways(range(31)))
    november(database, _gateways(range(31, 61)))
    return database


def _gateways(days: range) -> Iterator[Row]:
    yield from nat("nat-first", days)
    yield from nat("nat-second", days)


def _digest(database: Path) -> dict[str, str]:
    """The store byte by byte, and what the catalog says, which a vacuum writes anew."""
    store = store_of(database)
    files = {
        path.relative_to(store).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.rglob("*"))
        if path.is_file() and _STRAY not in path.parts and DOWNLOADS not in path.parts
    }
    return {**files, "catalog": repr([deliveries(database, state) for state in ("current", "replaced")])}


def _vacuum(database: Path) -> _Verb:
    strays = [store_of(database) / _STRAY, store_of(database) / DOWNLOADS / "broken"]

    def begin() -> None:
        for stray in strays:
            (stray / "rows").mkdir(parents=True, exist_ok=True)
            (stray / "rows" / "rows-00001.parquet").write_bytes(b"PAR1")

    def state() -> str:
        return OLD if any(stray.exists() for stray in strays) else NEW

    return _Verb(["db", "vacuum", "--db", str(database)], begin, state, lambda: leftovers(database), refused=0)


def _export(database: Path, out: Path) -> _Verb:
    folder = out / "exported"

    def begin() -> None:
        shutil.rmtree(folder, ignore_errors=True)

    def state() -> str:
        return _whole_or_absent(folder, _exported(folder), held(database))

    return _Verb(["db", "export", str(folder), "--db", str(database)], begin, state, lambda: _around(out, "exported"))


def _exported(folder: Path) -> Decimal | None:
    """The cost of the line items that the manifest names."""
    if not (folder / MANIFEST).exists():
        return None
    files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    paths = [str(folder / one["file"]) for one in files if one["model"] == LINE_ITEMS]
    (cost,) = duckdb.execute("select sum(x_unblended_cost) from read_parquet($1)", [paths]).fetchone() or (None,)
    return None if cost is None else Decimal(cost)


def _anonymise(database: Path, out: Path) -> _Verb:
    target = out / "faked.duckdb"

    def begin() -> None:
        target.unlink(missing_ok=True)
        shutil.rmtree(store_of(target), ignore_errors=True)

    def state() -> str:
        return _whole_or_absent(target, held(target), held(database))

    argv = ["db", "anonymise", str(target), "--db", str(database)]
    return _Verb(argv, begin, state, lambda: _around(out, target.name, store_of(target).name))


def _whole_or_absent(target: Path, found: Decimal | None, right: Decimal | None) -> str:
    if not target.exists():
        return OLD
    return NEW if found == right else f"{target.name} sums to {found}, not {right}"


def _around(out: Path, *ours: str) -> list[str]:
    """What begins like one of these and is none of them."""
    named = [path.name for path in out.iterdir() if path.suffix not in _NO_MATTER and path.name not in ours]
    return [name for name in named if name.startswith(ours)]


def _accept(process: Victims, root: Path, database: Path) -> _Verb:
    """One piece of advice is accepted already, the other one is to come."""
    ledger, answer = ledger_path(database), root / "advice.json"
    listed = ["recommend", "waste", "--format", "json", "-o", str(answer), "--db", str(database)]
    process.run(root, *listed)
    kept, wanted = (row["id"] for row in json.loads(answer.read_text(encoding="utf-8"))["rows"])
    process.run(root, "recommend", "accept", kept, "--db", str(database))
    before = ledger.read_bytes()

    def begin() -> None:
        ledger.write_bytes(before)

    def state() -> str:
        found = [one.id for one in accepted(database)]
        return {(kept,): OLD, (kept, wanted): NEW}.get(tuple(found), f"{found} are accepted")

    # a draft that is left goes with those of the database, which the vacuum holds
    return _Verb(["recommend", "accept", wanted, "--db", str(database)], begin, state, list)
