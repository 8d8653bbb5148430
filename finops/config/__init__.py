"""The settings: finops.toml and the environment variables of finops. Nothing else reads either.

`FINOPS_CONFIG` names the settings file, `FINOPS_DB` the database, `FINOPS_TODAY` the day taken for today,
`FINOPS_MEMORY` the memory DuckDB keeps to.
"""

import os
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from finops.config.settings import (
    Allocation,
    Budget,
    CheckPolicy,
    Environment,
    Label,
    Owners,
    Planned,
    Residency,
    Settings,
    Suppression,
    TagPolicy,
    TagScope,
    ValueRule,
)
from finops.errors import ConfigError

__all__ = [
    "Allocation", "Budget", "CheckPolicy", "Environment", "Label", "Owners", "Planned", "Residency", "Settings",
    "Suppression", "TagPolicy", "TagScope", "ValueRule", "config_path", "db_path", "load_settings", "memory_limit",
    "now", "parse_settings", "today",
]  # fmt: skip

CONFIG_FILE = "finops.toml"
DB_FILE = "finops.duckdb"


def load_settings(path: Path | None = None, asked: bool = True) -> Settings:
    """The settings in a file; without `path` FINOPS_CONFIG, else finops.toml of the working directory.

    A file that nobody asked for by name may be absent: then the defaults hold. Raises ConfigError with file
    and line when the file is absent though asked for, unreadable, or says something that is not a setting.
    """
    if path is None:
        named = os.environ.get("FINOPS_CONFIG")
        path, asked = config_path(None), bool(named)
    if not asked and not path.exists():
        return Settings()
    return parse_settings(_read(path), path)


def parse_settings(text: str, path: Path | None = None) -> Settings:
    """The settings in the text of a finops.toml; `path` is what errors call it. Raises ConfigError."""
    from finops.config.build import build
    from finops.config.lines import key_lines, nearest_line
    from finops.config.schema import Mismatch, check

    name = str(path or CONFIG_FILE)
    document = _parse(text, name)
    try:
        check(document)
        return build(document, path, lambda key: nearest_line(key_lines(text), key))
    except Mismatch as error:
        line = nearest_line(key_lines(text), error.path)
        raise ConfigError(error.what, where=f"{name}:{line}", fix=error.fix) from error


def config_path(asked: Path | None) -> Path:
    """Where the settings are: as asked, else FINOPS_CONFIG, else finops.toml in the working directory."""
    return asked or Path(os.environ.get("FINOPS_CONFIG") or CONFIG_FILE)


def db_path(asked: Path | None) -> Path:
    """Where the database is: as asked, else FINOPS_DB, else finops.duckdb in the working directory."""
    return asked or Path(os.environ.get("FINOPS_DB") or DB_FILE)


def memory_limit() -> str:
    """What DuckDB may take for its buffers, in DuckDB's words; what it takes beside them stays well below 500 MB."""
    return os.environ.get("FINOPS_MEMORY") or "1200MB"


def today() -> date:
    """The day it is in UTC, or the one FINOPS_TODAY names. Raises ConfigError when that is not a day."""
    named = os.environ.get("FINOPS_TODAY")
    if not named:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(named)
    except ValueError as error:
        raise ConfigError(f'"{named}" is not a day', where="FINOPS_TODAY", fix="write it as 2026-11-01") from error


def now() -> datetime:
    """The moment it is, UTC; the start of the day where FINOPS_TODAY names one. Raises ConfigError like `today`."""
    if not os.environ.get("FINOPS_TODAY"):
        return datetime.now(UTC)
    return datetime.combine(today(), time(), UTC)


def _parse(text: str, name: str) -> dict[str, Any]:
    import tomllib
    from decimal import Decimal

    try:
        return tomllib.loads(text, parse_float=Decimal)
    except RecursionError as error:
        raise ConfigError("not valid TOML: nested too deeply", where=name) from error
    except ValueError as error:
        raise _syntax_error(str(error), name, text) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        fix = "finops init writes one"
        raise ConfigError("the settings file does not exist", where=str(path), fix=fix) from error
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ConfigError(f"the settings file cannot be read: {reason}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise ConfigError("the settings file is not UTF-8 text", where=str(path), fix="save it as UTF-8") from error


def _syntax_error(message: str, name: str, text: str) -> ConfigError:
    """The words of tomllib, with the place taken out of them."""
    import re

    what, _, place = message.partition(" (at ")
    named = re.search(r"line (\d+)", place)
    line = named[1] if named else str(len(text.splitlines()) or 1)
    return ConfigError(f"not valid TOML: {what[:1].lower()}{what[1:]}", where=f"{name}:{line}")
