"""A mail server on loopback: it keeps what it gets, asks for a password where told to, and refuses whom it is told."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

USER, PASSWORD = "finops", "correct horse battery"


@dataclass
class Mails:
    """`got` are the mails with their recipients; `answers` come one after the other to DATA, then always 250."""

    port: int = 0
    got: list[tuple[EmailMessage, list[str]]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        self.got.append((message_from_bytes(envelope.content, policy=policy.default), envelope.rcpt_tos))
        return "250 OK"


class _Server(Controller):
    def _trigger_server(self) -> None:
        # the port is known once the system has chosen a free one
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(certificate: Path | None = None, login: bool = False, implicit: bool = False) -> Iterator[Mails]:
    """A server on a free port; `certificate` (PEM, with its key) makes it offer STARTTLS, `login` ask who it is.

    With `implicit` nothing is said before the connection is encrypted.
    """
    mails, context = Mails(), None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = _Server(
        mails,
        "127.0.0.1",
        0,
        tls_context=None if implicit else context,
        ssl_context=context if implicit else None,
        auth_required=login,
        auth_require_tls=certificate is not None,
        authenticator=_knows if login else None,
    )
    server.start()
    mails.port = server.port
    try:
        yield mails
    finally:
        server.stop()


def _knows(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    # not handled: the server has still to say 535
    return AuthResult(success=known, handled=False)
