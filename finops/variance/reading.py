"""Documents read with the words of the settings, as what `finops estimates read` prints and saves."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from finops.catalog import Problem
from finops.config.settings import Environment, Settings
from finops.document import Basis, Column, Document, Rows
from finops.errors import DataError, EngineError, UsageError
from finops.estimates.environments import Words, words_of
from finops.estimates.file import SUFFIX, file_text, read_file
from finops.estimates.lines import Line, Reading
from finops.estimates.read import read_document

COLUMNS = (
    Column("environment"),
    Column("section"),
    Column("label"),
    Column("low", "money"),
    Column("high", "money"),
    Column("unit"),
    Column("currency"),
    Column("kind"),
    Column("check"),
    Column("source_file"),
    Column("source_line"),
)


def words_for(settings: Settings) -> Words:
    """The words documents may use for the environments of the settings."""
    return words_of({one.name: (*one.aliases, *_tag_values(one, settings)) for one in settings.environments})


def read_estimates(docs: Sequence[Path], settings: Settings) -> list[Reading]:
    """Every document and estimates file named. Raises DataError for one that cannot be read."""
    words = words_for(settings)
    return [read_one(path, words) for path in dict.fromkeys(docs)]


def read_one(path: Path, words: Words) -> Reading:
    """A document, or an estimates file that was saved from one."""
    if path.suffix.lower() == SUFFIX:
        return Reading(str(path), tuple(read_file(path)), ())
    return read_document(path, words)


def as_document(readings: Sequence[Reading]) -> Document:
    """The figures as rows, in the order of the documents; what was not understood as problems."""
    lines = [line for reading in readings for line in reading.lines]
    return Document(
        command="estimates read",
        basis=Basis(),
        rows=Rows.of(COLUMNS, [_row(line) for line in lines]),
        problems=[*problems_of(readings), *_nothing(readings)],
    )


def problems_of(readings: Sequence[Reading]) -> Iterator[Problem]:
    """What there is to say of the readings, each with file and line."""
    for reading in readings:
        for note in reading.notes:
            yield Problem(note.code, note.message, f"{reading.source_file}:{note.line}")


def save_estimates(readings: Sequence[Reading], path: Path, replace: bool) -> str:
    """Write the estimates file and return what to say of it. Raises UsageError for one that is there already."""
    if path.suffix.lower() != SUFFIX:
        raise UsageError(f"an estimates file ends in {SUFFIX}", f"--save {path}", f"--save {path.with_suffix(SUFFIX)}")
    if path.exists() and not replace:
        raise UsageError("the estimates file is there already and may have been edited", str(path), "--replace")
    text = file_text([line for reading in readings for line in reading.lines], path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_text(text, encoding="utf-8", newline="")
        draft.replace(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EngineError(f"cannot write the estimates: {reason}", str(path), "name another folder") from error
    return f"wrote {path}: review it, then name it in [environments.NAME] estimates"


def _row(line: Line) -> tuple[object, ...]:
    return (
        line.environment, line.section, line.label, line.low, line.high, line.unit, line.currency, line.kind,
        line.check, line.source_file, line.source_line,
    )  # fmt: skip


def _nothing(readings: Sequence[Reading]) -> Iterator[Problem]:
    for reading in readings:
        if not reading.lines:
            yield Problem("no_figures", "no figure of cost was found in the document", reading.source_file)


def _tag_values(environment: Environment, settings: Settings) -> Iterator[str]:
    """The tag values an environment matches are words for it, and so are the aliases of those values."""
    for tag, values in environment.tags.items():
        rule = settings.tags.values.get(tag)
        for value in values:
            yield value
            yield from rule.aliases.get(value, ()) if rule else ()


def named(paths: Sequence[Path]) -> Sequence[Path]:
    """The documents of a command line. Raises UsageError for one that is not there."""
    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:
        raise UsageError("there is no such document", str(missing), "name a Markdown document or an estimates file")
    return paths


def existing(path: Path) -> Path:
    """A document that the settings name. Raises DataError, naming the settings, when it is not there."""
    if not path.exists():
        raise DataError(
            "a document the settings name does not exist", str(path), "correct [environments.NAME] estimates"
        )
    return path
