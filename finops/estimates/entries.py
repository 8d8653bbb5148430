"""Figures outside tables: list items, YAML entries, prose, and what stands in HTML or code and is not read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from finops.estimates.amounts import Figure, Unread, currency_in, find_figures
from finops.estimates.blocks import Line as Text
from finops.estimates.cells import read_cell
from finops.estimates.environments import Words, environments_in, is_environment, nearest_environments
from finops.estimates.kinds import Kind, is_cost_only, is_no_cost, is_target, kind_of, speaks_of_cost
from finops.estimates.lines import Line, Note, line_of
from finops.estimates.tables import Scope, scope_of
from finops.estimates.units import hours_a_week, unit_in

_LABELLED = re.compile(r"^(?P<label>[^:=\u2192]{1,80}?)\s*(?::|=|\u2192|->|\s[-\u2013\u2014])\s+(?P<value>\S.*)$")
_EXPLAINED = re.compile(r"^(?P<figure>.*?)(?P<rest>(?:\s*[,;\u2013\u2014(-]\s*|\s+(?:for|with|on|in)\s).*)?$")
_PARENTHESES = re.compile(r"\([^()]*\)")
_HAS_FIGURE = re.compile(r"[$€£¥₹฿₩%]|\b(?:USD|EUR|GBP|CAD|AUD|dollars?|euros?)\b|\bfree\b", re.IGNORECASE)
_LONGEST_LABEL = 100


def read_entry(text: Text, name: str, words: Words) -> Iterator[Line | Note]:
    """The figures in one line that is no row of a table, and what could not be read."""
    if text.kind in ("html", "code"):
        yield from _not_read(text)
        return
    if text.kind == "yaml":
        yield from _yaml(text, scope_of(name, text.headings, words), words)
        return
    labelled = _LABELLED.match(text.text)
    if labelled and (_HAS_FIGURE.search(text.text) or is_target(labelled["label"])):
        yield from _labelled(
            text, labelled["label"].strip(), labelled["value"], scope_of(name, text.headings, words), words
        )
    elif _HAS_FIGURE.search(text.text):
        yield from _prose(text, scope_of(name, text.headings, words), words)


def _yaml(text: Text, scope: Scope, words: Words) -> Iterator[Line | Note]:
    scope = replace(scope, environments=nearest_environments(reversed(text.path), words) or scope.environments)
    key = text.key.replace("_", " ")
    if not text.key:
        yield from _prose(text, scope, words)
    elif speaks_of_cost(key) or is_target(key) or _HAS_FIGURE.search(text.text):
        above = text.path[-1] if text.path else ""
        named = above and is_cost_only(key) and not is_environment(above, words)
        yield from _labelled(text, above if named else text.key, text.text, scope, words, said=key)
    elif any(speaks_of_cost(one) for one in text.path) and re.fullmatch(r"[\d.,]+", text.text):
        yield Note("not_understood", f'"{text.key}: {text.text}" is a number without a currency', text.number)


def _labelled(
    text: Text, label: str, value: str, scope: Scope, words: Words, said: str | None = None
) -> Iterator[Line | Note]:
    """`label: figure`; `said` is what names the figure where the label is that of a thing above it."""
    spoken = said or label
    figure, configuration = _value(value, bare=said is not None and speaks_of_cost(spoken))
    if label.count("(") != label.count(")"):
        yield from _prose(text, scope, words)
    elif isinstance(figure, Figure) and figure.share is None and not figure.thing:
        kind = _kind(spoken if label == text.key else label, scope, words)
        kind = "other" if is_no_cost(configuration) or is_no_cost(label) else kind
        yield _line(text, scope, label, figure, kind, words, configuration, spoken)
    elif isinstance(figure, Figure) and figure.share is not None:
        yield from _share(text, scope, label, figure, words)
    elif is_target(spoken) and isinstance(figure, Unread) and not any(_money(value)):
        none = Figure(value, 0, 0, None, None)
        yield _line(text, scope, f"{label}: {value}", none, "other", words, "", spoken)
        yield Note("no_target", f'"{label}: {value}" states no figure, so it is no target', text.number)
    elif said is not None and speaks_of_cost(spoken) and isinstance(figure, Unread):
        yield Note("not_understood", f'"{label}: {value}": {figure.why}', text.number)
    else:
        yield from _prose(text, scope, words)


def _value(value: str, bare: bool) -> tuple[Figure | Unread | None, str]:
    """The figure a value begins with, and the words that explain it."""
    whole = read_cell(value, bare)
    if isinstance(whole, Figure):
        rest = value[: whole.start] + value[whole.end :] if whole.low is not None or whole.share else ""
        return whole, rest.strip(" ()[],;.-\u2013\u2014")
    found = [one for one in find_figures(value, bare) if one.start == 0]
    if len(found) == 1 and isinstance(found[0], Figure) and not any(_money(value[found[0].end :])):
        rest = value[found[0].end :]
        if re.match(r"\s*(?:[,;(\u2013\u2014]|-\s|for\b|with\b|on\b|in\b)", rest):
            return found[0], rest.strip(" ()[],;.-\u2013\u2014")
    return (None if isinstance(whole, list) else whole), ""


def _money(text: str) -> Iterator[Figure | Unread]:
    return (one for one in find_figures(text) if isinstance(one, Unread) or one.share is None)


def _kind(label: str, scope: Scope, words: Words) -> Kind:
    if is_environment(label, words) or (is_cost_only(label) and scope.environments):
        return "total"
    return kind_of(label, words)


def _share(text: Text, scope: Scope, label: str, figure: Figure, words: Words) -> Iterator[Line | Note]:
    """`30% of production` follows another environment; a share of anything else is no cost that can be held."""
    of = environments_in(figure.of, words)
    if not of:
        if speaks_of_cost(label):
            message = f'"{label}: {figure.text}": {figure.of} is no environment'
            yield Note("not_understood", message, text.number)
        return
    line = _line(text, scope, f"{label}: {figure.text}", figure, "other", words, "", label)
    yield replace(line, of=of[0], unit="month")
    yield Note("share", f"{label} is {figure.share}% of {of[0]}; it has no figure of its own", text.number)


def _prose(text: Text, scope: Scope, words: Words) -> Iterator[Line | Note]:
    """Figures in a sentence: kept with the sentence as their label, and never counted."""
    label = text.text if len(text.text) <= _LONGEST_LABEL else text.text[: _LONGEST_LABEL - 3] + "..."
    for found in find_figures(text.text):
        if isinstance(found, Unread):
            yield Note("not_understood", f'"{found.text}": {found.why}', text.number)
        elif found.share is not None:
            yield from _share(text, scope, label.partition(":")[0], found, words)
        else:
            yield _line(text, scope, label, found, "other", words, "", "")


def _line(
    text: Text, scope: Scope, label: str, figure: Figure, kind: Kind, words: Words, configuration: str, said: str
) -> Line:
    around = scope.environments
    named = environments_in(label, words) if is_environment(label, words) or kind == "total" else ()
    environments = named if named and not set(named) <= set(around) else around
    line = line_of(figure, (scope.name, text.number), scope.section, label, environments, kind)
    unit = figure.unit or unit_in(said) or unit_in(configuration) or (scope.unit if kind != "other" else None)
    return replace(
        line,
        unit=unit,
        currency=figure.currency or currency_in(said),
        configuration=configuration,
        hours_a_week=hours_a_week(f"{label} {configuration}"),
        group=(text.block, 0),
    )


def _not_read(text: Text) -> Iterator[Note]:
    if not any(isinstance(one, Figure) and _looks_like_cost(text, one) for one in _money(text.text)):
        return
    where = "HTML" if text.kind == "html" else f"a block of {text.language or 'plain text'}"
    yield Note(
        "not_understood", f"figures in {where} are not read; write them as a Markdown table or list", text.number
    )


def _looks_like_cost(text: Text, figure: Figure) -> bool:
    """In code `$1` is a parameter; anywhere else it is money."""
    return not text.language or text.language in ("text", "txt") or figure.unit is not None
