"""What a review is asked for: the advice, the standards and what they are for, what holds today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.document import Basis, Rows

if TYPE_CHECKING:
    from finops.config.lifecycle import BucketStandard, LogStandard
    from finops.config.settings import Settings
    from finops.document import Document

COMMITMENT = "commitment"


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

    def of(self, *kinds: str) -> Iterator[Advice]:
        """The advice of these kinds."""
        return (one for one in self.advice if one.kind in kinds)

    def ids_of_standard(self, held: Held) -> tuple[str, ...]:
        """The advice that says the standard is broken for the resource."""
        of = self.of("lifecycle_standard")
        return tuple(one.id for one in of if held.resource in (one["resource_id"], _short(one["resource_id"])))

    def bucket_standard(self, held: Held) -> BucketStandard | None:
        """What the settings ask of the bucket."""
        return next((one for one in self.settings.lifecycle.s3 if one.name == held.standard), None)

    def log_standard(self, held: Held) -> LogStandard | None:
        """What the settings ask of the log group."""
        return next((one for one in self.settings.lifecycle.logs if one.name == held.standard), None)


def asked_of(document: Document, settings: Settings, existing: Mapping[str, Mapping[str, Any]]) -> Asked:
    """The advice of a document. Of the windows of a commitment only what is to be bought is advice for anybody."""
    names = document.rows.names
    rows = [Advice(dict(zip(names, row, strict=True))) for row in document.rows.read(None)]
    advice = [one for one in rows if one.kind != COMMITMENT or one["chosen"]]
    standards = document.totals.get("standards")
    held = list(_held(standards)) if isinstance(standards, Rows) else []
    return Asked(tuple(advice), tuple(held), settings, existing, document.basis)


def _held(standards: Rows) -> Iterator[Held]:
    found: dict[tuple[str, str, Place], list[str]] = {}
    for cells in standards.read(None):
        row = dict(zip(standards.names, cells, strict=True))
        key = (row["resource"], row["standard"], Place(row["account"], row["region"]))
        found.setdefault(key, []).append(row["state"])
    return (Held(*key, tuple(states)) for key, states in sorted(found.items()))


def _short(resource_id: str) -> str:
    """A log group without its ARN, as standards name it."""
    return resource_id.partition(":log-group:")[2].removesuffix(":*")


def by_place(items: Sequence[tuple[Place, Any]]) -> list[tuple[Place, list[Any]]]:
    """What is in each account and region, in order."""
    places = sorted({place for place, _ in items})
    return [(place, [one for at, one in items if at == place]) for place in places]
