"""Terraform: default tags that hold for a whole account, and the tags of single resources."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from finops.config.settings import TagPolicy
from finops.gaps.fixable import Fixable, Untagged
from finops.output.fixes import Files
from finops.output.hcl import text

_HEAD = """\
# {what}
# Written by finops; nothing was executed.
"""
# Resource types that set one tag of something that another configuration owns (Terraform AWS provider).
_ONE_TAG = {
    "ec2": ("aws_ec2_tag", "resource_id"),
    "dynamodb": ("aws_dynamodb_tag", "resource_arn"),
    "ecs": ("aws_ecs_tag", "resource_arn"),
}


def files(found: Fixable, policy: TagPolicy) -> Files:
    """A file per account: its provider's default tags, tags of single resources, and a map for all the others."""
    accounts: dict[str, list[Untagged]] = defaultdict(list)
    for one in found.resources:
        if one.tags:
            accounts[one.account].append(one)
    for account, resources in accounts.items():
        yield f"terraform/tags-{_name(account)}.tf", _file(account, resources)


def _file(account: str, resources: Sequence[Untagged]) -> str:
    common = _common(resources)
    head = _HEAD.format(what=f"The tags that the bill of account {_name(account)} misses, where their value is known.")
    parts = [head, *([_default_tags(account, common)] if common else [])]
    single = [(one, {tag: value for tag, value in one.tags.items() if tag not in common}) for one in resources]
    parts += [block for one, tags in single if tags for block in _one_tag(one, tags)]
    others = {one.arn or one.resource_id: tags for one, tags in single if tags and _kind(one) is None}
    if others:
        parts.append(_others(others))
    return "\n".join(parts)


def _common(resources: Sequence[Untagged]) -> dict[str, str]:
    """Tags that the account tells, with one value wherever they are missing: they may hold for all that is in it."""
    values: dict[str, set[str]] = defaultdict(set)
    for one in resources:
        for tag, value in one.tags.items():
            values[tag].add(value if tag in one.by_account else "")
    return {tag: min(found) for tag, found in sorted(values.items()) if len(found) == 1 and found != {""}}


def _default_tags(account: str, tags: Mapping[str, str]) -> str:
    return (
        "# Put default_tags into the provider that you have for this account. They do not reach instances of an\n"
        "# Auto Scaling group, volumes of a launch template, and what other services create.\n"
        'provider "aws" {\n'
        f'  alias               = "account_{_name(account)}"\n'
        f"  allowed_account_ids = [{text(account)}]\n"
        "\n"
        "  default_tags {\n"
        f"    tags = {_map(tags, 4)}\n"
        "  }\n"
        "}\n"
    )


def _one_tag(one: Untagged, tags: Mapping[str, str]) -> Iterator[str]:
    kind = _kind(one)
    if kind is None:
        return
    resource_type, argument = kind
    target = (one.arn or "").rpartition("/")[2] if argument == "resource_id" else one.arn or ""
    for tag, value in sorted(tags.items()):
        yield (
            f'resource "{resource_type}" "{_name(f"{one.resource_id}_{tag}")}" {{\n'
            f"  {argument.ljust(11)} = {text(target)}\n"
            f"  {'key'.ljust(len(argument.ljust(11)))} = {text(tag)}\n"
            f"  {'value'.ljust(len(argument.ljust(11)))} = {text(value)}\n"
            "}\n"
        )


def _others(others: Mapping[str, Mapping[str, str]]) -> str:
    entries = "".join(f"    {text(arn)} = {_map(tags, 4)}\n" for arn, tags in sorted(others.items()))
    return (
        '# In the block of each resource: tags = merge(local.missing_tags["ARN"], { ... })\n'
        "locals {\n"
        "  missing_tags = {\n"
        f"{entries}"
        "  }\n"
        "}\n"
    )


def _kind(one: Untagged) -> tuple[str, str] | None:
    service = (one.arn or "").split(":")[2:3]
    return _ONE_TAG.get(service[0]) if service else None


def _map(tags: Mapping[str, str], indent: int) -> str:
    inner = "".join(f"{' ' * (indent + 2)}{text(tag)} = {text(value)}\n" for tag, value in sorted(tags.items()))
    return "{\n" + inner + " " * indent + "}"


def _name(text: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_") or "none"
    return name if not name[0].isdigit() or name.isdigit() else f"r_{name}"
