"""The case file of one examination: every answer is asked for once, and a refusal is an answer too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from finops.aws import Door, aws_errors, known_calls
from finops.aws.refusals import is_denied
from finops.config import Settings, load_settings
from finops.doctor.holdings import Holdings, read_holdings
from finops.errors import DataError, EngineError, FinopsError, UsageError

T = TypeVar("T")


@dataclass(frozen=True)
class Address:
    """Where exports lie: a bucket and the folder in it, without slashes at its ends."""

    bucket: str
    folder: str = ""

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.folder}".rstrip("/")


@dataclass
class Case:
    """What is examined, and what was answered so far.

    `door` is the error where AWS cannot even be asked, None where it shall not be. `now` is the moment that ages are
    counted to, UTC. `say` is told before a request that costs money leaves.
    """

    database: Path
    config: Path | None
    now: datetime
    door: Door | FinopsError | None = None
    address: Address | None = None
    free: bool = False
    say: Callable[[str], None] = lambda text: None
    denied: list[str] = field(default_factory=list)

    @cached_property
    def settings(self) -> Settings | FinopsError:
        """The settings, or what is wrong with them."""
        try:
            return load_settings(self.config)
        except FinopsError as error:
            return error

    @cached_property
    def holdings(self) -> Holdings | FinopsError:
        """What is loaded, or why that cannot be read."""
        try:
            return read_holdings(self.database)
        except DataError as error:
            return error

    @cached_property
    def identity(self) -> dict[str, str] | FinopsError:
        """Who the credentials are: Account and Arn."""
        return self._ask("who the credentials are", lambda door: door.client("sts").get_caller_identity())

    @cached_property
    def organization(self) -> dict[str, str] | FinopsError:
        """The organization this account is in; empty where it is in none."""
        return self.ask("the organization", _organization)

    @property
    def management_account(self) -> str | None:
        """The account that the whole bill belongs to, None when nobody could tell."""
        if isinstance(self.identity, FinopsError) or isinstance(self.organization, FinopsError):
            return None
        return self.organization.get("MasterAccountId", self.identity["Account"])

    @property
    def is_member(self) -> bool:
        """Whether another account is known to pay the bill of this one."""
        payer = self.management_account
        return payer is not None and not isinstance(self.identity, FinopsError) and payer != self.identity["Account"]

    def ask(self, where: str, question: Callable[[Door], T]) -> T | FinopsError:
        """The answer to a question, or the refusal in words; without credentials nothing is asked."""
        if isinstance(self.identity, FinopsError) and not _denied(self.identity):
            # The first check says what to do about it; the others only say why they have no answer.
            return FinopsError(self.identity.what)
        return self._ask(where, question)

    def _ask(self, where: str, question: Callable[[Door], T]) -> T | FinopsError:
        if self.door is None or isinstance(self.door, FinopsError):
            return self.door or FinopsError("AWS was not asked")
        try:
            with aws_errors(where):
                return question(self.door)
        except (EngineError, UsageError) as error:
            if _denied(error):
                self.denied.append(_action(error))
            return error


def price(service: str, operation: str) -> Decimal:
    """What one request of this kind costs, in USD."""
    return known_calls()[service, operation].price


def _denied(error: FinopsError) -> bool:
    return isinstance(error.__cause__, Exception) and is_denied(error.__cause__)


def _action(error: FinopsError) -> str:
    if "kms" in str(error.__cause__).lower():
        return "kms:Decrypt"
    operation = str(getattr(error.__cause__, "operation_name", ""))
    return next((call.action for call in known_calls().values() if call.operation == operation), operation)


def _organization(door: Door) -> dict[str, str]:
    client = door.client("organizations")
    try:
        found: dict[str, str] = client.describe_organization()["Organization"]
    except client.exceptions.AWSOrganizationsNotInUseException:
        return {}
    return found
