"""finops: a bill you can trust, on a laptop, in one minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from finops.notebook import Notebook

__version__ = "0.1.0"
__all__ = ["__version__", "connect"]


def connect(db: Path | str | None = None, config: Path | str | None = None) -> Notebook:
    """The ledger for a notebook: what it answers are pandas frames. See `finops.notebook.Notebook`.

    Without `db` and `config` they are where the command line looks: FINOPS_DB or finops.duckdb, FINOPS_CONFIG or
    finops.toml of the working directory. Raises DataError without a database, ConfigError for settings that are none,
    UsageError without pandas.
    """
    from finops.notebook import connect

    return connect(db, config)
