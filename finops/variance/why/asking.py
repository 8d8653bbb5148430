"""From the words of the verb to the spans that are asked for."""

from __future__ import annotations

from datetime import date

from finops.dimensions import Dimension, parse_by
from finops.errors import UsageError
from finops.variance.why.spans import Asked

ESTIMATES = "estimates"


def checked(
    why: bool,
    form: str,
    by: str | None,
    period: str | None,
    last: str | None,
    start: str | None,
    end: str | None,
    against: str | None,
) -> Asked:
    """The words as one question. Raises UsageError for those that need --why, or that it cannot answer."""
    if not why:
        given = {"--by": by, "--last": last, "--from": start, "--to": end, "--against": against}
        alone = next((option for option, text in given.items() if text is not None), None)
        if alone:
            raise UsageError(f"{alone} needs --why: estimates are held against a month", alone, "--period 2026-10")
    if against == ESTIMATES and (by or last or start or end):
        raise UsageError("estimates are for a month and by environment", "--against estimates", "--period 2026-10")
    if why and form == "github":
        raise UsageError("a change stands on no line of a document", "--format github", "--format md")
    return Asked(period, last, _day(start, "--from"), _day(end, "--to"), against)


def split_of(by: str | None, env: str | None) -> Dimension:
    """What costs are told apart by: environments, or the values of one tag or cost category.

    Raises UsageError for anything else, and for an environment asked of the values of a tag.
    """
    found = parse_by(by or "environment")
    if len(found) != 1 or not found[0].by_tag_set:
        raise UsageError("a change is told apart by one tag or by environment", f"--by {by}", "--by tag:Owner")
    if env and found[0].word != "environment":
        raise UsageError("--env names an environment, --by a tag", f"--by {by}", "leave one of them out")
    return found[0]


def _day(text: str | None, option: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text} is not a day", option, f"{option} 2026-10-01") from error
