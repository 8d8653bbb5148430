"""What the words behind `finops ingest` mean: folders and files on this machine, or addresses in S3."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.aws import Door
    from finops.ingest.discover import Survey
    from finops.ingest.s3 import Address

_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Sources:
    """Where exports are looked for, and the first billing period (YYYY-MM) that is wanted.

    `door` leads to AWS; it is there when there are addresses.
    """

    paths: tuple[Path, ...]
    addresses: tuple[Address, ...]
    since: str | None = None
    door: Door | None = None

    def survey(self) -> Survey:
        """Everything found, first on this machine and then in S3. Raises what `survey` and `survey_s3` raise."""
        from finops.ingest.discover import Survey, survey
        from finops.ingest.s3 import survey_s3

        surveys = [survey(self.paths, self.since)] if self.paths else []
        if self.door:
            surveys.append(survey_s3(self.door.client("s3"), self.addresses, self.since))
        return Survey(
            found=[found for one in surveys for found in one.found],
            ignored=[ignored for one in surveys for ignored in one.ignored],
        )

    def requests(self) -> int:
        """The requests sent to S3 until now."""
        return self.door.calls.count("s3") if self.door else 0


def read_sources(words: Sequence[str], since: str | None = None, profile: str | None = None) -> Sources:
    """Sort the words of the command line. Raises UsageError for one of them or for a month that is none."""
    from finops.aws import open_door
    from finops.ingest.s3 import is_address, parse_address

    if since and not _PERIOD.fullmatch(since):
        raise UsageError(f"{since} is no billing period", "--since", "write it as 2026-08")
    addresses = tuple(parse_address(word) for word in words if is_address(word))
    paths = tuple(Path(word) for word in words if not is_address(word))
    if profile and not addresses:
        raise UsageError("nothing here needs AWS credentials", "--profile", "finops ingest s3://BUCKET/FOLDER")
    return Sources(paths, addresses, since, open_door(profile) if addresses else None)
