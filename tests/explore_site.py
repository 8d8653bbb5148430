"""The explorer on loopback over the demo company's bill, for the tests of its answers and of its page."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from finops.cli import main
from finops.cli.boundary import as_finops_error
from finops.explore.answers import Served
from finops.explore.server import address, listening
from finops.ingest.demo import settings_toml, write_export
from tests.tiny_export import write_export as write_lines


@cache
def demo() -> Served:
    """Two months of the demo company's bill with its settings, loaded once for all tests of a process."""
    home = TemporaryDirectory()
    atexit.register(home.cleanup)
    folder = Path(home.name)
    (folder / "finops.toml").write_text(settings_toml())
    export = write_export("cur2-parquet", folder / "export", 2)
    assert main(["ingest", str(export), "--db", str(folder / "finops.duckdb")]) == 0
    return Served(folder / "finops.duckdb", folder / "finops.toml")


# A few days of October: two accounts, tags that are right, missing and hostile, and enough to drill down to.
LINES = tuple(
    {
        "lineItem/UsageStartDate": f"2026-10-{day:02}T{hour:02}:00:00Z",
        "lineItem/UsageEndDate": f"2026-10-{day:02}T{hour + 1:02}:00:00Z",
        "lineItem/UnblendedCost": cost,
        "lineItem/ProductCode": service,
        "lineItem/UsageType": usage,
        "lineItem/ResourceId": resource,
        "lineItem/UsageAccountId": account,
        "resourceTags/user:Owner": owner,
    }
    for day in (5, 6, 7, 8)
    for hour in (0, 12)
    for cost, service, usage, resource, account, owner in (
        (f"{day}.0123456789", "AmazonEC2", "USE2-BoxUsage:m5.large", "i-1", "000000000002", "team-orders"),
        ("0.5", "AmazonEC2", "USE2-NatGateway-Hours", "nat-1", "000000000002", ""),
        (f"{10 - day}", "AmazonRDS", "USE2-InstanceUsage:db.m5", "db-1", "000000000002", "team-ml"),
        ("0.25", "AmazonS3", "USE2-Requests-Tier1", "bucket", "000000000003", "<script>alert(1)</script>"),
    )
)


def small(folder: Path) -> Served:
    """A bill of some lines with its settings, loaded."""
    (folder / "finops.toml").write_text('[tags]\nrequired = ["Owner"]\n')
    export = write_lines(folder, LINES)
    assert main(["ingest", str(export), "--db", str(folder / "finops.duckdb")]) == 0
    return Served(folder / "finops.duckdb", folder / "finops.toml")


@contextmanager
def running(served: Served, host: str = "127.0.0.1") -> Iterator[str]:
    """The address of a site that answers until the block ends."""
    with listening(served, host, 0, as_finops_error) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield address(server, host)
        finally:
            server.shutdown()
            thread.join()
