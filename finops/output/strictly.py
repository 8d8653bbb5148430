"""Whether what is printed can be trusted as it is: inside `strictly` a note about the data is an error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from finops.catalog import Problem
from finops.errors import DataError

# Notes that say how a figure is counted; all others are a reason not to rely on it.
_ONLY_EXPLAINS = frozenset(
    {
        "after_instance_plans", "before_discounts", "commitment_policy", "complete_through", "invalid_tag_value",
        "judged", "merged_keys", "no_commitment_policy", "not_asked", "other_spellings", "share", "spot_assumptions",
        "suppression_ended", "virtual_tag",
    }
)  # fmt: skip
_noted: ContextVar[list[Problem] | None] = ContextVar("noted", default=None)


def note(problems: Sequence[Problem]) -> None:
    """Remember what speaks against the data, where somebody asked for it."""
    if (held := _noted.get()) is not None:
        held.extend(one for one in problems if one.code not in _ONLY_EXPLAINS)


@contextmanager
def strictly() -> Iterator[None]:
    """Raises DataError at the end when anything was noted; what was printed stays."""
    held: list[Problem] = []
    token = _noted.set(held)
    try:
        yield
    finally:
        _noted.reset(token)
    if held:
        count = f"{len(held)} thing{'' if len(held) == 1 else 's'} to note about the data"
        fix = "ask for data without them (--period, --export), or run without --strict"
        raise DataError(f"{count}, and --strict allows none", where=held[0].message, fix=fix)
