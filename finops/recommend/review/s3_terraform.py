"""Rules of S3 Lifecycle in Terraform (AWS provider, aws_s3_bucket_lifecycle_configuration)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finops.output.hcl import Block

Body = Mapping[str, Any]
_WORD = re.compile(r"(?<!^)(?=[A-Z])")
# Lists of the API that are a block each in Terraform, which names them in the singular.
_BLOCKS = {
    "Transitions": "transition",
    "Expiration": "expiration",
    "NoncurrentVersionTransitions": "noncurrent_version_transition",
    "NoncurrentVersionExpiration": "noncurrent_version_expiration",
    "AbortIncompleteMultipartUpload": "abort_incomplete_multipart_upload",
}
_PLAIN = {"ID", "Status", "Filter"}


def rule_block(rule: Body) -> Block | None:
    """The rule as a block; None where it has a member that is not known here, so that none is lost."""
    if not set(rule) <= _PLAIN | set(_BLOCKS):
        return None
    blocks = [_filter(rule.get("Filter") or {})]
    for name, kind in _BLOCKS.items():
        blocks += [Block(kind, arguments=_arguments(one)) for one in _listed(rule.get(name))]
    return Block("rule", (), {"id": rule.get("ID", ""), "status": rule.get("Status", "")}, blocks)


def _filter(found: Body) -> Block:
    inside = dict(found)
    tag, both = inside.pop("Tag", None), inside.pop("And", None)
    blocks = [Block("tag", (), {"key": tag["Key"], "value": tag["Value"]})] if tag else []
    if both is not None:
        more = dict(both)
        tags = {one["Key"]: one["Value"] for one in more.pop("Tags", ())}
        blocks.append(Block("and", (), {**_arguments(more), **({"tags": tags} if tags else {})}))
    return Block("filter", (), _arguments(inside), blocks)


def _arguments(body: Body) -> dict[str, object]:
    return {_WORD.sub("_", name).lower(): value for name, value in body.items()}


def _listed(value: Any) -> Iterator[Body]:
    yield from value if isinstance(value, Sequence) else () if value is None else (value,)
