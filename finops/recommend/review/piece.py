"""What a review is made of: files, and changes that are in none, with the reason."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

_UNSAFE = re.compile(r"[^a-z0-9._-]+")
_LONGEST = 80


@dataclass(frozen=True)
class Piece:
    """A file below the folder: what it is for in a few words, and the ids of the advice that is in it."""

    name: str
    text: str
    about: str
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Left:
    """A change that is in no file: what it is about, why not, the ids of its advice."""

    what: str
    why: str
    ids: tuple[str, ...] = ()


def file_name(text: str) -> str:
    """Text of a bill as the name of a file in its folder; names that differ stay apart, also where case is not told."""
    safe = _UNSAFE.sub("-", text.lower()).strip("-.")[:_LONGEST]
    return safe if safe == text else f"{safe or 'none'}-{sha256(text.encode()).hexdigest()[:6]}"


def as_json(value: Any) -> str:
    """A document that reads well in a difference."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
