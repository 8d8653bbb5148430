"""The tag sets that `finops init` can start a settings file from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from finops.config import TagPolicy, ValueRule


@dataclass(frozen=True)
class Values:
    """A rule for a tag's values and why; one that is not `active` is written as a suggestion."""

    tag: str
    why: str
    allowed: tuple[str, ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pattern: str | None = None
    active: bool = True


@dataclass(frozen=True)
class Profile:
    """A tag set: what every resource has to carry, what it may carry, and the values."""

    says: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    values: tuple[Values, ...]

    @property
    def policy(self) -> TagPolicy:
        """The policy that holds once the profile's file is in use as it was written."""
        rules = {one.tag: ValueRule(one.allowed, one.aliases, one.pattern) for one in self.values if one.active}
        return TagPolicy(self.required, self.optional, values=rules)


_ENVIRONMENT = Values(
    "Environment",
    "Where it runs.",
    allowed=("dev", "test", "staging", "prod"),
    aliases={
        "dev": ("develop", "development"),
        "test": ("testing",),
        "staging": ("stage", "stg"),
        "prod": ("prd", "production"),
    },
)
_COST_CENTER = Values(
    "CostCenter",
    "The code that finance books to, such as CC-COFFEE-001; fit the pattern to your codes.",
    pattern="CC-[A-Z]+-[0-9]{3}",
    active=False,
)
_SENSITIVITY = ("public", "internal", "confidential")
_DURATION = "[0-9]+ ?(s|m|min|h|d)"

PROFILES = {
    "standard": Profile(
        says="who owns it, what it is for, where it runs and who pays",
        required=("Project", "Environment", "Owner", "CostCenter"),
        optional=("Component", "ManagedBy", "DataClassification", "Backup"),
        values=(
            _ENVIRONMENT,
            _COST_CENTER,
            Values("Component", "The part of the system.", ("backend", "frontend", "ai", "database")),
            Values("ManagedBy", "What created it.", ("cloudformation", "terraform")),
            Values("DataClassification", "How sensitive its data is.", _SENSITIVITY),
            Values("Backup", "How often it is backed up.", ("daily", "weekly", "none")),
        ),
    ),
    "governance": Profile(
        says="ownership, data classification and recovery objectives across an organisation",
        required=("Owner", "CostCenter", "DataClassification", "RTO", "RPO", "Environment", "Application"),
        optional=("Project", "Component", "ManagedBy", "Backup"),
        values=(
            _ENVIRONMENT,
            _COST_CENTER,
            Values("DataClassification", "How sensitive its data is.", _SENSITIVITY, active=False),
            Values("RTO", "How long it may be down, such as 20m.", pattern=_DURATION, active=False),
            Values("RPO", "How much data may be lost, such as 10m.", pattern=_DURATION, active=False),
            Values("ManagedBy", "What created it.", ("cloudformation", "terraform")),
            Values("Backup", "How often it is backed up.", ("daily", "weekly", "none")),
        ),
    ),
}
DEFAULT_PROFILE = "standard"
