"""Clients for AWS services that can only read: what is not in calls.csv is refused before it leaves the machine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Lock
from typing import Any

from finops import __version__
from finops.aws.permissions import known_calls
from finops.aws.refusals import aws_errors, broken_off
from finops.errors import EngineError, FinopsError

# Services whose host botocore would otherwise derive from the caller's region, where none exists.
_HOME_REGION = {
    "bcm-data-exports": "us-east-1",
    "budgets": "us-east-1",
    "ce": "us-east-1",
    "cur": "us-east-1",
    "invoicing": "us-east-1",
    "organizations": "us-east-1",
    "pricing": "us-east-1",
    "savingsplans": "us-east-1",
}
_SECONDS_TO_CONNECT = 10
_SECONDS_TO_READ = 60
_ATTEMPTS = 5


@dataclass
class Calls:
    """What left the machine: every attempt counts, as AWS counts it. `limits` caps the attempts of a service."""

    made: Counter[tuple[str, str]] = field(default_factory=Counter)
    limits: dict[str, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def count(self, service: str) -> int:
        """The requests sent to one service."""
        return sum(count for (name, _), count in self.made.items() if name == service)

    def price(self) -> Decimal:
        """What the requests sent cost, in USD."""
        calls = known_calls()
        return sum((calls[made].price * count for made, count in self.made.items()), Decimal(0))

    def add(self, service: str, operation: str) -> None:
        """Count a request that is about to be sent. Raises EngineError when its service's limit is reached."""
        with self._lock:
            limit = self.limits.get(service)
            if limit is not None and self.count(service) >= limit:
                raise EngineError(
                    f"stopped before request {limit + 1} to {service}: {limit} is the limit",
                    operation,
                    f"--max-requests {limit * 2}",
                )
            self.made[service, operation] += 1


@dataclass
class Door:
    """Gives clients that share credentials and the count of calls; one door per run."""

    session: Any
    calls: Calls = field(default_factory=Calls)

    def client(self, service: str, region: str | None = None) -> Any:
        """A client of one service, in a region or where the service has its home."""
        from botocore.config import Config

        client = self.session.client(
            service,
            region_name=region or _HOME_REGION.get(service) or self.session.region_name or "us-east-1",
            config=Config(
                connect_timeout=_SECONDS_TO_CONNECT,
                read_timeout=_SECONDS_TO_READ,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                user_agent_extra=f"finops/{__version__}",
            ),
        )
        client.meta.events.register_first("provide-client-params.*.*", self._refuse_unknown(service))
        client.meta.events.register_first("before-send.*.*", self._count(service))
        client.meta.events.register_first("after-call.*.*", _require_whole)
        return client

    def _refuse_unknown(self, service: str) -> Any:
        def refuse(model: Any, **_: Any) -> None:
            if (service, model.name) not in known_calls():
                raise FinopsError(f"finops does not call {service} {model.name}", "finops/aws/calls.csv")

        return refuse

    def _count(self, service: str) -> Any:
        def count(event_name: str, **_: Any) -> None:
            self.calls.add(service, event_name.rpartition(".")[2])

        return count


def _require_whole(http_response: Any, model: Any, **_: Any) -> None:
    """Raises BrokenOff for an answer that was cut short: botocore takes one without a body for an empty result."""
    if model.has_streaming_output or model.http.get("method") == "HEAD":
        return
    promised = http_response.headers.get("content-length", "0")
    if len(http_response.content) < int(promised):
        raise broken_off(f"{model.service_model.service_name} {model.name}")


def open_door(profile: str | None = None) -> Door:
    """A door with the credentials the AWS CLI would use. Raises ConfigError for a profile that does not exist."""
    import boto3

    with aws_errors(f"profile {profile}" if profile else "AWS credentials"):
        return Door(boto3.Session(profile_name=profile))
