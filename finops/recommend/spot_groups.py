"""Groups of instances and tasks as the bill shows them, and why a group is not advised to run on Spot."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from finops.config.spot import SpotPolicy

_HERE = Path(__file__).parent
_FARGATE = re.compile(r"Fargate-")
_DEDICATED = re.compile(r"^(.+-)?(Dedicated|Host)Usage:")
# Macs are leased for a day, u-* is for one large database in memory, hpc* computes in lockstep.
_HARDWARE = re.compile(r"Usage:(mac|u-|u7|hpc)")
_STATEFUL = re.compile(
    r"(^|[-_ /.])(kafka|zookeeper|cassandra|scylla|etcd|mongo(db)?|postgres(ql)?|mysql|mariadb|oracle|elastic(search)?"
    r"|opensearch|redis|rabbit(mq)?|consul|vault|control[-_ ]plane|stateful(set)?|database|db)($|[-_ /.0-9])",
    re.IGNORECASE,
)
_NETWORK = re.compile(r"(^|[-_ ])(nat|bastion|jump[-_ ]?box|vpn|proxy|firewall)($|[-_ 0-9])", re.IGNORECASE)
_ALWAYS_ON = 0.95
# Work that comes and goes by itself is made to be done again: so many instances, half of them younger than a day.
_MANY, _SHORT_LIVED_HOURS = 5, 24
NAMES = ("Name", "Component", "Role")
OWN_WORD = ("spot", "criticality")
# The kind and name of what no signal speaks of.
_SILENT = ("", "")


@dataclass(frozen=True)
class Signal:
    """A tag that says what runs there: key, a pattern its whole value has to match; `whole` groups move whole."""

    kind: str
    key: str
    value: re.Pattern[str]
    whole: bool


@dataclass(frozen=True)
class Resource:
    """An instance or task: its newest tags, and what they and its usage types say."""

    account: str
    region: str
    service: str
    resource_id: str
    usage_types: tuple[str, ...]
    environment: str
    owner: str
    tags: Mapping[str, str]
    lifetime: int = 0
    """Hours from its first to its last, both counted."""
    number: int = 0
    """Its place among the resources it was read with."""


@dataclass(frozen=True)
class Group:
    """Resources that do one work. `kind` is blank where nothing says what they do; `key` tells groups apart."""

    kind: str
    account: str
    region: str
    service: str
    name: str
    environment: str
    owner: str

    @property
    def key(self) -> tuple[str, ...]:
        """What the group is called from run to run."""
        return self.kind, self.account, self.region, self.service, self.name


@dataclass(frozen=True)
class Seen:
    """What a group did: `most` members at once, `replaced` that came or went while others ran, `uptime` from 0 to 1."""

    members: int
    most: int
    replaced: int
    zones: int
    uptime: float
    texts: tuple[str, ...]
    usage_types: tuple[str, ...]
    own_words: tuple[tuple[str, str], ...]


@cache
def signals() -> tuple[Signal, ...]:
    """The table of signals, the strongest first."""
    with (_HERE / "spot_signals.csv").open(newline="", encoding="utf-8") as handle:
        return tuple(
            Signal(row["kind"], row["key"], re.compile(row["value"], re.IGNORECASE), row["whole"] == "yes")
            for row in csv.DictReader(handle)
        )


@cache
def vetoes() -> dict[str, str]:
    """Each veto and its reason, in the order in which they are held against a group."""
    with (_HERE / "spot_vetoes.csv").open(newline="", encoding="utf-8") as handle:
        return {row["veto"]: row["reason"] for row in csv.DictReader(handle)}


def keys() -> list[str]:
    """The tags that have to be read."""
    return list(dict.fromkeys([*(one.key for one in signals()), *NAMES, *OWN_WORD, "aws:elasticmapreduce:job-flow-id"]))


def grouped(resources: Sequence[Resource]) -> list[tuple[Group, list[Resource]]]:
    """The groups and their members: by signals, and by how briefly instances live where nothing else tells.

    Resources may share one mapping of tags, which is then looked at once.
    """
    said: dict[int, tuple[str, str]] = {}
    found: dict[tuple[str, ...], tuple[Group, list[Resource]]] = {}
    silent: dict[tuple[Any, ...], list[Resource]] = defaultdict(list)
    for one in resources:
        if id(one.tags) not in said:
            said[id(one.tags)] = _said(one.tags)
        group = _group(one, said[id(one.tags)])
        if group.kind:
            found.setdefault(group.key, (group, []))[1].append(one)
        else:
            silent[one.account, one.region, one.service, one.usage_types, one.environment, one.owner].append(one)
    for members in silent.values():
        found |= {group.key: (group, held) for group, held in _by_lifetime(members)}
    return list(found.values())


def _by_lifetime(members: list[Resource]) -> list[tuple[Group, list[Resource]]]:
    first = members[0]
    if len(members) < _MANY or median(one.lifetime for one in members) >= _SHORT_LIVED_HOURS:
        return [(_group(one, _SILENT), [one]) for one in members]
    name = " ".join((*first.usage_types, *filter(None, (first.environment, first.owner))))
    short = Group("short_lived", first.account, first.region, first.service, name, first.environment, first.owner)
    return [(short, members)]


def group_of(one: Resource) -> Group:
    """The group a resource belongs to: that of its strongest signal, else itself."""
    return _group(one, _said(one.tags))


def _group(one: Resource, said: tuple[str, str]) -> Group:
    kind, name = _task(one) or said
    return Group(
        kind, one.account, one.region, one.service, name if kind else one.resource_id, one.environment, one.owner
    )


def _task(one: Resource) -> tuple[str, str] | None:
    if not _is_fargate(one.usage_types):
        return None
    # arn:aws:ecs:REGION:ACCOUNT:task/CLUSTER/ID
    parts = one.resource_id.split("/")
    return "fargate", parts[1] if len(parts) > 2 else one.resource_id


@cache
def _is_fargate(usage_types: tuple[str, ...]) -> bool:
    return any(_FARGATE.search(kind) for kind in usage_types)


def _said(tags: Mapping[str, str]) -> tuple[str, str]:
    """The kind and name of the strongest signal, blank where there is none."""
    for signal in signals():
        value = tags.get(signal.key, "").strip()
        if value and signal.value.fullmatch(value):
            return signal.kind, _name(signal, value, tags)
    return _SILENT


def _name(signal: Signal, value: str, tags: Mapping[str, str]) -> str:
    if signal.kind.startswith("emr"):
        return tags.get("aws:elasticmapreduce:job-flow-id", value)
    return tags.get("aws:autoscaling:groupName", value) if signal.kind == "ci_runner" else value


def is_whole(kind: str) -> bool:
    """Whether all of a group can move: its work is made to be done again."""
    return any(one.whole for one in signals() if one.kind == kind)


def veto_of(group: Group, seen: Seen, policy: SpotPolicy) -> str:
    """The first veto that holds, blank where none does."""
    tolerant = group.environment.casefold() in {one.casefold() for one in policy.tolerant}
    return next((name for name in vetoes() if name in _HOLDS and _HOLDS[name](group, seen, tolerant)), "")


def _spoken_for(_: Group, seen: Seen, __: bool) -> bool:
    said = {(key, value.strip().casefold()) for key, value in seen.own_words}
    return bool(said & {("spot", "false"), ("spot", "no"), ("criticality", "high"), ("criticality", "critical")})


def _single(group: Group, seen: Seen, tolerant: bool) -> bool:
    # a build that is interrupted is built again; one that never rests is no runner but a server
    if group.kind == "fargate" or seen.most > 1:
        return False
    return seen.uptime >= _ALWAYS_ON or not (
        tolerant or group.kind in ("ci_runner", "batch", "emr_task", "short_lived")
    )


def _any(pattern: re.Pattern[str], texts: Sequence[str]) -> bool:
    return any(pattern.search(text) for text in texts)


_SERVES = ("auto_scaling", "kubernetes")
_HOLDS: dict[str, Callable[[Group, Seen, bool], bool]] = {
    "dedicated": lambda _, seen, __: _any(_DEDICATED, seen.usage_types),
    "hardware": lambda _, seen, __: _any(_HARDWARE, seen.usage_types),
    "spoken_for": _spoken_for,
    "emr_core": lambda group, _, __: group.kind == "emr_core",
    "stateful": lambda group, seen, _: _any(_STATEFUL, (group.name, *seen.texts)),
    "network": lambda group, seen, _: _any(_NETWORK, (group.name, *seen.texts)),
    "eks_fargate": lambda group, _, __: group.kind == "fargate" and group.service == "AmazonEKS",
    "fargate_outside_tolerant": lambda group, _, tolerant: group.kind == "fargate" and not tolerant,
    "no_signal": lambda group, _, __: not group.kind,
    "single_instance": _single,
    "single_zone": lambda group, seen, tolerant: group.kind in _SERVES and seen.zones == 1 and not tolerant,
    "never_replaced": lambda group, seen, _: group.kind == "auto_scaling" and not seen.replaced,
}
