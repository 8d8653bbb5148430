"""Checks of the credentials: who they are, and whose bill they can see."""

from __future__ import annotations

from finops.doctor.case import Case
from finops.doctor.check import Verdict, ok, several, unchecked
from finops.errors import FinopsError


def credentials(case: Case) -> Verdict:
    """Who asks."""
    found = case.identity
    if isinstance(found, FinopsError):
        return unchecked(found)
    return ok(f"account {found['Account']}, {found['Arn']}")


def payer(case: Case) -> Verdict:
    """Whether this account sees the whole bill; a role that only reads the bucket needs no more than that."""
    found = case.organization
    if isinstance(found, FinopsError):
        return unchecked(found)
    if not found:
        return ok("the account is in no organization: it pays for itself")
    if isinstance(case.identity, FinopsError):
        return unchecked("the organization is known, the account that asks is not")
    if not case.is_member:
        return ok(f"the management account of organization {found['Id']}")
    return ok(
        f"a member of organization {found['Id']}: exports and tags of the whole bill are set up in account "
        f"{case.management_account}",
        f"finops doctor with credentials of account {case.management_account} checks those",
    )


def denied_calls(case: Case) -> Verdict:
    """What was refused for lack of a permission."""
    if isinstance(case.identity, FinopsError) and not case.denied:
        return unchecked(FinopsError(case.identity.what))
    if case.denied:
        address = f" {case.address}" if case.address else " s3://BUCKET/FOLDER"
        return unchecked(f"denied: {several(sorted(set(case.denied)), 12)}", f"finops doctor{address} --iam-policy")
    return ok("no call was denied")
