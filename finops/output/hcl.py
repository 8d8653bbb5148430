"""HCL as Terraform reads it: text in which nothing is interpolated, blocks, names of resources."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True)
class Raw:
    """An expression that stands as it is: a reference or a call."""

    code: str


@dataclass(frozen=True)
class Block:
    """A block with its labels, its arguments in order, and the blocks in it behind them."""

    kind: str
    labels: tuple[str, ...] = ()
    arguments: Mapping[str, object] = field(default_factory=dict)
    blocks: Sequence[Block] = ()
    comment: str = ""


def text(value: str) -> str:
    """A string of HCL in which nothing is interpolated and no character is one of control."""
    quoted = "".join(_ESCAPES.get(one) or (one if one.isprintable() else _code(one)) for one in value)
    return f'"{quoted.replace("${", "$${").replace("%{", "%%{")}"'


def comment(value: str) -> str:
    """Text that cannot leave its line of comment."""
    return "".join(one if one.isprintable() else "?" for one in value)


def label(name: str) -> str:
    """The name of a resource in Terraform; names that differ in the bill differ here too."""
    if _PLAIN.fullmatch(name):
        return name
    words = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-")
    return f"{words if words[:1].isalpha() else f'r_{words}'}_{sha256(name.encode()).hexdigest()[:6]}"


def render(block: Block, indent: int = 0) -> str:
    """The block as `terraform fmt` writes it."""
    pad, inner = " " * indent, " " * (indent + 2)
    head = " ".join([block.kind, *map(text, block.labels)])
    notes = [f"{pad}# {comment(line)}" for line in block.comment.splitlines()]
    if not block.arguments and not block.blocks:
        return "\n".join([*notes, f"{pad}{head} {{}}"])
    lines = [f"{inner}{one}" for one in _aligned(block.arguments, indent + 2)]
    parts = ["\n".join(lines)] if lines else []
    parts += [render(one, indent + 2) for one in block.blocks]
    return "\n".join([*notes, f"{pad}{head} {{", "\n\n".join(parts), f"{pad}}}"])


def _aligned(arguments: Mapping[str, object], indent: int) -> list[str]:
    # what takes several lines is not lined up with what takes one
    width = max((len(name) for name, value in arguments.items() if not isinstance(value, Mapping)), default=0)
    padded = {name: name if isinstance(value, Mapping) else name.ljust(width) for name, value in arguments.items()}
    return [f"{padded[name]} = {_value(value, indent)}" for name, value in arguments.items()]


def _value(value: object, indent: int) -> str:
    if isinstance(value, Raw):
        return value.code
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, Mapping):
        keys = {text(str(key)): one for key, one in value.items()}
        lines = [f"{' ' * (indent + 2)}{line}" for line in _aligned(keys, indent + 2)]
        return "\n".join(["{", *lines, f"{' ' * indent}}}"])
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(one, indent) for one in value)}]"
    return text(str(value))


def _code(character: str) -> str:
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
