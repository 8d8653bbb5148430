"""finops ingest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.cost_explorer import DAYS, MAX_REQUESTS, SOURCE, Wanted, ingest_cost_explorer
from finops.cli.options import ConfigFile, Db
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.cli import sources
    from finops.config import Settings
    from finops.ingest.discover import Survey
    from finops.ledger.load import Failed, Loaded, Way
    from finops.ledger.plan import Task

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE", help="Folders or files of billing exports, s3://BUCKET/FOLDER, or ce for Cost Explorer."
    ),
]
Since = Annotated[str | None, typer.Option("--since", metavar="YYYY-MM", help="Only billing periods from this one on.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be read or asked, in bytes, requests and money; load nothing.")
]
Profile = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="The AWS profile whose credentials are used.")
]
Days = Annotated[
    int | None, typer.Option("--days", min=1, help=f"ce: how far back, to whole billing months. [default: {DAYS}]")
]
MaxRequests = Annotated[
    int | None,
    typer.Option("--max-requests", min=0, help=f"ce: stop before one paid request more. [default: {MAX_REQUESTS}]"),
]
Refresh = Annotated[bool, typer.Option("--refresh", help="ce: ask again for what is on disk.")]


def run(
    sources: Sources,
    since: Since = None,
    dry_run: DryRun = False,
    profile: Profile = None,
    days: Days = None,
    max_requests: MaxRequests = None,
    refresh: Refresh = False,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Load billing exports from folders, files or S3, or daily cost from Cost Explorer, into the ledger."""
    of_cost_explorer = {"--days": days, "--max-requests": max_requests, "--refresh": refresh}
    if sources == [SOURCE]:
        _refuse({"--since": since}, "exports", "finops ingest FOLDER")
        most = MAX_REQUESTS if max_requests is None else max_requests
        ingest_cost_explorer(Wanted(days or DAYS, most, refresh, dry_run, profile), db, config)
    else:
        _refuse(of_cost_explorer, "Cost Explorer", f"finops ingest {SOURCE}")
        _ingest_exports(sources, since, dry_run, profile, db, config)


def _refuse(options: Mapping[str, object], belongs_to: str, fix: str) -> None:
    for name, value in options.items():
        if value not in (None, False):
            raise UsageError(f"{name} belongs to {belongs_to}", fix=f"{fix} {name}")


def _ingest_exports(
    sources: list[str], since: str | None, dry_run: bool, profile: str | None, db: Path | None, config: Path | None
) -> None:
    from finops.cli.dry_run import describe
    from finops.cli.sources import read_sources
    from finops.config import db_path, load_settings
    from finops.ledger.plan import plan, room_for

    settings = load_settings(config)
    wanted = read_sources(sources, since, profile)
    found = wanted.survey()
    _announce(found)
    database = db_path(db)
    if not dry_run:
        _upgrade(database)
    tasks = plan(database, found.found)
    if dry_run:
        print("\n".join(describe(tasks, wanted.requests(), room_for(database, tasks))))
    else:
        _load(database, wanted, tasks, settings)


def _upgrade(database: Path) -> None:
    """What another version loaded is made anew first; what cannot be is read again, where it was found, or said."""
    from finops.cli.db_upgrade import upgraded
    from finops.cli.progress import say
    from finops.ledger.upgrade import outdated

    if database.exists() and outdated(database):
        for one in upgraded(database):
            say(f"  note: {one.error.what}; {one.error.fix}" if one.error else "")


def _load(database: Path, wanted: sources.Sources, tasks: list[Task], settings: Settings) -> None:
    from finops.cli.progress import Progress, say
    from finops.ledger.again import load_newest
    from finops.ledger.load import Failed
    from finops.ledger.plan import require_room

    way = _way(settings)
    if settings.engine == "duckdb":
        require_room(database, tasks)
    keep = settings.ledger.keep_deliveries
    failed: list[Failed] = []
    fetched = 0
    with Progress(sum(task.bytes for task in tasks)) as progress:
        found = [task.found for task in tasks]
        for result in load_newest(database, found, progress.step, lambda: wanted.survey().found, keep, way):
            if isinstance(result, Failed):
                failed.append(result)
                progress.skip(0 if result.found.fetch else sum(result.found.sizes.values()))
            else:
                _tell(result)
                fetched += result.bytes_read if result.found.fetch else 0
    if wanted.requests():
        say(f"S3: {wanted.requests()} requests, {fetched:,} bytes of data files")
    _fail(failed, len(tasks))


def _way(settings: Settings) -> Way:
    """How the engine of the settings builds marts. Raises EngineError when it is not installed."""
    from finops.ledger.load import BY_DUCKDB

    if settings.engine == "duckdb":
        return BY_DUCKDB
    from finops.engines.spark import missing
    from finops.ledger.spark import spark_way

    if error := missing():
        raise error
    return spark_way(settings.spark)


def _tell(result: Loaded) -> None:
    from finops.cli.progress import say

    say(_loaded(result))
    for problem in result.problems:
        say(f"  note: {problem.message}")


def _announce(found: Survey) -> None:
    from finops.cli.progress import say
    from finops.ingest.listing import shown

    for one in found.found:
        where = f"{one.export} {one.period or '(periods by its rows)'}"
        older = f", {one.others} older set aside" if one.others else ""
        vouched = "" if one.vouched else "; nothing vouches for completeness"
        say(f"found {where}: delivery {one.delivery}, {len(one.files)} files ({one.reason}{older}){vouched}")
    if found.ignored:
        example = found.ignored[0]
        say(f"left alone: {len(found.ignored)} files {example[1]}, for example {shown(example[0])}")


def _loaded(result: Loaded) -> str:
    from finops.cli.replaced import replaced

    one = result.delivery
    what = f"{one.export} {one.period}: {one.format}, {one.rows:,} rows, {one.unblended:,.2f} {one.currency} unblended"
    if not result.bytes_read:
        return f"unchanged {what}; 0 bytes read"
    return f"loaded {what}, {one.bytes:,} bytes{replaced(result)}"


def _fail(failed: list[Failed], deliveries: int) -> None:
    """One delivery that fails is its own error; several are listed, and the worst exit code is returned."""
    from finops.cli.progress import say

    if not failed:
        return
    worst = max(failed, key=lambda one: one.error.exit_code)
    if len(failed) > 1:
        for one in failed:
            if one is not worst:
                say("\n".join(one.error.lines()).replace("error: ", f"not loaded {one.found.export}: ", 1))
        say(f"{len(failed)} of {deliveries} deliveries were not loaded; what was loaded of them before is unchanged")
    raise worst.error
