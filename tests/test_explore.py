"""The explorer says what the command line says, answers nobody it should not, and reads nothing but the ledger."""

from __future__ import annotations

import csv
import http.client
import io
import json
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import duckdb
import pytest

from finops.cli import main
from finops.errors import FinopsError, UsageError
from finops.explore import slices
from finops.explore.answers import Served, answer
from finops.explore.server import Site
from finops.reader import Ask
from tests.cost_explorer_delivery import Group, load_answer
from tests.explore_site import demo, running
from tests.interruptible import interruptible
from tests.tiny_export import ingested, write_export

OCTOBER, SEPTEMBER = ("2026-10-01", "2026-10-28"), ("2026-09-01", "2026-09-28")
QUESTIONS: dict[str, dict[str, Any]] = {
    "service": {},
    "two dimensions": {"by": "tag:Owner,service", "metric": "amortized"},
    "time": {"by": "day,account"},
    "compared": {"by": "usage_type", "against": "..".join(SEPTEMBER)},
    "a tag as filter": {"by": "account", "where": ["tag:Owner=team-orders,(untagged)", "region=us-east-2"]},
    "a tag that prints otherwise": {"by": "tag:Environment", "where": ["cost_category:team_budget=(none)"]},
    "a resource": {"by": "resource", "where": ["service=AmazonEC2"], "against": "..".join(SEPTEMBER)},
    "an export": {"by": "export,payer"},
    "an environment": {"by": "environment,service", "metric": "amortized"},
}


@pytest.fixture(scope="module")
def served() -> Served:
    return demo()


@pytest.fixture(scope="module")
def site(served: Served) -> Iterator[str]:
    with running(served) as url:
        yield url


def query(**asked: Any) -> str:
    first, end = OCTOBER
    return urlencode({"by": "service", "from": first, "to": end, **asked}, doseq=True)


def spend(served: Served, **asked: Any) -> dict[str, Any]:
    found = answer(served, "/api/spend", query(**asked))
    assert found is not None
    return dict(found)


@cache
def known(name: str) -> dict[str, Any]:
    """The answer to one of the questions, which several tests hold against something else."""
    return spend(demo(), **QUESTIONS[name])


def cost(said: dict[str, Any], name: str = "cost") -> Decimal:
    return Decimal(said[name]["exact"])


def costs(said: dict[str, Any], name: str = "cost") -> dict[tuple[str, ...], Decimal]:
    return {tuple(row["keys"]): cost(row, name) for row in said["rows"]}


# --- the same elsewhere ------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_command_gives_the_same_figures(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = known(name)
    for line, column in zip(said["command"].splitlines(), ("cost", "before"), strict=False):
        program, *words = shlex.split(line)
        capsys.readouterr()
        assert (program, main([*words, "--format", "csv"])) == ("finops", 0)
        rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))[1:]
        printed = {tuple(keys): Decimal(value) for *keys, value in rows}
        assert {keys: value for keys, value in costs(said, column).items() if value} == {
            keys: value for keys, value in printed.items() if value
        }
        assert sum(printed.values()) == cost(said["total"], column) != 0


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_sql_gives_the_same_figures_in_a_shell_of_its_own(name: str, served: Served) -> None:
    said = known(name)
    assert said["sql"]["why"] == ""
    with duckdb.connect(str(served.database), read_only=True) as shell:
        rows = shell.execute(said["sql"]["text"]).fetchall()
    count = len(said["by"])
    assert {row[:count]: row[count] for row in rows} == costs(said)
    if "against" in QUESTIONS[name]:
        assert {row[:count]: row[count + 1] for row in rows} == costs(said, "before")


PLACES = """
[tags.virtual.Owner]
by = ["account"]
accounts = { "000000000002" = "team-x" }
[[tags.scope]]
where = { service = ["AmazonEC2"] }
optional = ["Owner"]
"""


def test_what_sql_alone_cannot_say_is_told_and_its_lines_are_found(tmp_path: Path) -> None:
    (tmp_path / "finops.toml").write_text(PLACES)
    served = Served(ingested(tmp_path), tmp_path / "finops.toml")
    said = spend(served, where=["tag:Owner=team-x"])
    assert said["sql"]["text"] == ""
    assert "from place to place" in said["sql"]["why"]
    read = answer(served, "/api/lines", query(where=["tag:Owner=team-x"]))
    assert read is not None
    assert (read["count"], Decimal(read["total"]["cost"]["exact"])) == (2, cost(said["total"]))


