"""Where in finops.toml a setting is written, for whoever asks why."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from finops.config.lines import Path as TomlPath
from finops.config.lines import key_lines
from finops.config.policy import tag_of
from finops.config.settings import Settings

DEFAULT = "default"


def place_of(settings: Settings, *paths: TomlPath) -> str:
    """`finops.toml:12` of the first of the paths that the file has, `default` where it has none of them.

    A name below [tags.keys] or [tags.values] is found however the file spells it.
    """
    if settings.path is None:
        return DEFAULT
    lines = _lines(settings.path)
    named = {_named(settings, path): line for path, line in lines.items()}
    line = next((named[path] for path in paths if path in named), None)
    return DEFAULT if line is None else f"{settings.path}:{line}"


def _named(settings: Settings, path: TomlPath) -> TomlPath:
    if len(path) > 2 and path[0] == "tags" and path[1] in ("keys", "values"):
        return (*path[:2], tag_of(settings.tags, str(path[2])), *path[3:])
    return path


@lru_cache(maxsize=4)
def _lines(path: Path) -> dict[TomlPath, int]:
    return key_lines(path.read_text(encoding="utf-8-sig"))
