"""finops ingest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import ConfigFile, Db

if TYPE_CHECKING:
    from finops.ingest.discover import Survey
    from finops.ledger.journal import Change
    from finops.ledger.load import Failed, Loaded

Paths = Annotated[list[Path], typer.Argument(metavar="PATH", help="Folders or files of billing exports.")]


def run(paths: Paths, db: Db = None, config: ConfigFile = None) -> None:
    """Load billing exports from folders or files into the ledger."""
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
        for result in load(db_path(db), found.found, progress.step, settings.ledger.keep_deliveries):
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
    one = result.delivery
    what = f"{one.export} {one.period}: {one.format}, {one.rows:,} rows, {one.unblended:,.2f} {one.currency} unblended"
    if not result.bytes_read:
        return f"unchanged {what}; 0 bytes read"
    return f"loaded {what}, {one.bytes:,} bytes{_replaced(result)}"


def _replaced(result: Loaded) -> str:
    if result.replaced is None:
        return ""
    replaces = f"; replaces delivery {result.replaced}"
    if result.changes is None:
        return f"{replaces}, whose files are gone: what changed cannot be told"
    return f"{replaces}: {', '.join(_change(one) for one in result.changes if one.service) or 'no cost changed'}"


def _change(one: Change) -> str:
    """What changed in one currency: the sum, where most of it is, and what no longer is as it was reported."""
    from finops.output.values import signed_money

    place = f"{one.service} in {one.account}"
    # Where changes cancel out, the largest is no part of their sum.
    is_part = one.difference and 1 < 2 * one.most / one.difference < 3
    most = f"most of it {place}" if is_part else f"largest {place} ({signed_money(one.most)})"
    restated = f"; {signed_money(one.restated)} of it on days that were complete" if one.restated else ""
    return f"{signed_money(one.difference)} {one.currency}, {most}{restated}"


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