def test_cost_explorer_has_what_it_was_asked_for_and_no_line_items(tmp_path: Path) -> None:
    database = tmp_path / "finops.duckdb"
    load_answer(database, [Group(date(2026, 10, 2), Decimal(5)), Group(date(2026, 10, 3), Decimal(7), "AmazonS3")])
    served = Served(database)
    menu = answer(served, "/api/menu", "")
    assert menu is not None
    assert {"account", "line_item_type"} < set(menu["dimensions"])
    assert not {"resource", "usage_type", "tag:Owner"} & set(menu["dimensions"])
    said = spend(served, by="account")
    assert (cost(said["total"]), said["sql"]["text"]) == (12, "")
    read = answer(served, "/api/lines", query())
    assert read is not None
    assert [one["code"] for one in read["problems"]] == ["lines_not_kept"]


def test_a_period_of_several_exports_has_no_sql(tmp_path: Path) -> None:
    database = ingested(tmp_path)
    assert main(["ingest", str(write_export(tmp_path, name="second")), "--db", str(database)]) == 0
    assert "several exports" in spend(Served(database))["sql"]["why"]


# --- slices ------------------------------------------------------------------------------------


def test_the_bars_sum_to_the_total_whatever_they_stand_for(served: Served) -> None:
    for days in (OCTOBER, ("2026-09-01", "2026-12-28"), ("2025-01-01", "2026-10-28")):
        said = spend(served, **{"from": days[0], "to": days[1]})
        assert sum(cost(bar) for bar in said["over_time"]["bars"]) == cost(said["total"]) != 0


def test_bars_stand_beside_those_they_are_held_against(served: Served) -> None:
    bars = spend(served, against="..".join(SEPTEMBER))["over_time"]["bars"]
    assert (bars[0]["label"], bars[0]["before"]["label"]) == ("2026-10-01", "2026-09-01")
    assert len(bars) == 27


def test_a_day_without_a_charge_is_a_bar_of_nothing(served: Served) -> None:
    bars = spend(served, where=["resource=i-09b8a7c6d5e4f3021"], **{"from": "2026-09-14", "to": "2026-09-18"})
    assert [cost(bar) > 0 for bar in bars["over_time"]["bars"]] == [False, False, True, True]


def test_rows_beyond_those_shown_are_added_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "MOST_ROWS", 3)
    said = spend(served, against="..".join(SEPTEMBER))
    assert (len(said["rows"]), said["rest"]["rows"]) == (3, said["count"] - 3)
    for name in ("cost", "before"):
        assert sum(costs(said, name).values()) + cost(said["rest"], name) == cost(said["total"], name)


def test_a_text_is_found_in_all_rows_and_is_never_a_pattern(served: Served) -> None:
    said = spend(served, by="usage_type", find="boxusage")
    assert {"boxusage" in key.lower() for (key,) in costs(said)} == {True}
    assert said["found"] == len(said["rows"]) < said["count"]
    assert spend(served, find="%")["found"] == 0
    assert spend(served, find="' or 1=1 --")["rows"] == []


def test_rows_are_in_the_order_that_was_asked_for(served: Served) -> None:
    compared = {"against": "..".join(SEPTEMBER)}
    by_change = [abs(cost(row, "change")) for row in spend(served, order="change", **compared)["rows"]]
    assert by_change == sorted(by_change, reverse=True)
    by_name = [row["keys"] for row in spend(served, order="name")["rows"]]
    assert by_name == sorted(by_name)


def test_a_value_leads_to_a_filter_on_itself(served: Served) -> None:
    for row in spend(served, by="tag:Owner")["rows"][:4]:
        narrowed = spend(served, by="service", where=row["where"])
        assert cost(narrowed["total"]) == cost(row)


