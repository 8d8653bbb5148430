"""Loading what may be replaced at any moment: what was, while it was read, is looked for once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from finops.aws import Replaced
from finops.ingest.discover import Found
from finops.ledger.load import BY_DUCKDB, Failed, Loaded, Way, load
from finops.ledger.parts import Step


def load_newest(
    database: Path,
    found: Sequence[Found],
    step: Step,
    look_again: Callable[[], Sequence[Found]],
    keep: int = 1,
    way: Way = BY_DUCKDB,
) -> Iterator[Loaded | Failed]:
    """Load deliveries as `load` does; `look_again` finds what took the place of those that were replaced meanwhile.

    A delivery that is replaced a second time fails.
    """
    replaced: dict[tuple[str, str | None], Failed] = {}
    for result in load(database, found, step, way.parts, keep, way.files):
        if isinstance(result, Failed) and isinstance(result.error, Replaced):
            replaced[result.found.identity, result.found.period] = result
        else:
            yield result
    if not replaced:
        return
    newer = {(one.identity, one.period): one for one in look_again()}
    yield from (failed for key, failed in replaced.items() if key not in newer)
    again = [newer[key] for key in replaced if key in newer]
    yield from load(database, again, step, way.parts, keep, way.files)
