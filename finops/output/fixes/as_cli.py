"""AWS CLI commands that set the tags: one script per account, at most 20 ARNs per command."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from finops.config.settings import TagPolicy
from finops.gaps.fixable import Fixable, Untagged
from finops.output.fixes import Files

# What TagResources, UntagResources and UpdateCostAllocationTagsStatus take at once (AWS API reference).
BATCH = 20
_TAG = "aws resourcegroupstaggingapi tag-resources"
_UNTAG = "aws resourcegroupstaggingapi untag-resources"
_HEAD = """\
#!/bin/sh
# {what}
# Written by finops; nothing was executed. Read it, then run it with credentials of account {account}.
set -eu
wanted={quoted}
account=$(aws sts get-caller-identity --query Account --output text)
if [ "$account" != "$wanted" ]; then
  echo "these are credentials of account $account, not of $wanted" >&2
  exit 1
fi
"""


def files(found: Fixable, policy: TagPolicy) -> Files:
    """A script per account with something to tag, and one per payer with a key to activate."""
    accounts: dict[str, list[Untagged]] = defaultdict(list)
    for one in found.resources:
        accounts[one.account].append(one)
    for account, resources in accounts.items():
        yield f"cli/tag-resources-{_safe(account)}.sh", _script(account, resources)
    for payer, tags in found.inactive.items():
        yield f"cli/activate-tags-{_safe(payer)}.sh", _activation(payer, tags)


def _script(account: str, resources: Sequence[Untagged]) -> str:
    head = _HEAD.format(
        what="Sets the tags that the bill misses, where their value is known.",
        account=_comment(account),
        quoted=shlex.quote(account),
    )
    return "\n".join([head, *_set(resources), *_removed(resources), *_left_over(resources)]) + "\n"


def _set(resources: Sequence[Untagged]) -> Iterator[str]:
    alike: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = defaultdict(list)
    for one in resources:
        if one.tags and one.arn:
            alike[one.region, tuple(sorted(one.tags.items()))].append(one.arn)
    for (region, tags), arns in sorted(alike.items()):
        for batch in _batches(arns):
            yield _command(_TAG, region, batch, ["--tags", _map(dict(tags))])


def _removed(resources: Sequence[Untagged]) -> Iterator[str]:
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for one in resources:
        if one.other_keys and one.arn and one.tags:
            alike[one.region, one.other_keys].append(one.arn)
    for (region, keys), arns in sorted(alike.items()):
        for batch in _batches(arns):
            yield _command(_UNTAG, region, batch, ["--tag-keys", *keys])


def _left_over(resources: Sequence[Untagged]) -> Iterator[str]:
    """What a person has to decide, as comments: a script must never set a value that nobody chose."""
    open_ones = [one for one in resources if one.open_tags or not one.arn]
    if open_ones:
        yield "# Left to you: the value is not known, or the bill does not tell the ARN."
    for one in open_ones:
        tags = ", ".join(dict.fromkeys((*one.open_tags, *(() if one.arn else one.tags))))
        yield f"# {_comment(one.arn or one.resource_id)} in {_comment(one.region)}: {_comment(tags)}"


def _activation(payer: str, tags: Sequence[str]) -> str:
    head = _HEAD.format(
        what="Activates keys as cost allocation tags: costs from then on carry them, the past does not.",
        account=_comment(payer),
        quoted=shlex.quote(payer),
    )
    lines = []
    for batch in _batches(tags):
        words = ["aws ce update-cost-allocation-tags-status", "--cost-allocation-tags-status"]
        words += [shlex.quote(_json([{"TagKey": tag, "Status": "Active"} for tag in batch]))]
        lines.append(" ".join(words))
    return "\n".join([head, *lines]) + "\n"


def _command(call: str, region: str, arns: Sequence[str], more: Sequence[str]) -> str:
    parts = [f"{call} --region {shlex.quote(region)}", "--resource-arn-list", *map(shlex.quote, arns)]
    return " \\\n  ".join([*parts, " ".join(map(shlex.quote, more))])


def _batches(items: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(sorted(items))
    while batch := list(islice(rest, BATCH)):
        yield batch


def _map(tags: Mapping[str, str]) -> str:
    # The shorthand Key=Value breaks at commas and equals signs, JSON at nothing.
    return _json(tags)


def _json(value: object) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def _comment(text: str) -> str:
    """Text that cannot leave its line of comment."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _safe(account: str) -> str:
    return "".join(character for character in account if character.isalnum() or character in "-_") or "none"
