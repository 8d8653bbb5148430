"""Files cut short and with flipped bits, of every kind: what AWS delivers, and what the ledger itself keeps."""

from __future__ import annotations

import gzip
import shutil
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb

from tests.drills.fuzz import sum_of_csv
from tests.drills.tally import Drill, Tally, held, look, run, total
from tests.tiny_export import LINES, restate, write_export

_TEN = Decimal("1e-10")
# The folder of the store -> what reads it besides the figures, and must say that it is damaged.
_READERS = {"rows": ("recommend", "waste"), "originals": ("doctor",)}


def deliveries(drill: Drill) -> Tally:
    """A damaged delivery after a whole one: what its own bytes say is loaded, or the whole one stays."""
    tally = Tally("damaged deliveries")
    for number in range(drill.runs):
        kind = list(_KINDS)[number % len(_KINDS)]
        folder = drill.folder / f"delivered-{number}"
        _delivered(drill, tally, kind, folder)
        shutil.rmtree(folder)
    return tally


def ledgers(drill: Drill) -> Tally:
    """Damage to the ledger's own files: a figure is right or refused, and never a traceback."""
    tally = Tally("damaged ledgers")
    export = write_export(drill.folder, _many())
    database = drill.folder / "kept" / "finops.duckdb"
    run("ingest", str(export), "--db", str(database))
    restate(export, "second", _many())
    run("ingest", str(export), "--db", str(database))
    expected = _spent(database)
    files = sorted(path for path in database.parent.rglob("*") if path.is_file() and path.stat().st_size)
    for number in range(drill.runs):
        _kept(drill, tally, database, files[number % len(files)], expected)
    return tally


def _many() -> list[dict[str, str]]:
    return [
        {**LINES[0], "lineItem/UnblendedCost": f"{number}.25", "lineItem/ResourceId": f"i-{number}"}
        for number in range(50)
    ]


def _delivered(drill: Drill, tally: Tally, kind: str, folder: Path) -> None:
    make, sum_of = _KINDS[kind]
    source = folder / "bills" / "BILLING_PERIOD=2026-10" / f"bill.{kind}"
    source.parent.mkdir(parents=True)
    plain = next(write_export(folder / "made", _many()).rglob("*.csv"))
    make(plain, source)
    database = folder / "finops.duckdb"
    run("ingest", str(source.parent), "--db", str(database))
    before = total(database)
    where = f"{kind} {spoil(drill, source)}"
    ran = run("ingest", str(source.parent), "--db", str(database))
    tally.inputs += 1
    look(tally, where, ran)
    after, right = held(database), sum_of(source) if ran.code == 0 else before
    if before is None or after is None:
        tally.lost.append(where)
    elif after != right:
        tally.wrong_sums.append(f"{where}: exit {ran.code} with {after}, not {right}")


def _kept(drill: Drill, tally: Tally, database: Path, victim: Path, expected: str) -> None:
    whole = victim.read_bytes()
    where = f"{victim.relative_to(database.parent)} {spoil(drill, victim)}"
    tally.inputs += 1
    ran = run("spend", "--by", "resource", "--format", "csv", "--db", str(database))
    look(tally, where, ran)
    if ran.code == 0 and ran.out != expected:
        tally.wrong_sums.append(f"{where}: other figures, and exit 0")
    if words := _READERS.get(victim.parent.name):
        ran = run(*words, "--db", str(database))
        if "are damaged" not in ran.out + ran.err:
            tally.wrong_sums.append(f"{where}: {' '.join(words)} read it, exit {ran.code}")
    victim.write_bytes(whole)


def _spent(database: Path) -> str:
    return run("spend", "--by", "resource", "--format", "csv", "--db", str(database)).out


def spoil(drill: Drill, path: Path) -> str:
    """Cut a file short or flip one to three of its bits; in words, what was done."""
    raw = bytearray(path.read_bytes())
    place = drill.chance.randrange(len(raw))
    if drill.chance.random() < 0.3:
        path.write_bytes(raw[:place])
        return f"cut to {place} of {len(raw)} bytes"
    flips = sorted((place, *(drill.chance.randrange(len(raw)) for _ in range(drill.chance.randint(0, 2)))))
    for one in flips:
        raw[one] ^= 1 << drill.chance.randrange(8)
    path.write_bytes(raw)
    return f"with bits flipped at {', '.join(map(str, flips))} of {len(raw)}"


def as_gz(plain: Path, target: Path) -> None:
    target.write_bytes(gzip.compress(plain.read_bytes()))


def _zip(plain: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain, "bill.csv")


def _parquet(plain: Path, target: Path) -> None:
    rows = f"select * from read_csv('{plain}', all_varchar = true)"
    duckdb.execute(f"copy ({rows}) to '{target}' (format parquet, compression zstd)")


def _of_plain(path: Path) -> Decimal | None:
    return sum_of_csv(path.read_bytes())


def _of_gz(path: Path) -> Decimal | None:
    return sum_of_csv(gzip.decompress(path.read_bytes()))


def _of_zip(path: Path) -> Decimal | None:
    with zipfile.ZipFile(path) as archive:
        return sum_of_csv(archive.read(archive.namelist()[0]))


def _of_parquet(path: Path) -> Decimal | None:
    try:
        (found,) = duckdb.execute(
            f"select sum(cast(\"lineItem/UnblendedCost\" as decimal(38, 10))) from read_parquet('{path}')"
        ).fetchone() or (None,)
    except duckdb.Error:
        return None
    return None if found is None else Decimal(found).quantize(_TEN)


# How a file of each kind is made of a plain CSV, and what another reader says that it sums to.
_KINDS: dict[str, tuple[Callable[[Path, Path], object], Callable[[Path], Decimal | None]]] = {
    "csv": (shutil.copyfile, _of_plain),
    "csv.gz": (as_gz, _of_gz),
    "zip": (_zip, _of_zip),
    "parquet": (_parquet, _of_parquet),
}
