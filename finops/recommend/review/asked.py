"""What a review is asked for: the advice, the standards and what they are for, what holds today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.document import Basis, Rows
from finops.recommend.row import COLUMNS, Recommendation

if TYPE_CHECKING:
    from finops.config.lifecycle import BucketStandard, LogStandard
    from finops.config.settings import Settings
    from finops.document import Document
    from finops.recommend.lifecycle_standards import Held as Standard

COMMITMENT = "commitment"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Advice:
    """A row of a recommend verb. `money` is what it saves a month in sequence, or alone where it is in no sequence."""

    row: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.row.get(name)

    @property
    def id(self) -> str:
        """What the advice is called from run to run."""
        return str(self.row["id"])

    @property
    def kind(self) -> str:
        """What is advised."""
        return str(self.row["kind"])

    @property
    def place(self) -> Place:
        """Where it would be changed."""
        return Place(self["account"] or "", self["region"] or "")

    @property
    def saving(self) -> Decimal | None:
        """What it alone saves a month; None where there is no figure."""
        value: Decimal | None = self["saving"]
        return value

    @property
    def saves(self) -> bool:
        """Whether there is a figure, and it is worth having."""
        return self.saving is not None and self.saving > 0


@dataclass(frozen=True, order=True)
class Place:
    """An account and a region: what one provider of Terraform is for."""

    account: str
    region: str


@dataclass(frozen=True)
class Held:
    """A resource that a standard of the settings is for; `states` are kept, broken or cannot tell, one by rule."""

    resource: str
    standard: str
    place: Place
    states: tuple[str, ...]

    @property
    def is_kept(self) -> bool:
        """Whether the bill shows that all of it holds already."""
        return set(self.states) == {"kept"}


@dataclass(frozen=True)
class Asked:
    """All of it. `existing` is by bucket the answer of S3 about its lifecycle."""

    advice: tuple[Advice, ...]
    standards: tuple[Held, ...]
    settings: Settings
    existing: Mapping[str, Mapping[str, Any]]
    basis: Basis
    broken: Mapping[str, Sequence[str]]
    """By resource the ids of the advice that says it breaks its standard."""

    @classmethod
    def of_rows(
        cls,
        rows: Iterable[Row],
        standards: Iterable[Held],
        settings: Settings,
        existing: Mapping[str, Mapping[str, Any]],
        basis: Basis,
    ) -> Asked:
        """Of the windows of a commitment only what is to be bought is advice for anybody."""
        made = [Advice(row) for row in rows]
        advice = tuple(one for one in made if one.kind != COMMITMENT or one["chosen"])
        broken: dict[str, list[str]] = defaultdict(list)
        for one in advice:
            if one.kind == "lifecycle_standard":
                broken[_short(one["resource_id"]) or one["resource_id"]].append(one.id)
        return cls(advice, tuple(standards), settings, existing, basis, broken)

    def of(self, *kinds: str) -> Iterator[Advice]:
        """The advice of these kinds."""
        return (one for one in self.advice if one.kind in kinds)

    def ids_of_standard(self, held: Held) -> tuple[str, ...]:
        """The advice that says the standard is broken for the resource."""
        return tuple(self.broken.get(held.resource, ()))

    def bucket_standard(self, held: Held) -> BucketStandard | None:
        """What the settings ask of the bucket."""
        return next((one for one in self.settings.lifecycle.s3 if one.name == held.standard), None)

    def log_standard(self, held: Held) -> LogStandard | None:
        """What the settings ask of the log group."""
        return next((one for one in self.settings.lifecycle.logs if one.name == held.standard), None)


def table(document: Document) -> list[Row]:
    """The rows of a document by the names of their columns."""
    return [dict(zip(document.rows.names, row, strict=True)) for row in document.rows.read(None)]


def cells(advice: Recommendation) -> Row:
    """A row as it was made, with the columns of its own verb."""
    return {**dict(zip((one.name for one in COLUMNS), advice.cells(COLUMNS), strict=True)), **advice.more}


def held_in(document: Document) -> list[Held]:
    """The standards that a document tells, each with the state of all its rules."""
    standards = document.totals.get("standards")
    rows = standards.read(None) if isinstance(standards, Rows) else ()
    names = standards.names if isinstance(standards, Rows) else ()
    told = [dict(zip(names, row, strict=True)) for row in rows]
    return _together((one["resource"], one["standard"], one["account"], one["region"], one["state"]) for one in told)


def held_as(standards: Iterable[Standard]) -> list[Held]:
    """The same of standards as they were held against the bill."""
    return _together((one.name, one.standard, one.holder.account, one.holder.region, one.state) for one in standards)


def _together(told: Iterable[tuple[str, str, str, str, str]]) -> list[Held]:
    found: dict[tuple[str, str, Place], list[str]] = defaultdict(list)
    for resource, standard, account, region, state in told:
        found[resource, standard, Place(account, region)].append(state)
    return [Held(*key, tuple(states)) for key, states in sorted(found.items())]


def _short(resource_id: str) -> str:
    """A log group without its ARN, as standards name it."""
    return resource_id.partition(":log-group:")[2].removesuffix(":*")


def by_place(items: Iterable[tuple[Place, Any]]) -> list[tuple[Place, list[Any]]]:
    """What is in each account and region, in order."""
    found: dict[Place, list[Any]] = defaultdict(list)
    for place, one in items:
        found[place].append(one)
    return sorted(found.items())
