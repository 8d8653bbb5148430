"""A settings file to start from: a profile of tags, filled with what the bill and the documents show."""

from finops.errors import UsageError
from finops.init.profiles import DEFAULT_PROFILE, PROFILES, Profile
from finops.init.sources import gather
from finops.init.write import settings_text

__all__ = ["DEFAULT_PROFILE", "PROFILES", "Profile", "gather", "profile_named", "settings_text"]


def profile_named(name: str) -> Profile:
    """The profile of that name. Raises UsageError naming those there are."""
    if name in PROFILES:
        return PROFILES[name]
    known = ", ".join(f"{known} ({profile.says})" for known, profile in PROFILES.items())
    raise UsageError(f"there is no profile {name}", where="--profile", fix=known)
