"""The ledger in a notebook: the answers of the command line as pandas frames, read-only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.availability import with_notes
from finops.catalog import deliveries
from finops.config import db_path, load_settings
from finops.config.settings import Settings
from finops.dimensions import by_text, parse_by, where_text
from finops.errors import UsageError
from finops.notebook.frames import frame, require_pandas
from finops.reader import COST_COLUMNS, Ask, Ledger, open_ledger

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Notebook", "connect"]

By = str | Sequence[str]
Where = Mapping[str, str | Sequence[str]]
Day = date | str


def connect(db: Path | str | None = None, config: Path | str | None = None) -> Notebook:
    """The ledger in `db` with the settings in `config`. Raises as `finops.connect` says."""
    require_pandas()
    path = db_path(Path(db) if db else None)
    deliveries(path)
    return Notebook(path, load_settings(Path(config) if config else None))


class Notebook:
    """A ledger to ask. Each question reads what is current at that moment, and nothing is ever written.

    All questions but `advice` take the same: one of `period` ("2026-10", a billing period), `last` ("4w", "30d", "3m":
    whole weeks, days or months of the data) or `start` and `end` (days of charge start, `end` excluded); `metric`;
    `where`, from dimensions to a value or several ({"service": ["AmazonEC2", "AmazonS3"], "tag:Owner": "web"});
    `export`; and `as_of`, a delivery.

    In a frame money and percent are `decimal.Decimal` in columns of dtype object, exact; text is `string`, a whole
    number `Int64`, a day `datetime64[s]`, a moment `datetime64[us, UTC]`. `frame.attrs` says what the figures are:
    `metric`, `currency`, `start`, `end`, `final` (None where nobody can tell), `as_of`, and `problems`, which everybody
    who shows the figures should read.

    Every question raises DataError or UsageError as the command does.
    """

    def __init__(self, db: Path, settings: Settings) -> None:
        self.db = db
        self.settings = settings
        self._open = True

    def __enter__(self) -> Notebook:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<finops notebook on {self.db}{'' if self._open else ', closed'}>"

    def close(self) -> None:
        """Answer no more questions. Frames that were returned stay."""
        self._open = False

    def spend(self, by: By = (), *, metric: str = "unblended", **question: Any) -> pd.DataFrame:
        """Cost by dimensions, dearest first (days and months in order): their columns, and `cost` in `currency`.

        `by` is one dimension, several in a list, or as `finops spend --by` takes them. Without any it is one row.
        """
        from finops.spend import spend

        by = by if isinstance(by, str) else by_text(by)
        with self._ledger(metric, by=by, **question) as ledger:
            return frame(spend(ledger, parse_by(by)))

    def tag_gaps(self, *, metric: str = "amortized", infer: bool = False, **question: Any) -> pd.DataFrame:
        """Required tags that are missing or wrong, one row per tag, cause and resource, dearest first.

        The columns are those of `finops tag-gaps --format csv`. `infer` suggests missing values, as `--infer` does.
        """
        from finops.tag_gaps import require_resources, tag_gaps

        with self._ledger(metric, **question) as ledger:
            if infer:
                require_resources(ledger, "infer=True")
            return frame(tag_gaps(ledger, infer))

    def coverage(self, *, metric: str = "amortized", **question: Any) -> pd.DataFrame:
        """What each required tag covers: cost by tag, and `coverage` in percent, None where nothing can carry a tag."""
        from finops.tag_gaps import tag_gaps

        with self._ledger(metric, **question) as ledger:
            document = tag_gaps(ledger)
            return frame(document, document.totals["by_tag"])

    def findings(self, *, metric: str = "amortized", **question: Any) -> pd.DataFrame:
        """Everything found that somebody should act on, dearest first: gaps of tags, data residency, anomalies.

        `rule` says which kind a row is, `id` is what `finops explain` takes for gaps and residency. A resource without
        two tags is two findings: costs of findings are not to be added up across tags and rules.
        """
        from finops.notebook.findings import findings

        ask = self._ask(metric, **question)
        return frame(findings(self.db, self.settings, ask))

    def advice(self, *, export: str | None = None) -> pd.DataFrame:
        """Everything that could be changed to pay less, in the order it is taken, as `finops recommend` tells it.

        Money is a month of 730 hours; `saving_in_sequence` adds up, `saving` is what each piece saves by itself.
        """
        from finops.recommend.everything import everything, in_one
        from finops.usage import open_usage, price_book

        self._require_open()
        with open_usage(self.db, export) as usage:
            found = everything(usage, self.settings, price_book(usage), None)
            return frame(in_one(usage, found, {}))

    @contextmanager
    def _ledger(self, metric: str, **question: Any) -> Iterator[Ledger]:
        with open_ledger(self.db, self.settings, self._ask(metric, **question)) as ledger:
            yield with_notes(ledger)

    def _ask(
        self,
        metric: str,
        *,
        by: str | None = None,
        period: str | None = None,
        last: str | None = None,
        start: Day | None = None,
        end: Day | None = None,
        where: Where | None = None,
        export: str | None = None,
        as_of: str | None = None,
    ) -> Ask:
        self._require_open()
        if metric not in COST_COLUMNS:
            raise UsageError(f"there is no metric {metric}", "metric", f"one of {', '.join(COST_COLUMNS)}")
        filters = tuple(where_text(word, [v] if isinstance(v, str) else v) for word, v in (where or {}).items())
        return Ask(period, last, _day(start, "start"), _day(end, "end"), metric, filters, export, by, as_of)

    def _require_open(self) -> None:
        if not self._open:
            raise UsageError("this notebook is closed", str(self.db), "finops.connect(db)")


def _day(value: Day | None, name: str) -> date | None:
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise UsageError(f"{value} is not a day", where=name, fix=f'{name}="2026-10-01"') from error
