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
