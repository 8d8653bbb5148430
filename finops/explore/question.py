"""What the page asks, read from the query of an address: names and values only, nothing that could be SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qs

from finops.dimensions import Dimension, Filter, by_text, parse_by, parse_where
from finops.errors import UsageError
from finops.reader import COST_COLUMNS, Ask
from finops.report.windows import Window

# More than a person reads side by side; each also multiplies the rows.
MOST_DIMENSIONS = 3
_MOST_FILTERS = 50
_LONGEST = 4_000
_ORDERS = ("cost", "change", "name")


@dataclass(frozen=True)
class Question:
    """Cost of the days of `span`, by `by`, where `where` holds; held against the days of `against` where there are any.

    `find` leaves of the rows shown those with a value that has this text in it, whatever its case; `order` sorts them.
    """

    span: Window
    by: tuple[Dimension, ...]
    metric: str
    where: tuple[str, ...] = ()
    export: str | None = None
    against: Window | None = None
    find: str = ""
    order: str = "cost"

    @property
    def spans(self) -> tuple[Window, ...]:
        """The days asked for, then those they are held against."""
        return (self.span, *([self.against] if self.against else []))

    @property
    def filters(self) -> list[Filter]:
        """The filters, parsed."""
        return [parse_where(text) for text in self.where]

    def ask(self) -> Ask:
        """The question for the ledger: all days from the first to the last that is needed."""
        return Ask(
            start=min(one.start for one in self.spans),
            end=max(one.end for one in self.spans),
            metric=self.metric,
            where=self.where,
            export=self.export,
            by=by_text([one.word for one in self.by]),
        )


def parse(query: str) -> Question:
    """The question of an address. Raises UsageError for a name that is none, a value that does not fit, or too much."""
    try:
        given = parse_qs(query, keep_blank_values=True, max_num_fields=_MOST_FILTERS + len(_ONCE))
    except ValueError as error:
        raise UsageError("this address asks too much at once", fix=f"at most {_MOST_FILTERS} filters") from error
    unknown = next((name for name in given if name not in (*_ONCE, "where")), None)
    if unknown is not None:
        raise UsageError(f"there is nothing called {unknown} to ask", fix=f"one of {', '.join((*_ONCE, 'where'))}")
    twice = next((name for name in _ONCE if len(given.get(name, ())) > 1), None)
    if twice is not None or any(len(value) > _LONGEST for values in given.values() for value in values):
        raise UsageError("this address asks too much at once", twice)
    asked = {name: given[name][0] for name in _ONCE if given.get(name, [""])[0]}
    where = tuple(text for text in given.get("where", ()) if text)
    for text in where:
        parse_where(text)
    return Question(where=where, **{name: read(asked) for name, read in _READ.items()})  # type: ignore[arg-type]


def _span(asked: Mapping[str, str]) -> Window:
    if "from" not in asked or "to" not in asked:
        raise UsageError("the days are not given", fix="from=2026-10-01&to=2026-11-01")
    return _window(asked["from"], asked["to"])


def _against(asked: Mapping[str, str]) -> Window | None:
    if "against" not in asked:
        return None
    first, dots, end = asked["against"].partition("..")
    if not dots:
        raise UsageError(f"{asked['against']} is no span of days", "against", "against=2026-09-01..2026-10-01")
    return _window(first, end)


def _window(first: str, end: str) -> Window:
    try:
        span = Window(date.fromisoformat(first), date.fromisoformat(end))
    except ValueError as error:
        raise UsageError(f"{first} and {end} are not two days", fix="days as 2026-10-01") from error
    if span.length < 1:
        raise UsageError(f"{first} is not before {end}", fix="the second is the day after the last one")
    return span


def _by(asked: Mapping[str, str]) -> tuple[Dimension, ...]:
    found = tuple(parse_by(asked.get("by", "service")))
    if not 1 <= len(found) <= MOST_DIMENSIONS:
        raise UsageError(f"by takes one to {MOST_DIMENSIONS} dimensions", f"by={asked.get('by', '')}")
    return found


def _one_of(name: str, known: tuple[str, ...]) -> Callable[[Mapping[str, str]], str]:
    def read(asked: Mapping[str, str]) -> str:
        value = asked.get(name, known[0])
        if value not in known:
            raise UsageError(f"there is no {name} {value}", fix=f"one of {', '.join(known)}")
        return value

    return read


_ONCE = ("from", "to", "by", "metric", "export", "against", "find", "order")
_READ: Mapping[str, Callable[[Mapping[str, str]], object]] = {
    "span": _span,
    "by": _by,
    "metric": _one_of("metric", tuple(COST_COLUMNS)),
    "export": lambda asked: asked.get("export"),
    "against": _against,
    "find": lambda asked: asked.get("find", ""),
    "order": _one_of("order", _ORDERS),
}
