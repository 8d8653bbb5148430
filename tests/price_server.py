"""AWS's price APIs on loopback, in their own protocols: Price List (JSON), Savings Plans (REST), EC2 (query).

`with price_server() as aws`: `aws.products` maps (usage type, region) to Price List products, `aws.rates` are offering
rates, `aws.spot` changes of Spot prices by region. Every answer is cut into pages of one. `aws.asked` are the requests.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

_PLANS = "/DescribeSavingsPlansOfferingRates"


@dataclass
class PriceServer:
    """What is answered, what was asked, and an error code to refuse an operation with."""

    products: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    rates: list[Any] = field(default_factory=list)
    spot: dict[str, list[Mapping[str, str]]] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    url: str = ""


@contextmanager
def price_server() -> Iterator[PriceServer]:
    """A server on a free port of loopback."""
    aws = PriceServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"aws": aws}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    aws.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield aws
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    aws: PriceServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        operation = self.headers.get("X-Amz-Target", "").partition(".")[2] or self.path.lstrip("/") or "Spot"
        asked = parse_qs(body) if operation == "Spot" else json.loads(body)
        self.aws.asked.append((operation, asked))
        if code := self.aws.refusals.get(operation):
            self._send(400, json.dumps({"__type": code, "message": "no"}))
        elif operation == "Spot":
            self._send(200, self._spot(asked), "text/xml")
        elif self.path == _PLANS:
            wanted = [rate for rate in self.aws.rates if rate["usageType"] in asked["usageTypes"]]
            page, more = _page(wanted, asked.get("nextToken"))
            self._send(200, json.dumps({"searchResults": page, **({"nextToken": more} if more else {})}))
        else:
            fields = {one["Field"]: one["Value"] for one in asked["Filters"]}
            found = self.aws.products.get((fields["usagetype"], fields.get("regionCode", "")), [])
            page, more = _page([json.dumps(one) for one in found], asked.get("NextToken"))
            self._send(200, json.dumps({"PriceList": page, **({"NextToken": more} if more else {})}))

    def _spot(self, asked: Mapping[str, list[str]]) -> str:
        scope = re.search(r"Credential=[^/]+/\d+/([\w-]+)/", self.headers["Authorization"])
        names = {values[0] for name, values in asked.items() if name.startswith("InstanceType.")}
        found = [one for one in self.aws.spot.get(scope[1] if scope else "", []) if one["instanceType"] in names]
        page, more = _page(found, asked.get("NextToken", [None])[0])
        items = "".join(
            "<item>" + "".join(f"<{name}>{value}</{name}>" for name, value in one.items()) + "</item>" for one in page
        )
        return (
            '<DescribeSpotPriceHistoryResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
            f"<spotPriceHistorySet>{items}</spotPriceHistorySet><nextToken>{more}</nextToken>"
            "</DescribeSpotPriceHistoryResponse>"
        )

    def _send(self, status: int, text: str, kind: str = "application/x-amz-json-1.1") -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _page(found: list[Any], token: str | None) -> tuple[list[Any], str]:
    """One result and the token of the next."""
    at = int(token or 0)
    return found[at : at + 1], str(at + 1) if at + 1 < len(found) else ""
