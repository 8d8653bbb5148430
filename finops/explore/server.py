"""The page over HTTP: this machine only unless told otherwise, GET only, and nothing but its own files and answers."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from finops.errors import EngineError, FinopsError, UsageError
from finops.explore.answers import Served, answer
from finops.output.as_json import encode
from finops.paths import reports_dir

Translate = Callable[[BaseException], FinopsError]
LOOPBACK = ("127.0.0.1", "::1", "localhost")
# Seconds after which a connection that says nothing is let go.
_PATIENCE = 30
_FILES = {
    "/": ("explore.html", "text/html; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
    "/explore.css": ("explore.css", "text/css; charset=utf-8"),
    "/explore.js": ("explore.js", "text/javascript; charset=utf-8"),
    "/explore-view.js": ("explore-view.js", "text/javascript; charset=utf-8"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_STATUS = {2: 400, 3: 500, 4: 503}
_REFUSED = {
    errno.EADDRINUSE: ("something else listens on port {port}", "--port 0 takes any free one"),
    errno.EACCES: ("port {port} is not for this user", "--port 0 takes any free one"),
    errno.EADDRNOTAVAIL: ("{host} is no address of this machine", "--host 127.0.0.1"),
}


@dataclass(frozen=True)
class Site:
    """What is served, to whom: `hosts` are the names a browser may know this machine by, with the port.

    `translate` puts any exception into words. One question is answered at a time: each may take what memory there is.
    """

    served: Served
    translate: Translate
    host: str
    names: frozenset[str]
    lock: Any = field(default_factory=Lock)

    def knows(self, host: str | None) -> bool:
        """Whether a request names this machine as itself: a page elsewhere that points its own name here does not."""
        name = (host or "").rpartition(":")[0] if _has_port(host or "") else (host or "")
        name = name.strip("[]").lower()
        return name in self.names or (self.host not in LOOPBACK and _is_address(name))


@contextmanager
def listening(served: Served, host: str, port: int, translate: Translate) -> Iterator[ThreadingHTTPServer]:
    """A server that is bound and not yet answering. Raises UsageError where the port or address is not to be had."""
    names = {"localhost", "127.0.0.1", "::1"} if host in LOOPBACK else {"localhost", host, socket.gethostname().lower()}
    site = Site(served, translate, host, frozenset(names))
    handler = type("Handler", (_Handler,), {"site": site})
    try:
        server = _server_class(host)((host, port), handler)
    except OSError as error:
        raise _refused(error, host, port) from error
    try:
        yield server
    finally:
        server.server_close()
        # An answer that is being worked out ends before the engine does.
        site.lock.acquire(timeout=_PATIENCE)


def address(server: ThreadingHTTPServer, host: str) -> str:
    """What a person opens."""
    named = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)
    return f"http://{f'[{named}]' if ':' in named else named}:{server.server_address[1]}/"


def _server_class(host: str) -> type[ThreadingHTTPServer]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return type("Server", (ThreadingHTTPServer,), {"address_family": family, "daemon_threads": True})


def _refused(error: OSError, host: str, port: int) -> FinopsError:
    if error.errno in _REFUSED:
        what, fix = _REFUSED[error.errno]
        return UsageError(what.format(host=host, port=port), f"{host}:{port}", fix)
    if isinstance(error, socket.gaierror):
        return UsageError(f"{host} is no address", "--host", "--host 127.0.0.1")
    return EngineError(f"cannot listen: {(error.strerror or str(error)).lower()}", f"{host}:{port}")


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit() and (host.count(":") == 1 or "]:" in host)


def _is_address(name: str) -> bool:
    # No name of a web page elsewhere is one: only names can be pointed at this machine.
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


class _Handler(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE

    def handle(self) -> None:
        """Answer what comes over one connection, until it ends or whoever asked has gone."""
        with suppress(OSError):
            super().handle()

    def do_GET(self) -> None:
        if not self.site.knows(self.headers.get("Host")):
            self._text(421, "this is finops explore; open it by the address it printed\n")
            return
        parts = urlsplit(self.path)
        if parts.path in _FILES:
            self._file(parts.path)
        elif self.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none"):
            self._answer(parts.path, parts.query)
        else:
            self._text(403, "another page may not ask this one\n")

    def parse_request(self) -> bool:
        """Whether there is a request to answer: whatever is not GET is refused before anything of it is read."""
        wanted = super().parse_request()
        if wanted and self.command != "GET":
            self.close_connection = True
            self._text(405, "only GET\n", {"Allow": "GET", "Connection": "close"})
            return False
        return wanted

    def _file(self, path: str) -> None:
        name, kind = _FILES[path]
        self._send(200, (reports_dir() / name).read_bytes(), kind)

    def _answer(self, path: str, query: str) -> None:
        try:
            with self.site.lock:
                found = answer(self.site.served, path, query)
        except Exception as error:
            told = self.site.translate(error)
            said = {"error": {"what": told.what, "where": told.where or "", "try": told.fix or ""}}
            self._json(_STATUS.get(told.exit_code, 500), said)
            return
        self._text(404, "there is no such page\n") if found is None else self._json(200, found)

    def _json(self, status: int, value: Mapping[str, Any]) -> None:
        self._send(status, encode(value).encode(), "application/json")

    def _text(self, status: int, text: str, more: Mapping[str, str] | None = None) -> None:
        self._send(status, text.encode(), "text/plain; charset=utf-8", more)

    def _send(self, status: int, body: bytes, kind: str, more: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), **_HEADERS, **(more or {})}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A request that is none: told in plain text, without repeating what it said."""
        self.close_connection = True
        self.command = self.command or ""
        self._text(code, f"{self.responses.get(code, ('cannot be answered',))[0].lower()}\n", {"Connection": "close"})

    def version_string(self) -> str:
        """What the answer says of the program."""
        return "finops"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what a person looks at is nobody's business."""