def test_the_menu_has_what_the_data_have(served: Served) -> None:
    said = answer(served, "/api/menu", "")
    assert said is not None
    assert {"service", "resource", "environment", "tag:Owner", "tag:campaign", "cost_category:team_budget"} <= set(
        said["dimensions"]
    )
    assert [one["name"] for one in said["spans"]] == [
        "everything", "last week", "last 4 weeks", "2026-10", "2026-09",
    ]  # fmt: skip


def test_with_two_currencies_the_page_begins_with_one(tmp_path: Path) -> None:
    database = ingested(tmp_path)
    second = write_export(
        tmp_path, name="euro", **{"lineItem/CurrencyCode": "EUR", "bill/PayerAccountId": "000000000009"}
    )
    assert main(["ingest", str(second), "--db", str(database)]) == 0
    said = answer(Served(database), "/api/menu", "")
    assert said is not None
    assert (said["where"], said["currency"]) == (["currency=EUR"], "EUR")
    with pytest.raises(UsageError, match="EUR and USD"):
        spend(Served(database))


# --- line items --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "where",
    [
        ["resource=i-09b8a7c6d5e4f3021"],
        ["tag:Owner=team-ml"],
        ["environment=prod", "service=AmazonRDS"],
        ["usage_type=(none)"],
    ],
    ids=lambda where: where[0],
)
def test_line_items_sum_to_the_slice(where: list[str], served: Served) -> None:
    said = answer(served, "/api/lines", query(where=where, metric="amortized"))
    assert said is not None
    assert Decimal(said["total"]["cost"]["exact"]) == cost(spend(served, where=where, metric="amortized")["total"]) != 0
    assert len(said["rows"]) == min(said["count"], 200) > 0


def test_the_rows_of_a_resource_can_be_read_as_aws_delivered_them(served: Served) -> None:
    said = answer(served, "/api/lines", query(where=["resource=i-09b8a7c6d5e4f3021"]))
    assert said is not None
    rows = duckdb.execute(f"select sum(line_item_unblended_cost) from ({said['sql']['text'].rstrip(';')})").fetchone()
    assert rows is not None
    assert round(Decimal(rows[0]), 6) == Decimal(said["total"]["cost"]["exact"])


def test_more_line_items_than_anybody_reads_are_not_read(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finops.explore.lines.MOST_READ", 100)
    with pytest.raises(UsageError, match="line items are behind this"):
        answer(served, "/api/lines", query())


# --- questions that are none -------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {"from": "2026-10-01"}, {"from": "yesterday"}, {"from": "2026-10-28", "to": "2026-10-01"}, {"by": "servize"},
        {"by": "day,service,account,region"}, {"metric": "blended"}, {"order": "cost; drop table slice"},
        {"against": "2026-09"}, {"where": ["service"]}, {"where": ["x" * 5000 + "=y"]}, {"sql": "select 1"},
        {"where": ["service=a"] * 100}, {"metric": ["list", "list"]}, {"by": "tag:"},
    ],
    ids=str,
)  # fmt: skip
def test_a_question_that_is_none_is_refused(asked: dict[str, Any], served: Served) -> None:
    given = asked if asked == {"from": "2026-10-01"} else {"from": OCTOBER[0], "to": OCTOBER[1], **asked}
    with pytest.raises(UsageError):
        answer(served, "/api/spend", urlencode(given, doseq=True))


