"""A proxy on loopback in front of an S3 server: counts what passes, and breaks what a plan says."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from urllib.parse import unquote

_HOP_BY_HOP = {"connection", "transfer-encoding"}


@dataclass(frozen=True)
class Answer:
    """What goes back. Where `cut` is set, only so many bytes of the body do, and the connection ends.

    It is held open before it ends until `until` is set.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    cut: int | None = None
    until: Event | None = None


Change = Callable[[Answer], Answer]


@dataclass
class Fault:
    """The next `times` requests whose line fits `on` are answered as `change` makes it of the true answer."""

    on: str
    change: Change
    times: int


@dataclass(frozen=True)
class Seen:
    """A request that was answered: its line, the range it asked for, and the bytes of body that went back."""

    line: str
    range: str
    bytes: int


class Proxy(ThreadingHTTPServer):
    """Everything that passed, and the faults still to come."""

    daemon_threads = True

    def __init__(self, server: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = server
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.lock = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def plan(self, on: str, change: Change, times: int = 1) -> None:
        self.faults.append(Fault(on, change, times))

    def count(self, line: str) -> int:
        """How many requests had a line like this."""
        return sum(bool(re.search(line, one.line)) for one in self.seen)

    def change_for(self, line: str) -> Change:
        with self.lock:
            fault = next((one for one in self.faults if one.times and re.search(one.on, line)), None)
            if fault is None:
                return lambda answer: answer
            fault.times -= 1
            return fault.change


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def do_GET(self) -> None:
        line = f"{self.command} {unquote(self.path)}"
        change = self.server.change_for(line)
        answer = change(self._true_answer())
        body = b"" if self.command == "HEAD" else answer.body[: answer.cut]
        # counted before it is sent: whoever has the answer finds it counted
        with self.server.lock:
            self.server.seen.append(Seen(line, self.headers.get("Range", ""), len(body)))
        self._send(answer, body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _true_answer(self) -> Answer:
        behind = HTTPConnection(self.server.behind, timeout=30)
        behind.request(self.command, self.path, headers=dict(self.headers))
        answer = behind.getresponse()
        found = Answer(answer.status, dict(answer.getheaders()), answer.read())
        behind.close()
        return found

    def _send(self, answer: Answer, body: bytes) -> None:
        headers = {name.lower(): text for name, text in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
        if self.command != "HEAD":
            headers["content-length"] = str(len(answer.body))
        self.send_response_only(answer.status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)
        if answer.cut is not None:
            self._end(answer.until)

    def _end(self, until: Event | None) -> None:
        self.close_connection = True
        self.wfile.flush()
        if until:
            until.wait()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *words: object) -> None:
        """Nothing: the tests read `seen`."""


def refuse(status: int, code: str, message: str = "", **headers: str) -> Change:
    """An error of S3 in the place of the answer."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    return lambda answer: Answer(status, {"Content-Type": "application/xml", **headers}, body)


def drop(after: int) -> Change:
    """The connection ends after so many bytes of the body."""
    return lambda answer: replace(answer, cut=after)


def damage(answer: Answer) -> Answer:
    """As many bytes as promised, one of them another one; and no checksum that would tell."""
    headers = {name: text for name, text in answer.headers.items() if "checksum" not in name.lower()}
    middle = len(answer.body) // 2
    wrong = bytes([answer.body[middle] ^ 1])
    return replace(answer, headers=headers, body=answer.body[:middle] + wrong + answer.body[middle + 1 :])


@contextmanager
def proxy_before(server: str) -> Iterator[Proxy]:
    """A proxy that runs in a thread, in front of the server with this host and port."""
    with Proxy(server) as proxy:
        Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
