"""Where news are sent. The settings name environment variables; what is secret stands in these alone."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from finops.errors import ConfigError

Security = Literal["starttls", "tls", "none"]
_PORTS: Mapping[Security, int] = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True)
class Slack:
    """An incoming webhook of Slack: the variable that holds its address."""

    url_env: str


@dataclass(frozen=True)
class Webhook:
    """Any address that takes JSON: the variables that hold it and, unless blank, a bearer token."""

    url_env: str
    token_env: str = ""


@dataclass(frozen=True)
class Email:
    """A mail server, who writes and to whom. Without `user_env` nobody logs in."""

    host: str
    port: int
    security: Security
    sender: str
    to: tuple[str, ...]
    user_env: str = ""
    password_env: str = ""


@dataclass(frozen=True)
class Notify:
    """The `[notify]` tables; None is a channel that is not set up."""

    slack: Slack | None = None
    webhook: Webhook | None = None
    email: Email | None = None


def notify(table: Mapping[str, Any]) -> Notify:
    """The channels of a checked `[notify]` table."""
    return Notify(
        slack=Slack(**table["slack"]) if "slack" in table else None,
        webhook=Webhook(**table["webhook"]) if "webhook" in table else None,
        email=_email(table["email"]) if "email" in table else None,
    )


def secret(variable: str, setting: str) -> str:
    """What an environment variable holds. Raises ConfigError, naming the variable and the setting, for nothing."""
    value = os.environ.get(variable, "").strip()
    if value:
        return value
    raise ConfigError(f"the environment variable {variable} is not set", where=setting, fix=f"export {variable}=...")


def _email(table: Mapping[str, Any]) -> Email:
    security = table.get("security", "starttls")
    kept = {key: table[key] for key in ("host", "user_env", "password_env") if key in table}
    port = table.get("port", _PORTS[security])
    return Email(port=port, security=security, sender=table["from"], to=tuple(table["to"]), **kept)
