"""From a document that fits the schema to the settings; here is what no schema can say."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path as File
from typing import Any

from finops.config.allocations import allocations
from finops.config.anomalies import AnomalyPolicy
from finops.config.budgets import budgets
from finops.config.commitments import commitment_policy
from finops.config.lifecycle import lifecycle_standards
from finops.config.lines import Path
from finops.config.notify import notify
from finops.config.policy import tag_of
from finops.config.schema import Mismatch, close_to, nearest
from finops.config.scopes import with_scopes
from finops.config.settings import (
    CheckPolicy,
    Environment,
    Label,
    LedgerPolicy,
    Owners,
    Planned,
    Residency,
    Settings,
    Suppression,
    TagPolicy,
)
from finops.config.spark import SparkPolicy
from finops.config.spellings import fold, signatures
from finops.config.spot import SpotPolicy
from finops.config.units import units
from finops.config.valid_values import printed_value
from finops.config.value_rules import value_rule
from finops.config.virtual import with_virtual
from finops.config.waste import waste_policy

_NEARLY_THE_SAME = 0.85


def build(document: Mapping[str, Any], path: File | None, line_of: Callable[[Path], int] = lambda _: 0) -> Settings:
    """The settings a checked document describes; `line_of` says where it has a key.

    Raises Mismatch when parts of it contradict each other.
    """
    tags = _tag_policy(document.get("tags", {}))
    environments = tuple(_environment(name, table, tags) for name, table in document.get("environments", {}).items())
    result = Settings(
        path=path,
        tags=_told_by_place(tags, document.get("tags", {}), environments),
        environments=environments,
        budgets=budgets(document, environments, tags, line_of),
        units=units(document.get("units", {}), environments, tags, line_of),
        labels=tuple(_label(text, table) for text, table in document.get("estimates", {}).get("labels", {}).items()),
        owners=Owners(**document.get("owners", {})),
        check=CheckPolicy(**_frozen_table(document.get("check", {}))),
        engine=document.get("engine", "duckdb"),
        spark=SparkPolicy(**document.get("spark", {})),
        ledger=LedgerPolicy(**document.get("ledger", {})),
        notify=notify(document.get("notify", {})),
        residency=tuple(
            Residency(**_with_where({**row, "regions": tuple(row["regions"])})) for row in document.get("residency", ())
        ),
        suppress=tuple(Suppression(**_with_where(row)) for row in document.get("suppress", ())),
        planned=tuple(Planned(**_with_where(row)) for row in document.get("planned", ())),
        anomalies=AnomalyPolicy(**_frozen_table(document.get("anomalies", {}))),
        allocate=allocations(document.get("allocate", ()), tags),
        commitments=commitment_policy(document.get("commitments", {})),
        waste=waste_policy(document.get("waste", {})),
        spot=SpotPolicy(**_frozen_table(document.get("spot", {}))),
        lifecycle=lifecycle_standards(document.get("lifecycle", {})),
    )
    _refuse_shared_claims(result.environments)
    return result


def _tag_policy(table: Mapping[str, Any]) -> TagPolicy:
    default = TagPolicy()
    required = tuple(table.get("required", default.required))
    optional = tuple(table.get("optional", ()))
    _refuse_twice({"required": required, "optional": optional})
    named = TagPolicy(required=required, optional=optional)
    policy = TagPolicy(
        required=required,
        optional=optional,
        keys={tag: tuple(spellings) for tag, (_, spellings) in _by_tag(table, "keys", named).items()},
        values={tag: value_rule(path, rule) for tag, (path, rule) in _by_tag(table, "values", named).items()},
        infer_precision=Decimal(table.get("infer_precision", default.infer_precision)),
    )
    _refuse_shared_spellings(policy)
    return policy


def _told_by_place(tags: TagPolicy, table: Mapping[str, Any], environments: tuple[Environment, ...]) -> TagPolicy:
    scoped = with_scopes(tags, table.get("scope", ()), environments)
    return with_virtual(scoped, table.get("virtual", {}), bool(environments))


def _by_tag(table: Mapping[str, Any], part: str, named: TagPolicy) -> dict[str, tuple[Path, Any]]:
    """A table below [tags], with paths, by the tags' own spelling; a slip of the pen is an error."""
    result: dict[str, tuple[Path, Any]] = {}
    for key, value in table.get(part, {}).items():
        tag, path = tag_of(named, key), ("tags", part, key)
        if tag not in named.tags and close_to(key, named.tags, _NEARLY_THE_SAME):
            raise Mismatch(path, f'no tag "{key}" is required or optional', nearest(key, named.tags))
        if tag in result:
            raise Mismatch(path, f"tags.{part} has {tag} twice", f"write one table for {tag}")
        result[tag] = path, value
    return result


