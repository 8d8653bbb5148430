"""finops ingest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.cost_explorer import DAYS, MAX_REQUESTS, SOURCE, Wanted, ingest_cost_explorer
from finops.cli.options import ConfigFile, Db
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.ingest.discover import Survey
    from finops.ledger.load import Failed, Loaded

Paths = Annotated[
    list[str], typer.Argument(metavar="PATH", help="Folders or files of billing exports, or ce for Cost Explorer.")
]
Days = Annotated[
    int | None, typer.Option("--days", min=1, help=f"ce: how far back, to whole billing months. [default: {DAYS}]")
]
MaxRequests = Annotated[
    int | None,
    typer.Option("--max-requests", min=0, help=f"ce: stop before one paid request more. [default: {MAX_REQUESTS}]"),
]
Refresh = Annotated[bool, typer.Option("--refresh", help="ce: ask again for what is on disk.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be asked and what it costs; load nothing.")]
Profile = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="The AWS profile to use.")]


def run(
    paths: Paths,
    days: Days = None,
    max_requests: MaxRequests = None,
    refresh: Refresh = False,
    dry_run: DryRun = False,
    profile: Profile = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Load billing exports from folders or files into the ledger."""
    options = {"--days": days, "--max-requests": max_requests, "--refresh": refresh, "--dry-run": dry_run}
    if paths == [SOURCE]:
        most = MAX_REQUESTS if max_requests is None else max_requests
        ingest_cost_explorer(Wanted(days or DAYS, most, refresh, dry_run, profile), db, config)
        return
    given = next((name for name, value in {**options, "--profile": profile}.items() if value), None)
    if given:
        raise UsageError(f"{given} belongs to Cost Explorer", fix=f"finops ingest {SOURCE} {given}")
    _ingest_folders([Path(path) for path in paths], db, config)


def _ingest_folders(paths: list[Path], db: Path | None, config: Path | None) -> None:
    from finops.cli.progress import Progress, say
    from finops.config import db_path, load_settings
    from finops.ingest.discover import survey
    from finops.ledger.load import Failed, load

    settings = load_settings(config)
    found = survey(paths)
    _announce(found)
    failed: list[Failed] = []
    total = sum(path.stat().st_size for one in found.found for path in one.files)
    with Progress(total) as progress:
        for result in load(db_path(db), found.found, progress.step, keep=settings.ledger.keep_deliveries):
            if isinstance(result, Failed):
                failed.append(result)
                progress.skip(sum(path.stat().st_size for path in result.found.files))
            else:
                say(_loaded(result))
                for problem in result.problems:
                    say(f"  note: {problem.message}")
    _fail(failed, len(found.found))


def _announce(found: Survey) -> None:
    from finops.cli.progress import say

    for one in found.found:
        where = f"{one.export} {one.period or '(periods by its rows)'}"
        older = f", {one.others} older set aside" if one.others else ""
        vouched = "" if one.vouched else "; nothing vouches for completeness"
        say(f"found {where}: delivery {one.delivery}, {len(one.files)} files ({one.reason}{older}){vouched}")
    if found.ignored:
        example = found.ignored[0]
        say(f"left alone: {len(found.ignored)} files {example[1]}, for example {example[0]}")


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
