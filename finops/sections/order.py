"""Which sections a report has, and in which order, by who reads it."""

from __future__ import annotations

from collections.abc import Mapping

from finops.report.model import Audience, Section

_EVERYTHING = (
    "overview", "spend", "changes", "promises", "anomalies", "tags", "advice", "commitments", "units", "windows",
    "trust",
)  # fmt: skip
_FOR: Mapping[Audience | None, tuple[str, ...]] = {
    None: _EVERYTHING,
    "finance": ("overview", "promises", "changes", "spend", "units", "commitments", "windows", "trust"),
    "engineering": ("overview", "anomalies", "advice", "changes", "tags", "spend", "commitments", "trust"),
    "leadership": ("overview", "changes", "promises", "units", "advice", "trust"),
}


def arranged(made: Mapping[str, Section], audience: Audience | None) -> tuple[Section, ...]:
    """The sections of an audience, in its order; all of them without one."""
    return tuple(made[key] for key in _FOR[audience] if key in made)
