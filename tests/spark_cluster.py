"""A real Spark cluster on loopback: the standalone master and one worker that PySpark brings, each a process."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

_HOST = "127.0.0.1"
_MASTER = "org.apache.spark.deploy.master.Master"
_WORKER = "org.apache.spark.deploy.worker.Worker"
# What they say of themselves as soon as they can be used.
_LISTENS = re.compile(r"Starting Spark master at (spark://\S+)")
_JOINED = re.compile(r"Successfully registered with master (spark://\S+)")


@contextmanager
def standalone(folder: Path) -> Iterator[str]:
    """The URL of a master with one worker of two cores and a gibibyte, for as long as it is needed."""
    ports = ["--host", _HOST, "--port", "0", "--webui-port", "0"]
    with ExitStack() as running:
        url = running.enter_context(_daemon(_LISTENS, _MASTER, *ports))
        size = ["--cores", "2", "--memory", "1g", "--work-dir", str(folder / "work")]
        running.enter_context(_daemon(_JOINED, _WORKER, *ports, *size, url))
        yield url


@contextmanager
def _daemon(ready: re.Pattern[str], *words: str) -> Iterator[str]:
    """A process of Spark; yields what it names when it is ready. Raises RuntimeError when it ends before."""
    command = [str(spark_home() / "bin" / "spark-class"), *words]
    environment = {**os.environ, "SPARK_LOCAL_IP": _HOST, "SPARK_NO_DAEMONIZE": "1", "SPARK_DAEMON_MEMORY": "256m"}
    with subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as one:
        assert one.stderr is not None
        try:
            said = (ready.search(line) for line in one.stderr)
            found = next((match for match in said if match), None)
            if found is None:
                raise RuntimeError(f"{words[0]} ended before it was ready")
            Thread(target=one.stderr.read, daemon=True).start()
            yield found[1]
        finally:
            one.terminate()


def spark_home() -> Path:
    """Where PySpark keeps all of Spark."""
    import pyspark

    return Path(pyspark.__file__).parent
