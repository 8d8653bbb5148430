"""Lifecycle policies of ECR: untagged images only, to be previewed before anything is set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from finops.output.hcl import Block, Raw, label, text
from finops.recommend.review.asked import Advice, Asked, by_place
from finops.recommend.review.piece import Left, Piece, as_json, file_name
from finops.recommend.review.terraform import tf_file

_TYPE = "aws_ecr_lifecycle_policy"
_VARIABLE = "repositories_without_policy"
# A proposal: nobody can read from a bill which images are in use.
UNTAGGED_DAYS = 30
_POLICY: dict[str, Any] = {
    "rules": [
        {
            "rulePriority": 1,
            "description": f"untagged images {UNTAGGED_DAYS} days after they were pushed",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": UNTAGGED_DAYS,
            },
            "action": {"type": "expire"},
        }
    ]
}
_WHAT = "Lifecycle policies of repositories. A policy replaces the one that is there: merge first where there is one."
_ASK = (
    "Repositories of which you have seen that `aws ecr get-lifecycle-policy` says LifecyclePolicyNotFoundException, "
    "and in the preview that no image in use would expire."
)


def pieces(asked: Asked) -> Iterator[Piece | Left]:
    """The input of a preview for each repository, and a file of Terraform per account and region."""
    advice = [(one.place, one) for one in asked.of("ecr_images")]
    for place, here in by_place(advice):
        blocks = [_variable(), *(_policy(one) for one in here)]
        yield from tf_file(place, "ecr-lifecycle", _WHAT, blocks, [one.id for one in here])
    for _, one in advice:
        name = repository(one)
        body = {"repositoryName": name, "lifecyclePolicyText": json.dumps(_POLICY)}
        registry = {"registryId": one["account"]} if one["account"] else {}
        about = f"{name}: for aws ecr start-lifecycle-policy-preview --cli-input-json, which changes nothing"
        yield Piece(f"ecr/{file_name(name)}.preview.json", as_json({**registry, **body}), about, (one.id,))


def repository(one: Advice) -> str:
    """The name of the repository without its ARN."""
    return str(one["resource_id"]).partition(":repository/")[2] or str(one["resource_id"])


def _variable() -> Block:
    # without a default a plan asks: a policy must not be set over one that nobody looked at
    return Block("variable", (_VARIABLE,), {"type": Raw("set(string)"), "description": _ASK})


def _policy(one: Advice) -> Block:
    name = repository(one)
    seen = {"condition": Raw(f"contains(var.{_VARIABLE}, {text(name)})"), "error_message": _ASK}
    guard = Block("lifecycle", (), {}, [Block("precondition", (), seen)])
    return Block(
        "resource",
        (_TYPE, label(name)),
        {"repository": name, "policy": json.dumps(_POLICY, separators=(",", ":"))},
        [guard],
    )
