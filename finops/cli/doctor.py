"""finops doctor."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from finops.cli.options import ConfigFile, Db, Format, Output
from finops.cli.progress import say
from finops.errors import UsageError

AddressName = Annotated[
    str | None,
    typer.Argument(metavar="s3://BUCKET/FOLDER", help="Where the exports lie. Default: where AWS delivers them."),
]
IamPolicy = Annotated[
    bool, typer.Option("--iam-policy", help="Print the least-privilege policy for all of finops, and ask nothing.")
]
KmsKey = Annotated[
    str | None, typer.Option("--kms-key", metavar="ARN", help="The key that encrypts the exports, for the policy.")
]
Offline = Annotated[bool, typer.Option("--offline", help="Ask AWS nothing: this machine and the ledger only.")]
Free = Annotated[bool, typer.Option("--free", help="Leave out what AWS charges for: the activation of tag keys.")]

_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")


def run(
    address: AddressName = None,
    iam_policy: IamPolicy = False,
    kms_key: KmsKey = None,
    offline: Offline = False,
    free: Free = False,
    form: Format = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> int:
    """Check the set-up, from this machine to the bill in AWS; change nothing.

    Ends in 0 when every check is ok, in 3 when one found a problem, in 4 when none did but something could not be
    checked. A call that AWS denies is never a pass.
    """
    if iam_policy:
        _print_policy(address, kms_key, output)
        return 0
    if kms_key:
        raise UsageError("--kms-key is for the policy", fix="finops doctor --iam-policy --kms-key ARN")
    return _examine(address, offline, free, form, output, db, config)


def _examine(
    address: str | None,
    offline: bool,
    free: bool,
    form: str,
    output: Path | None,
    db: Path | None,
    config: Path | None,
) -> int:
    from finops.aws import Door
    from finops.config import db_path
    from finops.doctor import doctor, exit_code, open_case
    from finops.output import write

    case = open_case(db_path(db), config, address, offline, free)
    case.say = say
    document = doctor(case)
    write(document, form, output)
    if isinstance(case.door, Door) and case.door.calls.made:
        say(f"{case.door.calls.made.total()} requests to AWS, {case.door.calls.price()} USD")
    return exit_code(document)


def _print_policy(address: str | None, kms_key: str | None, output: Path | None) -> None:
    from finops.output.destination import destination

    policy = _policy(address, kms_key)
    with destination(output) as out:
        out.write(json.dumps(policy, indent=2) + "\n")


def _policy(address: str | None, kms_key: str | None) -> dict[str, Any]:
    from finops.aws import iam_policy
    from finops.doctor.buckets import read_address

    if kms_key and not _KEY.fullmatch(kms_key):
        raise UsageError(f"{kms_key} is no ARN of a KMS key", "--kms-key", "arn:aws:kms:REGION:ACCOUNT:key/ID")
    if address is None:
        say("note: BUCKET and FOLDER stand for where the exports lie: finops doctor s3://... --iam-policy")
        return iam_policy(key=kms_key)
    place = read_address(address)
    return iam_policy(place.bucket, place.folder, kms_key)
