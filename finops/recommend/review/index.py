"""The page that a reviewer opens first: every file with its advice and money, and what is in no file, with the why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase

from finops.output.as_markdown import escaped
from finops.output.values import money
from finops.recommend.review.asked import Asked
from finops.recommend.review.piece import Left, Piece

_HEAD = """\
# Advice to review

Written by finops from the bill. Nothing was executed: no call to AWS was made, no file here has been applied, and
Terraform has not planned it. Read what a file does, check what its ticket says, then apply it the way you apply
other changes.
"""
# By the name of a file: what it is applied with, and what to know before.
_HOW = (
    (
        "s3/*.put.json",
        "`aws s3api put-bucket-lifecycle-configuration --cli-input-json file://FILE`",
        "replaces all rules: see `s3/README.md`",
    ),
    ("s3/*.fragment.*", "nothing takes them", "merge first: see `s3/README.md`"),
    ("terraform/*/*.tf", "`terraform plan`, then read it", "what another configuration owns belongs there"),
    (
        "logs/*.put-retention.json",
        "`aws logs put-retention-policy --cli-input-json file://FILE`",
        "older logs are deleted for good",
    ),
    (
        "ecr/*.preview.json",
        "`aws ecr start-lifecycle-policy-preview --cli-input-json file://FILE`",
        "changes nothing",
    ),
    (
        "ebs/*.modify-volume.json",
        "`aws ec2 modify-volume --cli-input-json file://FILE`",
        "once in 6 hours for a volume",
    ),
    ("ebs/*.fragment.hcl", "nothing takes them", "lines for the configuration that has the volume"),
    (
        "purchases/*.find-offering.json",
        "`aws savingsplans describe-savings-plans-offerings --cli-input-json file://FILE`",
        "changes nothing",
    ),
    (
        "purchases/*.create-savings-plan.json",
        "`aws savingsplans create-savings-plan --cli-input-json file://FILE`",
        "cannot be taken back; fill in the id of the offering",
    ),
)


def index(asked: Asked, pieces: Sequence[Piece], left: Sequence[Left]) -> Piece:
    """README.md of the folder."""
    parts = [_HEAD, "\n".join(_files(asked, pieces))]
    if left:
        parts.append("\n".join(_left(left)))
    return Piece("README.md", "\n".join([*parts, "\n".join(_how(pieces))]), "this page")


def _files(asked: Asked, pieces: Sequence[Piece]) -> Iterator[str]:
    savings = {one.id: one.saving for one in asked.advice}
    if not pieces:
        yield "There is no advice."
        yield ""
        return
    currency = asked.basis.currency or "a month"
    yield f"| file | what it is | saving a month ({currency}) | advice |"
    yield "| --- | --- | --: | --- |"
    for piece in sorted({one.name: one for one in pieces}.values(), key=lambda one: one.name):
        ids = list(dict.fromkeys(piece.ids))
        known = [value for name in ids if (value := savings.get(name)) is not None]
        saving = escaped(money(sum(known, Decimal(0)))) if known else ""
        yield f"| `{piece.name}` | {escaped(piece.about)} | {saving} | {_named(ids)} |"
    yield ""
    yield "A saving is that of the advice alone: advice in several files is the same money, and advice may overlap."
    yield ""


def _named(ids: Sequence[str]) -> str:
    return " ".join(f"`{name}`" for name in ids)


def _left(left: Sequence[Left]) -> Iterator[str]:
    yield "## Not written"
    yield ""
    for one in left:
        yield f"- {escaped(one.what)}: {escaped(one.why)} {_named(one.ids)}".rstrip()
    yield ""


def _how(pieces: Sequence[Piece]) -> Iterator[str]:
    """Only of the kinds of files that are there; nothing where all of them are for people."""
    names = [one.name for one in pieces if not one.name.startswith("tickets/")]
    if not names:
        return
    yield "## How they are applied"
    yield ""
    yield "| files | with | know before |"
    yield "| --- | --- | --- |"
    for pattern, how, before in _HOW:
        if any(fnmatchcase(name, pattern) for name in names):
            yield f"| `{pattern}` | {how} | {before} |"
    yield ""
