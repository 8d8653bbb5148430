"""The folder of a review: files appear whole, and nothing that somebody else wrote or changed is written over."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from finops.errors import EngineError, UsageError
from finops.output.destination import destination
from finops.recommend.review.piece import Left, as_json

# What was written here, and how it read: a name and the digests that are known of it.
OURS = ".finops-review.json"
Digests = dict[str, list[str]]


@dataclass(frozen=True)
class Written:
    """The files that were written, those of an earlier run that are gone, and the changes that are in no file."""

    files: tuple[Path, ...]
    removed: tuple[Path, ...]
    left: tuple[Left, ...]


def write_folder(folder: Path, files: Mapping[str, str], left: Sequence[Left]) -> Written:
    """Write the files and remove those of an earlier run that have no successor.

    Raises UsageError, before anything is changed, where a file was not written here or was changed since.
    """
    known = _known(folder)
    gone = [name for name in known if name not in files and (folder / name).is_file()]
    for name in [*files, *gone]:
        _require_ours(folder / name, known.get(name, []), files.get(name))
    new = {name: _digest(text.encode()) for name, text in files.items()}
    # both are known while files are exchanged: a run that is stopped leaves nothing that the next one takes for foreign
    _write(folder / OURS, as_json({name: [*known.get(name, []), *_of(new, name)] for name in sorted({*known, *new})}))
    for name, text in files.items():
        _write(folder / name, text)
    for name in gone:
        (folder / name).unlink(missing_ok=True)
    _write(folder / OURS, as_json({name: [new[name]] for name in sorted(new)}))
    return Written(tuple(folder / name for name in files), tuple(folder / name for name in gone), tuple(left))


def _known(folder: Path) -> Digests:
    path = folder / OURS
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError("the list of what was written here cannot be read", str(path), "name a new folder") from error
    # a list that somebody else made names nothing outside of the folder
    inside = [name for name in held if not Path(name).is_absolute() and ".." not in Path(name).parts]
    return {name: [str(one) for one in held[name]] for name in inside}


def _require_ours(path: Path, digests: Sequence[str], text: str | None) -> None:
    if not path.exists() and not path.is_symlink():
        return
    found = _digest(path.read_bytes()) if path.is_file() and not path.is_symlink() else ""
    if found not in digests and (text is None or found != _digest(text.encode())):
        what = "was changed since it was written" if digests else "was not written by finops"
        raise UsageError(f"{path.name} {what}; nothing was written", str(path), "move it away, or name a new folder")


def _of(new: Mapping[str, str], name: str) -> list[str]:
    return [new[name]] if name in new else []


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"the folder cannot be made: {(error.strerror or '').lower()}", str(path.parent)) from error
    with destination(path) as out:
        out.write(text)
