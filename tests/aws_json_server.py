"""AWS on loopback: answers the JSON protocol from a table, passes S3 on to moto, records every operation it is sent.

`with AwsServer(s3=moto_address) as aws`: answers are set by `aws.answers["ce", "ListCostAllocationTags"] = {...}`, a
refusal is `Refusal(code)`. `aws.calls` are the operations received, `writing(aws.calls)` those that do not only read.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

READING = ("Get", "List", "Describe", "Head")
SERVICES = {
    "AWSOrigamiServiceGatewayService": "cur",
    "AWSBillingAndCostManagementDataExports": "bcm-data-exports",
    "AWSBudgetServiceGateway": "budgets",
    "AWSInsightsIndexService": "ce",
    "AWSOrganizationsV20161128": "organizations",
}
_BUCKET_QUESTIONS = {
    "location": "GetBucketLocation",
    "versioning": "GetBucketVersioning",
    "list-type": "ListObjectsV2",
}
_STS = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    "<Arn>{Arn}</Arn><UserId>AIDA</UserId><Account>{Account}</Account></GetCallerIdentityResult>"
    "</GetCallerIdentityResponse>"
)


@dataclass(frozen=True)
class Refusal:
    """An error that AWS answers with."""

    code: str
    message: str = "no"
    status: int = 400


@dataclass(frozen=True)
class Received:
    """One request: its names in botocore, and what it was about (a bucket and key, or the JSON it carried)."""

    service: str
    operation: str
    bucket: str = ""
    key: str = ""
    prefix: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class AwsServer:
    """`answers` maps (service, operation) to the answer; S3 without an answer goes on to moto."""

    s3: str = ""
    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    calls: list[Received] = field(default_factory=list)
    url: str = ""

    def answer(self, call: Received) -> Any:
        """What is answered to a call, None where it is moto's."""
        self.calls.append(call)
        found = self.answers.get((call.service, call.operation))
        return found(call.body) if callable(found) else found


@contextmanager
def aws_server(s3: str = "") -> Iterator[AwsServer]:
    """A server on a free port of loopback; `s3` is the address of moto."""
    aws = AwsServer(s3)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"aws": aws}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    aws.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield aws
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def writing(calls: Iterable[Received]) -> list[Received]:
    """The calls that do more than read."""
    return [call for call in calls if not call.operation.startswith(READING)]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no failure of the server; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    aws: AwsServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = self._received(body)
        answer = self.aws.answer(call)
        if isinstance(answer, Refusal):
            self._refuse(call, answer)
        elif call.service == "sts":
            self._send(200, _STS.format(**answer).encode(), "text/xml")
        elif call.service == "s3" and answer is None:
            self._pass_on(body)
        else:
            missing = {"__type": "UnknownOperationException", "message": call.operation}
            self._send(400 if answer is None else 200, json.dumps(answer or missing).encode())

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815

    def _received(self, body: bytes) -> Received:
        target = self.headers.get("X-Amz-Target")
        if target:
            prefix, _, operation = target.partition(".")
            return Received(SERVICES.get(prefix, prefix), operation, body=json.loads(body or b"{}"))
        if b"Action=" in body:
            return Received("sts", parse_qs(body.decode())["Action"][0])
        address = urlsplit(self.path)
        bucket, _, key = address.path.lstrip("/").partition("/")
        query = parse_qs(address.query, keep_blank_values=True)
        return Received("s3", self._s3_operation(key, query), bucket, unquote(key), query.get("prefix", [""])[0])

    def _s3_operation(self, key: str, query: Mapping[str, Any]) -> str:
        if self.command == "GET" and not key:
            return next((name for word, name in _BUCKET_QUESTIONS.items() if word in query), f"GET {self.path}")
        return {"GET": "GetObject", "HEAD": "HeadObject"}.get(self.command, f"{self.command} {self.path}")

    def _refuse(self, call: Received, refusal: Refusal) -> None:
        if call.service in ("s3", "sts"):
            said = f"<Code>{refusal.code}</Code><Message>{refusal.message}</Message>"
            around = (
                "<ErrorResponse><Error>{}</Error></ErrorResponse>" if call.service == "sts" else "<Error>{}</Error>"
            )
            self._send(refusal.status, around.format(said).encode(), "text/xml")
        else:
            said = json.dumps({"__type": refusal.code, "message": refusal.message})
            self._send(refusal.status, said.encode())

    def _pass_on(self, body: bytes) -> None:
        forward = http.client.HTTPConnection(urlsplit(self.aws.s3).netloc)
        headers = {name: text for name, text in self.headers.items() if name.lower() != "host"}
        forward.request(self.command, self.path, body or None, {**headers, "Host": urlsplit(self.aws.s3).netloc})
        answer = forward.getresponse()
        self._send(answer.status, answer.read(), answer.headers.get("Content-Type", ""), dict(answer.getheaders()))
        forward.close()

    def _send(
        self, status: int, body: bytes, kind: str = "application/x-amz-json-1.1", more: Mapping[str, str] | None = None
    ) -> None:
        kept = {name: text for name, text in (more or {}).items() if name.lower().startswith(("x-amz", "etag", "last"))}
        self.send_response(status)
        for name, text in {**kept, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
