"""A source as slow as can be: S3 on loopback that stops in the middle of a file, with people reading meanwhile.

Each answer is held at a random byte until everybody has looked, then the connection breaks.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread

from tests.drills.tally import Drill, Tally, look, run, total
from tests.s3_bucket import CREDENTIALS, Bucket, Report, deliver, new_bucket, s3_server
from tests.s3_proxy import Answer, Change

_FILES = r"^GET .*acme-\d+\.csv\.gz"
_LINES = 2_000


def slow_source(drill: Drill) -> Tally:
    """Ingest from S3 that stops and breaks; readers and a second ingest come while it waits."""
    tally = Tally("slow source")
    silent = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    with s3_server() as server, new_bucket(server) as bucket:
        before = dict(os.environ)
        os.environ.update({**CREDENTIALS, **silent, "AWS_ENDPOINT_URL": bucket.proxy.url, "AWS_REGION": "us-east-1"})
        try:
            for number in range(1, drill.runs + 1):
                _one(drill, tally, bucket, number)
        finally:
            os.environ.clear()
            os.environ.update(before)
    return tally


def _one(drill: Drill, tally: Tally, bucket: Bucket, number: int) -> None:
    database = drill.folder / "x.duckdb"
    deliver(bucket, f"delivery-{number}", [str(number), "2"], lines=_LINES)
    before, held, go = total(database), Event(), Event()
    size = len(Report().data(str(number), _LINES))
    bucket.proxy.plan(_FILES, _hold(drill.chance.randrange(size), held, go))
    argv = ("ingest", f"s3://{bucket.name}/exports", "--db", str(database))
    codes: list[int] = []
    thread = Thread(target=lambda: codes.append(_ingest(argv)))
    thread.start()
    held.wait()
    _look_around(tally, database, argv, before, number)
    go.set()
    thread.join()
    tally.inputs += 1
    expected = Decimal(_LINES * (number + 2))
    if codes != [0]:
        tally.lost.append(f"delivery {number}: exit {codes}")
    if (found := total(database)) != expected:
        tally.wrong_sums.append(f"delivery {number}: {found}, not {expected}")


def _ingest(argv: tuple[str, ...]) -> int:
    from finops.cli import main

    return main(list(argv))


def _look_around(tally: Tally, database: Path, argv: tuple[str, ...], before: Decimal | None, number: int) -> None:
    """What others see while the ingest waits: the delivery before, and that somebody is writing."""
    if (found := total(database)) != before:
        tally.wrong_sums.append(f"while delivery {number} comes: {found}, not {before}")
    second = run(*argv)
    look(tally, "a second ingest", second)
    if second.code != 4 or not re.search("another finops ingest is writing", second.err):
        tally.tracebacks.append(f"a second ingest: exit {second.code}: {second.err[-300:]}")


def _hold(after: int, held: Event, go: Event) -> Change:
    """Answer so many bytes, then nothing until everybody has looked, then break."""

    def change(answer: Answer) -> Answer:
        held.set()
        return replace(answer, cut=after, until=go)

    return change
