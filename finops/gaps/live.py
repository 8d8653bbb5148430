"""Which gaps are closed in AWS already and only not on the bill yet: what the Resource Groups Tagging API says today.

It answers for the account of the credentials, region by region, and knows no resource that never had a tag: such a
resource is still open. What lies in other accounts, or has no ARN, is not checked, and said to be so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from finops.aws.door import Door
from finops.aws.refusals import aws_errors
from finops.config.policy import value_reader
from finops.document import Column, Rows
from finops.gaps.fixable import Untagged, fixable

if TYPE_CHECKING:
    from finops.reader import Ledger

# What GetResources takes and gives at once (AWS API reference).
BATCH = 100
LIVE = (Column("tag"), Column("account"), Column("region"), Column("resource_id"), Column("live"))


def live(ledger: Ledger, door: Door) -> Rows:
    """Each gap of the newest days with `fixed`, `open` or `not checked`. Needs `gap_rows`.

    Raises EngineError when AWS cannot be asked; a gap is never called open because of that.
    """
    with aws_errors("Resource Groups Tagging API"):
        account = door.client("sts").get_caller_identity()["Account"]
        found = fixable(ledger).resources
        tags = _tags_now(door, [one for one in found if one.account == account and one.arn])
    rows = [
        (tag, one.account, one.region, one.resource_id, _state(ledger, one, tag, account, tags))
        for one in found
        for tag in sorted({*one.tags, *one.open_tags})
    ]
    return Rows.of(LIVE, rows)


def _state(ledger: Ledger, one: Untagged, tag: str, account: str, tags: dict[str, dict[str, str]]) -> str:
    if one.arn is None or one.account != account:
        return "not checked"
    read = value_reader(ledger.settings.tags.values.get(tag))
    return "fixed" if read(tags.get(one.arn, {}).get(tag))[1] == "valid" else "open"


def _tags_now(door: Door, resources: Sequence[Untagged]) -> dict[str, dict[str, str]]:
    regions: dict[str, list[str]] = defaultdict(list)
    for one in resources:
        regions[one.region].append(one.arn or "")
    found: dict[str, dict[str, str]] = {}
    for region, arns in sorted(regions.items()):
        client = door.client("resourcegroupstaggingapi", region)
        for start in range(0, len(arns), BATCH):
            for answer in _pages(client, arns[start : start + BATCH]):
                found[answer["ResourceARN"]] = {tag["Key"]: tag["Value"] for tag in answer["Tags"]}
    return found


def _pages(client: Any, arns: Sequence[str]) -> Iterator[dict[str, Any]]:
    answer = client.get_resources(ResourceARNList=list(arns))
    yield from answer["ResourceTagMappingList"]
    # A token may come with an empty page.
    while token := answer.get("PaginationToken"):
        answer = client.get_resources(ResourceARNList=list(arns), PaginationToken=token)
        yield from answer["ResourceTagMappingList"]
