"""A `finops` for the PATH of a shell that starts at once: each call is a fork of a process that imported everything.

What runs is the program itself, in a process of its own, with the caller's words, directory, environment and files.
FINOPS_TEST_BREAK=1 makes every check raise.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLIENT = """#!{python} -SE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({address!r})
    call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(line, [len(call).to_bytes(4, "big")], [0, 1, 2])
    line.sendall(call)
    sys.exit(line.recv(1)[0])
"""


@contextmanager
def ready_finops(folder: Path) -> Iterator[Path]:
    """The folder in which the program `finops` lies."""
    address = str(folder / "line")
    words = [sys.executable, "-m", "tests.ready_finops", address]
    with subprocess.Popen(words, cwd=Path(__file__).parent.parent, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        program = folder / "bin" / "finops"
        program.parent.mkdir()
        program.write_text(CLIENT.format(python=sys.executable, address=address))
        program.chmod(0o755)
        try:
            yield program.parent
        finally:
            server.terminate()


def serve(address: str) -> None:
    """Answer calls one after the other until somebody ends the process."""
    import boto3  # noqa: F401
    import duckdb  # noqa: F401
    import numpy as np  # noqa: F401

    import finops.check.run
    import finops.cli.app
    import finops.cli.check
    import finops.cli.ingest  # noqa: F401

    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen()
        print("ready", flush=True)
        while True:
            line, _ = door.accept()
            with line:
                _answer(line)


def _answer(line: socket.socket) -> None:
    size, files, _, _ = socket.recv_fds(line, 4, 3)
    call = b""
    while len(call) < int.from_bytes(size, "big"):
        call += line.recv(1 << 16)
    child = os.fork()
    if not child:
        os._exit(_run(files, *json.loads(call)))
    _, status = os.waitpid(child, 0)
    for file in files:
        os.close(file)
    line.sendall(bytes([os.waitstatus_to_exitcode(status) % 256]))


def _run(files: list[int], words: list[str], folder: str, environment: dict[str, str]) -> int:
    from finops.cli import main

    for at, file in enumerate(files):
        os.dup2(file, at)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if environment.get("FINOPS_TEST_BREAK"):
        _break()
    code = main(words)
    sys.stdout.flush()
    return code


def _break() -> None:
    from finops.check.run import ALWAYS, GATES

    def broken(case: object) -> None:
        raise RuntimeError("boom")

    for table in (ALWAYS, GATES):
        table.update(dict.fromkeys(table, broken))  # type: ignore[attr-defined]


if __name__ == "__main__":
    serve(sys.argv[1])
