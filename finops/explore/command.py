"""The command line that gives the same figures as the page."""

from __future__ import annotations

import shlex
from pathlib import Path

from finops.dimensions import by_text
from finops.explore.question import Question
from finops.report.windows import Window


def commands(question: Question, db: Path | None, config: Path | None) -> str:
    """`finops spend` for the days asked for, and again for those they are held against, each on a line of its own.

    `db` and `config` are named where the page was started with them.
    """
    return "\n".join(shlex.join(_words(question, span, db, config)) for span in question.spans)


def lines_command(question: Question, db: Path | None, config: Path | None) -> str:
    """What the command line has nearest to line items: by day and kind of usage."""
    return shlex.join(_words(question, question.span, db, config, by="day,line_item_type,usage_type"))


def _words(question: Question, span: Window, db: Path | None, config: Path | None, by: str | None = None) -> list[str]:
    words = ["finops", "spend", "--by", by or by_text([one.word for one in question.by])]
    words += ["--from", str(span.start), "--to", str(span.end), "--metric", question.metric]
    for text in question.where:
        words += ["--where", text]
    for option, value in (("--export", question.export), ("--db", db), ("--config", config)):
        words += [option, str(value)] if value else []
    return words
