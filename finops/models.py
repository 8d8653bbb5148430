"""The SQL models of queries/: one file, one select, one table. Reads them, orders them, knows what they say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from finops.errors import UsageError
from finops.paths import queries_dir

# The folders of queries/, in the order in which data flow through them.
FOLDERS = ("staging", "ledger", "marts", "usage", "journal", "rules", "checks")
_FIELDS = ("grain", "inputs", "settings", "why", "fix", "columns")


@dataclass(frozen=True)
class Model:
    """A model and its header. `columns` maps each column to one line of explanation, `sql` has no header."""

    name: str
    folder: str
    purpose: str
    grain: str
    inputs: tuple[str, ...]
    columns: dict[str, str]
    notes: dict[str, str]
    sql: str
    path: Path


@cache
def load_models() -> dict[str, Model]:
    """All models by name. Raises DataError when the installation is broken."""
    files = sorted(queries_dir().glob("*/*.sql"))
    return {path.stem: read_model(path) for path in files}


def model(name: str) -> Model:
    """One model by name. Raises UsageError when there is none."""
    models = load_models()
    if name not in models:
        from difflib import get_close_matches

        near = get_close_matches(name, models, n=1)
        raise UsageError(f"no such model: {name}", "queries/", f"finops sql {near[0]}" if near else "finops sql --list")
    return models[name]


def folder(name: str) -> list[Model]:
    """The models of one folder of queries/, each after those it reads."""
    return ordered(found for found in load_models().values() if found.folder == name)


def ordered(models: Iterable[Model]) -> list[Model]:
    """Models in an order in which each comes after its inputs."""
    waiting = {found.name: found for found in models}
    done: list[Model] = []
    while waiting:
        ready = [found for found in waiting.values() if not set(found.inputs) & (waiting.keys() - {found.name})]
        if not ready:
            raise UsageError(f"models read each other in a circle: {', '.join(waiting)}", str(queries_dir()))
        for found in ready:
            done.append(waiting.pop(found.name))
    return done


def read_model(path: Path) -> Model:
    """Read one model file: the comment block at its top is the header, the rest is the select."""
    lines = path.read_text(encoding="utf-8").splitlines()
    length = next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
    header = _header([line[2:] for line in lines[:length]])
    columns = dict(_columns(header.pop("columns", [])))
    text = {field: " ".join(" ".join(part).split()) for field, part in header.items()}
    return Model(
        name=path.stem,
        folder=path.parent.name,
        purpose=text.pop("purpose", ""),
        grain=text.pop("grain", ""),
        inputs=tuple(name.strip() for name in text.pop("inputs", "").split(",") if name.strip()),
        columns=columns,
        notes=text,
        sql="\n".join(lines[length:]).strip() + "\n",
        path=path,
    )


def _header(lines: list[str]) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {"purpose": []}
    current = "purpose"
    for line in lines:
        field, colon, rest = line.strip().partition(":")
        starts = colon and field in _FIELDS and line.startswith(f" {field}")
        if starts:
            current = field
            parts[current] = []
        parts[current].append(rest if starts else line)
    return parts


def _columns(lines: list[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        name, colon, text = line.strip().partition(":")
        if colon:
            yield name.strip(), text.strip()
