"""Whose costs Cost Explorer shows: the account of the credentials, and the one that pays its bill."""

from __future__ import annotations

from dataclasses import dataclass

from finops.aws import Door, aws_error, aws_errors
from finops.aws.refusals import is_denied


@dataclass(frozen=True)
class Account:
    """The account that asks and the payer of its bill; where the payer is not known the account is taken for it."""

    account: str
    payer: str
    payer_known: bool = True


def caller(door: Door) -> Account:
    """Who asks. Both calls are free. Raises FinopsError without credentials that work."""
    with aws_errors("AWS credentials"):
        account = str(door.client("sts").get_caller_identity()["Account"])
    client = door.client("organizations")
    try:
        return Account(account, str(client.describe_organization()["Organization"]["MasterAccountId"]))
    except client.exceptions.AWSOrganizationsNotInUseException:
        return Account(account, account)
    except client.exceptions.ClientError as error:
        if not is_denied(error):
            raise aws_error(error, "AWS Organizations") from error
        return Account(account, account, payer_known=False)
