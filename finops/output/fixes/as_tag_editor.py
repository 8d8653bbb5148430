"""A table of the resources to tag, one column per tag, for the Tag Editor of the AWS console or a spreadsheet."""

from __future__ import annotations

from finops.config.settings import TagPolicy
from finops.gaps.fixable import Fixable
from finops.output.as_csv import csv_text
from finops.output.fixes import Files

_FIXED = ("Account", "Region", "Service", "Identifier", "ARN", "Owner", "Open tags")


def files(found: Fixable, policy: TagPolicy) -> Files:
    """One file: values to set stand under `Tag: KEY`; tags whose value is not known are named in `Open tags`."""
    header = (*_FIXED, *(f"Tag: {tag}" for tag in policy.required))
    rows = [
        (
            one.account, one.region, one.service, one.resource_id, one.arn or "", one.owner, ", ".join(one.open_tags),
            *(one.tags.get(tag, "") for tag in policy.required),
        )
        for one in found.resources
    ]  # fmt: skip
    yield "tag-editor.csv", csv_text([header, *rows])
