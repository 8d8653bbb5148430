"""The settings as the rest of the program sees them: frozen, complete, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from finops.config.anomalies import AnomalyPolicy
from finops.config.commitments import CommitmentPolicy
from finops.config.lifecycle import LifecycleStandards
from finops.config.notify import Notify
from finops.config.spark import SparkPolicy
from finops.config.spot import SpotPolicy
from finops.config.waste import WastePolicy

DEFAULT_REQUIRED = ("Project", "Environment", "Owner", "CostCenter")


@dataclass(frozen=True)
class ValueRule:
    """What a tag's value may be; without `allowed` and `pattern` any value that is not blank is valid."""

    allowed: tuple[str, ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """From the value that is printed to the other texts that mean it."""
    pattern: str | None = None
    """A regular expression that the whole trimmed value has to match."""
    type: Literal["text", "number", "date"] = "text"
    """What the value has to be, unless it is one of `allowed`: a decimal number, or a day written 2027-01-15."""
    min: Decimal | date | None = None
    max: Decimal | date | None = None


@dataclass(frozen=True)
class TagScope:
    """Where another policy holds: `where` says of which environments, accounts, regions or services.

    There `required` are required as well, `optional` are not, and `values` stand in for those of the policy.
    """

    where: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    values: Mapping[str, ValueRule] = field(default_factory=dict)


@dataclass(frozen=True)
class VirtualTag:
    """What stands in for a tag that no line carries: the first of `by` that knows a value, at the reader's own word.

    `account` is the map `accounts`, `environment` the environment of the account or region, `cost_category:NAME` the
    value of that cost category.
    """

    by: tuple[str, ...]
    accounts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TagPolicy:
    """Which tags are expected and how their keys and values are read."""

    required: tuple[str, ...] = DEFAULT_REQUIRED
    """The tags that are required anywhere."""
    optional: tuple[str, ...] = ()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Other spellings of a key, best first; case and separators are matched without being listed."""
    values: Mapping[str, ValueRule] = field(default_factory=dict)
    infer_precision: Decimal = Decimal(95)
    """The percentage of known values that a basis of inference has to predict right before it suggests any."""
    scopes: tuple[TagScope, ...] = ()
    """The places that are told apart. The first one that fits a line and names a tag decides for that tag."""
    virtual: Mapping[str, VirtualTag] = field(default_factory=dict)
    """By tag what counts as its value where the tag itself is missing."""
    only_scoped: tuple[str, ...] = ()
    """Those of `required` that only a scope requires."""

    @property
    def tags(self) -> tuple[str, ...]:
        """The required tags, then the optional ones, each as typed in the settings."""
        return self.required + self.optional

    @property
    def everywhere(self) -> tuple[str, ...]:
        """The tags that are required in every place."""
        freed = {tag for scope in self.scopes for tag in scope.optional}
        return tuple(tag for tag in self.required if tag not in freed and tag not in self.only_scoped)


@dataclass(frozen=True)
class Owners:
    """Who answers for what: by the value of the tag `tag`, else by the account."""

    tag: str = "Owner"
    handles: Mapping[str, str] = field(default_factory=dict)
    """From a value of the tag to whom to write to."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """From a 12-digit account id to a value of the tag."""


@dataclass(frozen=True)
class Budget:
    """What a part of the bill may cost in each `period`: an amount in its currency, or a share of an environment.

    `share` (percent) of the cost of the environment `of` stands in place of `amount`. `where` are dimensions with
    their values; none is the whole bill. Alerts are shares of the limit: of what was charged, and of the forecast.
    """

    name: str
    period: str
    """hour, day, week (from its Monday), month, quarter or year, by the calendar in UTC."""
    amount: Decimal | None
    share: Decimal | None = None
    of: str = ""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    alert: tuple[Decimal, ...] = ()
    forecast_alert: tuple[Decimal, ...] = ()
    metric: str | None = None
    owner: str = ""
    line: int = 0
    """Where the settings state it, from 1; 0 where no file does."""

    @property
    def environment(self) -> str:
        """The environment it is for, blank where it is for several or for none in particular."""
        names = self.where.get("environment", ())
        return names[0] if len(names) == 1 else ""


@dataclass(frozen=True)
class UnitMetric:
    """A measure of business that cost is told per unit of: orders, users, or money where it has a `currency`.

    `where` is the part of the bill that counts for it. `target` is the most a unit may cost; of money, the most that
    cost may be of it, in percent.
    """

    name: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    currency: str = ""
    target: Decimal | None = None
    line: int = 0


@dataclass(frozen=True)
class Units:
    """The file with the measures of business, relative to the folder of the settings, and what is known of them."""

    file: str = ""
    metrics: tuple[UnitMetric, ...] = ()


@dataclass(frozen=True)
class Environment:
    """What belongs to an environment: any tag value, else any account, else any region named here."""

    name: str
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """What documents call it, besides its name."""
    estimates: tuple[str, ...] = ()
    """Documents with cost tables, relative to the folder of the settings file."""


@dataclass(frozen=True)
class Label:
    """What a label in a document means in the bill: services, a pattern of usage types, tag values by key."""

    text: str
    services: tuple[str, ...] = ()
    usage_type: str = ""
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckPolicy:
    """What makes the gate fail; coverage in percent of taggable cost, impact in the currency of the bill."""

    fail_on: tuple[str, ...] = ()
    tag_coverage: Decimal | None = None
    max_age_hours: Decimal | None = None
    min_impact: Decimal | None = None


@dataclass(frozen=True)
class LedgerPolicy:
    """How many predecessors of each delivery stay readable, for figures as they were."""

    keep_deliveries: int = 1


@dataclass(frozen=True)
class Suppression:
    """A finding that is known and accepted, with the reason and the last day it is."""

    rule: str
    reason: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    until: date | None = None


@dataclass(frozen=True)
class Planned:
    """A change of cost that is expected on a day, so it is no anomaly."""

    where: Mapping[str, tuple[str, ...]]
    date: date
    note: str = ""


@dataclass(frozen=True)
class Allocation:
    """How a shared cost is divided among the values of a tag: even, by fixed shares, or in proportion.

    `where` are dimensions with their values, and `tag` for what the tag asked for says: (untagged), (untaggable) or
    (invalid). `tags` are those the rule is for, none means any. `shares` are percent and sum to 100.
    """

    name: str
    to: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    """`spend` or a metric, and dimensions within which the proportion is taken."""
    among: tuple[str, ...] = ()
    shares: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Residency:
    """Where what `where` names may be: in `regions` and in no other region."""

    where: Mapping[str, tuple[str, ...]]
    regions: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Settings:
    """Everything finops.toml says; the defaults are what holds without one."""

    path: Path | None = None
    tags: TagPolicy = field(default_factory=TagPolicy)
    environments: tuple[Environment, ...] = ()
    labels: tuple[Label, ...] = ()
    budgets: tuple[Budget, ...] = ()
    """Those of environments, then those of `[[budget]]`, in the order of the file."""
    units: Units = field(default_factory=Units)
    owners: Owners = field(default_factory=Owners)
    check: CheckPolicy = field(default_factory=CheckPolicy)
    engine: Literal["duckdb", "spark"] = "duckdb"
    """Builds the marts of exports; everything above the marts is DuckDB's."""
    spark: SparkPolicy = field(default_factory=SparkPolicy)
    ledger: LedgerPolicy = field(default_factory=LedgerPolicy)
    notify: Notify = field(default_factory=Notify)
    residency: tuple[Residency, ...] = ()
    suppress: tuple[Suppression, ...] = ()
    planned: tuple[Planned, ...] = ()
    anomalies: AnomalyPolicy = field(default_factory=AnomalyPolicy)
    allocate: tuple[Allocation, ...] = ()
    """In the order in which they apply."""
    commitments: CommitmentPolicy = field(default_factory=CommitmentPolicy)
    spot: SpotPolicy = field(default_factory=SpotPolicy)
    waste: WastePolicy = field(default_factory=WastePolicy)
    lifecycle: LifecycleStandards = field(default_factory=LifecycleStandards)
