"""Fixes as files, ready to run or to merge. Nothing here is executed, and nothing is changed in AWS."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from finops.config.settings import TagPolicy
from finops.errors import EngineError, UsageError
from finops.gaps.fixable import Fixable
from finops.output.destination import destination

Files = Iterator[tuple[str, str]]
"""File names below the folder, each with its text."""

# Each is a module with `files(found, policy)`; adding a kind of fix is one file and one word here.
_KINDS: dict[str, str] = {
    "cli": "as_cli",
    "csv": "as_tag_editor",
    "terraform": "as_terraform",
    "tag-policy": "as_tag_policy",
    "scp": "as_scp",
}


def parse_kinds(texts: Sequence[str]) -> list[str]:
    """The kinds of `--fix`, each option one or several with commas. Raises UsageError for an unknown one."""
    kinds = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    unknown = next((kind for kind in kinds if kind not in _KINDS), None)
    if unknown is not None:
        raise UsageError(f"there is no fix {unknown}", where="--fix", fix=f"one of {', '.join(_KINDS)}")
    return list(dict.fromkeys(kinds))


def write_fixes(kinds: Sequence[str], found: Fixable, policy: TagPolicy, folder: Path) -> list[Path]:
    """Write the fixes of the given kinds below `folder`, return the files. Raises EngineError when one cannot be."""
    modules = [importlib.import_module(f"finops.output.fixes.{_KINDS[kind]}") for kind in kinds]
    texts = {name: text for module in modules for name, text in module.files(found, policy)}
    texts["README.md"] = _readme(texts, [(module.__doc__ or "").strip() for module in modules])
    for name, text in texts.items():
        with destination(_in_folder(folder / name)) as out:
            out.write(text)
    return [folder / name for name in texts]


def _readme(names: Iterable[str], about: Iterable[str]) -> str:
    """What the files do: a CSV file and a JSON document have no room to say it themselves."""
    lines = ["# Fixes for missing and wrong tags", "", "Written by finops; nothing was executed.", ""]
    lines += [f"- {text}" for text in about]
    lines += ["", "A gap that the newest days of the bill no longer show is not in here.", ""]
    return "\n".join([*lines, "Files:", "", *(f"- `{name}`" for name in names), ""])


def _in_folder(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"the folder cannot be made: {(error.strerror or '').lower()}", str(path.parent)) from error
    return path