def _environment(name: str, table: Mapping[str, Any], tags: TagPolicy) -> Environment:
    match = table.get("match", {})
    claimed: dict[str, tuple[str, ...]] = {}
    for key, values in match.items():
        if key.startswith("tag:"):
            tag = tag_of(tags, key.removeprefix("tag:").strip())
            path = ("environments", name, "match", key)
            claimed[tag] = claimed.get(tag, ()) + tuple(printed_value(value, tag, path, tags) for value in values)
    return Environment(
        name=name,
        tags=claimed,
        accounts=tuple(value.strip() for value in match.get("account", ())),
        regions=tuple(value.strip() for value in match.get("region", ())),
        aliases=tuple(table.get("aliases", ())),
        estimates=tuple(table.get("estimates", ())),
    )


def _refuse_shared_claims(environments: Iterable[Environment]) -> None:
    """Two environments must not claim one value by the same kind of rule."""
    owners: dict[tuple[str, str], str] = {}
    for environment in environments:
        for kind, values in claims(environment):
            for value in values:
                other = owners.setdefault((kind, fold(value)), environment.name)
                if other != environment.name:
                    what = f'environments {other} and {environment.name} both claim {kind} "{value}"'
                    raise Mismatch(("environments", environment.name, "match", kind), what, "let one of them have it")


def claims(environment: Environment) -> list[tuple[str, tuple[str, ...]]]:
    """What an environment matches, by kind of rule: `tag:KEY`, `account`, `region`."""
    by_tag = [(f"tag:{tag}", values) for tag, values in environment.tags.items()]
    return [*by_tag, ("account", environment.accounts), ("region", environment.regions)]


def _refuse_twice(lists: Mapping[str, tuple[str, ...]]) -> None:
    seen: dict[str, str] = {}
    for name, keys in lists.items():
        for at, key in enumerate(keys):
            other = seen.get(signatures(key)[-1])
            if other is not None:
                raise Mismatch(("tags", name, at), f'"{other}" and "{key}" are the same tag', "name it once")
            seen[signatures(key)[-1]] = key


def _refuse_shared_spellings(policy: TagPolicy) -> None:
    owners = {signatures(tag)[-1]: tag for tag in policy.tags}
    for tag, spellings in policy.keys.items():
        for at, spelling in enumerate(spellings):
            other = owners.setdefault(signatures(spelling)[-1], tag)
            if other != tag:
                what = f'"{spelling}" cannot be a spelling of both {other} and {tag}'
                raise Mismatch(("tags", "keys", tag, at), what, "let one of them have it")


def _label(text: str, table: Mapping[str, Any]) -> Label:
    values = {key: (value,) if isinstance(value, str) else tuple(value) for key, value in table.items()}
    return Label(
        text=text,
        services=values.get("service", ()),
        usage_type=table.get("usage_type", ""),
        tags={key.removeprefix("tag:").strip(): texts for key, texts in values.items() if key.startswith("tag:")},
    )


def _with_where(row: Mapping[str, Any]) -> dict[str, Any]:
    where = {key: (value,) if isinstance(value, str) else tuple(value) for key, value in row.get("where", {}).items()}
    return {**row, "where": where}


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return Decimal(value) if isinstance(value, int) else value


def _frozen_table(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _frozen(value) for key, value in table.items()}