def test_no_sql_of_an_answer_reaches_a_file_outside_the_ledger(served: Served, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a\n1\n")
    with served.ledger(Ask()) as ledger:
        for sql in (
            f"from '{tmp_path}/other.csv'",
            f"copy (select 1) to '{tmp_path}/new.csv'",
            f"attach '{tmp_path}/x'",
        ):
            with pytest.raises(duckdb.Error, match="disabled"):
                ledger.connection.execute(sql)
        with pytest.raises(duckdb.Error, match="locked"):
            ledger.connection.execute("set enable_external_access = true")


# --- over HTTP ---------------------------------------------------------------------------------


def asked_for(url: str, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response, body


def test_the_page_may_load_its_own_files_and_nothing_else(site: str) -> None:
    response, body = asked_for(site, "/")
    policy = response.headers["Content-Security-Policy"]
    assert response.status == 200
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "://" not in body
    assert "style=" not in body
    assert "<script>" not in body


@pytest.mark.parametrize("path", ["/style.css", "/explore.css", "/explore.js", "/explore-view.js"])
def test_its_files_are_served_as_what_they_are(path: str, site: str) -> None:
    response, body = asked_for(site, path)
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/css" if path.endswith("css") else "text/javascript")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "http://" not in body.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8037", "127.0.0.1.evil.example", "", "localhost.evil:80"]
)
def test_a_name_that_is_not_this_machine_gets_nothing(host: str, site: str) -> None:
    response, body = asked_for(site, "/api/menu", Host=host)
    assert response.status == 421
    assert "tag:" not in body


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:99", "LOCALHOST"])
def test_this_machine_is_known_by_its_own_names(host: str, site: str) -> None:
    assert asked_for(site, "/", Host=host)[0].status == 200


def test_once_exposed_an_address_is_no_name_that_could_be_pointed_here(served: Served) -> None:
    exposed = Site(served, as_it_is, "0.0.0.0", frozenset({"localhost", "bill.internal"}))
    known = [exposed.knows(host) for host in ("10.1.2.3:8037", "bill.internal:8037", "evil.example:8037", None)]
    assert known == [True, True, False, False]


def as_it_is(error: BaseException) -> FinopsError:
    return FinopsError(str(error))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "BREW"])
def test_only_get_is_answered(method: str, site: str) -> None:
    response, _ = asked_for(site, "/api/menu", method)
    assert (response.status, response.headers["Allow"]) == (405, "GET")
    assert "Access-Control-Allow-Origin" not in response.headers


def test_another_page_cannot_ask_and_can_link(site: str) -> None:
    assert asked_for(site, "/api/menu", Sec_Fetch_Site="cross-site")[0].status == 403
    assert asked_for(site, "/?by=service", Sec_Fetch_Site="cross-site")[0].status == 200


@pytest.mark.parametrize("path", ["/../pyproject.toml", "/report.html.j2", "/api", "/api/sql", "/style.css/"])
def test_nothing_else_is_there(path: str, site: str) -> None:
    assert asked_for(site, path)[0].status == 404


def test_a_mistake_is_told_in_the_words_of_the_command_line(site: str) -> None:
    response, body = asked_for(site, "/api/spend?by=servize&from=2026-10-01&to=2026-10-28")
    assert response.status == 400
    assert json.loads(body)["error"]["what"] == "there is no dimension servize"


def test_a_ledger_that_went_away_is_told(tmp_path: Path) -> None:
    served = Served(ingested(tmp_path))
    with running(served) as url:
        served.database.unlink()
        response, body = asked_for(url, "/api/menu")
    assert response.status == 500
    assert "nothing is loaded yet" in json.loads(body)["error"]["what"]


# --- the verb ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--host", "0.0.0.0"], 2, "--expose"),
        (["--host", "nowhere.invalid", "--expose"], 2, "no address"),
        (["--host", "192.0.2.1", "--expose"], 2, "no address of this machine"),
        (["--db", "absent.duckdb"], 3, "nothing is loaded yet"),
        (["--port", "70000"], 2, "65535"),
    ],
)
def test_what_cannot_be_served_is_an_error(
    words: list[str], code: int, told: str, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explore", "--no-open", "--db", str(served.db), *words]) == code
    printed = capsys.readouterr()
    assert told in printed.err
    assert printed.out == ""


def test_a_port_in_use_is_an_error_that_says_what_to_try(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["explore", "--no-open", "--db", str(served.db), "--port", port]) == 2
    told = capsys.readouterr().err
    assert f"port {port}" in told
    assert "--port 0" in told


def test_it_prints_its_address_answers_and_ends_with_ctrl_c(served: Served) -> None:
    words = interruptible("explore", "--no-open", "--port", "0", "--db", str(served.db))
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running_program:
        assert running_program.stdout is not None
        assert running_program.stderr is not None
        url = running_program.stdout.readline().strip()
        assert asked_for(url, "/")[0].status == 200
        running_program.send_signal(signal.SIGINT)
        try:
            _, said = running_program.communicate(timeout=60)
        finally:
            running_program.kill()
        assert said.splitlines() == [f"{served.db}, read-only; Ctrl-C ends it"]
    assert running_program.returncode == 0
