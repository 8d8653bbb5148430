"""Which checks may fail: as asked, else as the settings say, else the ones that need no setting."""

from __future__ import annotations

from collections.abc import Sequence

from finops.check.run import DEFAULT_GATES, GATES
from finops.config.schema import nearest
from finops.config.settings import CheckPolicy
from finops.errors import UsageError


def parse_gates(texts: Sequence[str], policy: CheckPolicy) -> tuple[str, ...]:
    """The gates of `--fail-on`, each option one or several with commas. Raises UsageError for an unknown one."""
    named = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    unknown = next((word for word in named if word not in GATES), None)
    if unknown is not None:
        raise UsageError(f"there is no gate {unknown}", where="--fail-on", fix=nearest(unknown, tuple(GATES)))
    return tuple(dict.fromkeys(named)) or policy.fail_on or DEFAULT_GATES
