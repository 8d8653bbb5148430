"""From a table of [tags.values] to the rule for a tag's values; here is what no schema can say of it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from finops.config.lines import Path
from finops.config.schema import Mismatch, nearest
from finops.config.settings import ValueRule
from finops.config.spellings import fold


def value_rule(path: Path, table: Mapping[str, Any]) -> ValueRule:
    """The rule in the table at `path`. Raises Mismatch where it contradicts itself."""
    rule = ValueRule(
        allowed=tuple(table.get("allowed", ())),
        aliases={value: tuple(aliases) for value, aliases in table.get("aliases", {}).items()},
        pattern=table.get("pattern"),
        type=table.get("type", "text"),
        **{bound: _bound(table, bound, path) for bound in ("min", "max") if bound in table},
    )
    meaning: dict[str, str] = {}
    for value in rule.allowed:
        _claim(meaning, value, value, (*path, "allowed"))
    for value, aliases in rule.aliases.items():
        if rule.allowed and value not in rule.allowed:
            what = f'aliases of {path[-1]} lead to "{value}", which is not allowed'
            raise Mismatch((*path, "aliases", value), what, nearest(value, rule.allowed))
        for alias in (value, *aliases):
            _claim(meaning, alias, value, (*path, "aliases", value))
    return rule


def _bound(table: Mapping[str, Any], name: str, path: Path) -> Decimal | date:
    """A bound is of the type it bounds; TOML has numbers and days of its own."""
    value, wanted = table[name], table.get("type", "text")
    if wanted != ("date" if isinstance(value, date) else "number"):
        raise Mismatch((*path, name), f"{name} = {value} does not bound a {wanted}", 'type = "number" or type = "date"')
    return value if isinstance(value, date) else Decimal(value)


def _claim(meaning: dict[str, str], text: str, value: str, path: Path) -> None:
    other = meaning.setdefault(fold(text), value)
    if other != value:
        raise Mismatch(path, f'"{text}" cannot mean both {other} and {value}', "keep one of them")
