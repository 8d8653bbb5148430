"""Cost Explorer on loopback: the JSON protocol of AWS over a table in memory, for the real boto3 client.

    with cost_explorer(charges) as server:
        server.url          for AWS_ENDPOINT_URL
        server.requests     what GetCostAndUsage was asked, in order, refused requests too
        server.refuse(...)  answer the next requests with an error

It groups, filters, pages and refuses as AWS does. STS and Organizations say who asks and who pays.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

TODAY = date(2026, 10, 28)
ACCOUNT, PAYER = "000000000002", "000000000001"
# Metric of the API -> attribute of a charge.
_METRICS = {
    "UnblendedCost": "unblended",
    "NetUnblendedCost": "net_unblended",
    "AmortizedCost": "amortized",
    "NetAmortizedCost": "net_amortized",
}
_DIMENSIONS = {"SERVICE": "service", "RECORD_TYPE": "record_type", "LINKED_ACCOUNT": "account"}
_HISTORY = timedelta(days=427)


@dataclass(frozen=True)
class Charge:
    """What Cost Explorer knows of one charge; a cost that is not given is the unblended one."""

    day: date
    unblended: Decimal
    service: str = "Amazon Elastic Compute Cloud - Compute"
    record_type: str = "Usage"
    account: str = ACCOUNT
    tags: Mapping[str, str] = field(default_factory=dict)
    net_unblended: Decimal | None = None
    amortized: Decimal | None = None
    net_amortized: Decimal | None = None
    currency: str = "USD"

    def cost(self, metric: str) -> Decimal:
        """The cost by a metric of the API."""
        value: Decimal | None = getattr(self, _METRICS[metric])
        return self.unblended if value is None else value


@dataclass
class Server:
    """A running server and what it was asked."""

    charges: Sequence[Charge]
    today: date = TODAY
    page_size: int = 1000
    account: str = ACCOUNT
    payer: str | None = ACCOUNT
    estimated_from: date = date(2026, 10, 1)
    active_tags: frozenset[str] | None = None
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    operations: list[str] = field(default_factory=list)
    refusals: deque[str] = field(default_factory=deque)
    edit: Callable[[dict[str, Any]], dict[str, Any]] = dict

    def refuse(self, *codes: str) -> None:
        """Answer the next requests to Cost Explorer with these errors; '' lets one through."""
        self.refusals.extend(codes)

    def cost_and_usage(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The answer of GetCostAndUsage. Raises Refused."""
        self.requests.append(asked)
        if self.refusals and (code := self.refusals.popleft()):
            raise Refused(code, "as planned")
        period = asked["TimePeriod"]
        start, end = date.fromisoformat(period["Start"]), date.fromisoformat(period["End"])
        self._check(asked, start, end)
        groups = self._groups(asked, start, end)
        first = self._first(asked)
        page = groups[first : first + self.page_size]
        days = [start + timedelta(days=n) for n in range((end - start).days)]
        if len(groups) > self.page_size:
            days = sorted({day for day, _, _ in page})
        more = {"NextPageToken": self._token(asked, first + len(page))} if first + len(page) < len(groups) else {}
        results = [self._result(day, [one for one in page if one[0] == day]) for day in days]
        return self.edit({"GroupDefinitions": asked["GroupBy"], "ResultsByTime": results, **more})

    def _check(self, asked: dict[str, Any], start: date, end: date) -> None:
        if start >= end or start > self.today or end > self.today + timedelta(days=1):
            raise Refused("ValidationException", f"Start {start} and End {end} are no period")
        if start < self.today - _HISTORY:
            raise Refused("ValidationException", "You haven't enabled historical data beyond 14 months")
        if len(asked["GroupBy"]) > 2 or asked["Granularity"] != "DAILY" or set(asked["Metrics"]) - _METRICS.keys():
            raise Refused("ValidationException", "this server does not know that")

    def _groups(self, asked: dict[str, Any], start: date, end: date) -> list[tuple[date, tuple[str, ...], Any]]:
        sums: dict[tuple[date, tuple[str, ...]], list[Charge]] = defaultdict(list)
        for charge in self.charges:
            if start <= charge.day < end and self._passes(charge, asked.get("Filter")):
                sums[charge.day, tuple(self._key(charge, by) for by in asked["GroupBy"])].append(charge)
        return [(day, keys, _amounts(held, asked["Metrics"])) for (day, keys), held in sorted(sums.items())]

    def _passes(self, charge: Charge, condition: dict[str, Any] | None) -> bool:
        if not condition:
            return True
        ((kind, inner),) = condition.items()
        if kind in ("And", "Or"):
            return (all if kind == "And" else any)(self._passes(charge, one) for one in inner)
        if kind == "Not":
            return not self._passes(charge, inner)
        return self._value(charge, {"Dimensions": "DIMENSION", "Tags": "TAG"}[kind], inner["Key"]) in inner["Values"]

    def _key(self, charge: Charge, by: dict[str, str]) -> str:
        value = self._value(charge, by["Type"], by["Key"])
        return f"{by['Key']}${value}" if by["Type"] == "TAG" else value

    def _value(self, charge: Charge, kind: str, key: str) -> str:
        if kind != "TAG":
            return str(getattr(charge, _DIMENSIONS[key]))
        active = self.active_tags is None or key in self.active_tags
        return charge.tags.get(key, "") if active else ""

    def _result(self, day: date, groups: Sequence[tuple[date, tuple[str, ...], Any]]) -> dict[str, Any]:
        return {
            "TimePeriod": {"Start": day.isoformat(), "End": (day + timedelta(days=1)).isoformat()},
            "Total": {},
            "Groups": [{"Keys": list(keys), "Metrics": amounts} for _, keys, amounts in groups],
            "Estimated": day >= self.estimated_from,
        }

    def _token(self, asked: dict[str, Any], place: int) -> str:
        return b64encode(f"{_question(asked)} {place}".encode()).decode()

    def _first(self, asked: dict[str, Any]) -> int:
        if "NextPageToken" not in asked:
            return 0
        try:
            question, place = b64decode(asked["NextPageToken"]).decode().split()
        except ValueError as error:
            raise Refused("InvalidNextTokenException", "this is no token") from error
        if question != _question(asked):
            raise Refused("RequestChangedException", "the request is not that of the token")
        return int(place)

    def describe_organization(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The answer of Organizations."""
        if self.payer is None:
            raise Refused("AccessDeniedException", "not authorized to perform organizations:DescribeOrganization")
        if self.payer == "":
            raise Refused("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
        return {"Organization": {"Id": "o-exampleorgid", "MasterAccountId": self.payer}}


class Refused(Exception):
    """An error that the server answers with."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def cost_explorer(charges: Iterable[Charge], **options: Any) -> Iterator[Server]:
    """A server over the charges; `options` are fields of Server."""
    server = Server(list(charges), **options)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def environment(server: Server) -> dict[str, str]:
    """What makes boto3 speak to the server and to nobody else."""
    return {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "FINOPS_TODAY": server.today.isoformat(),
    }


def _amounts(charges: Sequence[Charge], metrics: Sequence[str]) -> dict[str, dict[str, str]]:
    return {
        metric: {"Amount": f"{sum(charge.cost(metric) for charge in charges):f}", "Unit": charges[0].currency}
        for metric in metrics
    }


def _question(asked: dict[str, Any]) -> str:
    same = {key: value for key, value in asked.items() if key != "NextPageToken"}
    return sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            target = self.headers.get("X-Amz-Target", "")
            operation = target.rpartition(".")[2] or (re.search(r"Action=(\w+)", body) or ["", ""])[1]
            server.operations.append(operation)
            if operation == "GetCallerIdentity":
                self._send(200, _IDENTITY.format(account=server.account), "text/xml")
                return
            answer = {
                "AWSInsightsIndexService.GetCostAndUsage": server.cost_and_usage,
                "AWSOrganizationsV20161128.DescribeOrganization": server.describe_organization,
            }.get(target)
            try:
                if answer is None:
                    raise Refused("UnknownOperationException", target)
                self._send(200, json.dumps(answer(json.loads(body))))
            except Refused as refused:
                self._send(400, json.dumps({"__type": refused.code, "message": str(refused)}))

        def _send(self, status: int, text: str, kind: str = "application/x-amz-json-1.1") -> None:
            payload = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


_IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{account}:user/finops</Arn><UserId>AIDAEXAMPLE</UserId><Account>{account}</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""
