"""An HTTP or HTTPS server on loopback that takes webhooks: it keeps what it gets and answers what it is told to."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SECRET_PATH = "/services/T0SECRET/B0SECRET/tokensecret"


@dataclass(frozen=True)
class Answer:
    """What the server says; status 0 closes the connection without a word."""

    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Hooks:
    """`got` are the requests as (path, headers, body); `answers` come one after the other, then always 200."""

    url: str = ""
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def address(self) -> str:
        """An address with a secret in it, as Slack gives them out."""
        return self.url + SECRET_PATH


@contextmanager
def hook_server(certificate: Path | None = None) -> Iterator[Hooks]:
    """A server on a free port; `certificate` (PEM, with its key) makes it HTTPS."""
    hooks = Hooks()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"hooks": hooks}))
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    hooks.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield hooks
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def own_certificate(path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, with its key, in one PEM file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(pem))
    return path


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that does not trust the certificate goes away; that is what is tested."""


class _Handler(BaseHTTPRequestHandler):
    hooks: Hooks

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.hooks.got.append((self.path, dict(self.headers.items()), body))
        answer = self.hooks.answers.pop(0) if self.hooks.answers else Answer()
        if not answer.status:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, text in answer.headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
