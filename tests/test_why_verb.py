"""`finops variance --why` from files to what it prints, tied to `spend`, and what the demo company's bill must say."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.cli import main
from finops.ingest.demo import write_export as write_demo
from tests.cost_explorer_delivery import Group, load_answer
from tests.tiny_export import write_export

SETTINGS = """
[tags]
required = ["Environment", "Owner"]
[environments.prod]
match = { "tag:Environment" = ["prod"] }
[environments.dev]
match = { "tag:Environment" = ["dev"] }
"""


def day(number: int, cost: str, amount: str, resource: str, **more: str) -> dict[str, str]:
    return {
        "bill/InvoiceId": "42",
        "lineItem/UsageStartDate": f"2026-10-{number:02d}T00:00:00Z",
        "lineItem/UsageEndDate": f"2026-10-{number + 1:02d}T00:00:00Z",
        "lineItem/UnblendedCost": cost,
        "lineItem/UsageAmount": amount,
        "pricing/unit": "Hrs",
        "lineItem/ResourceId": resource,
        "resourceTags/user:Environment": "prod",
        "resourceTags/user:Owner": "web",
        **more,
    }


DEV = {"resourceTags/user:Environment": "dev"}
DATA = {"resourceTags/user:Owner": "data"}
CREDIT = {"lineItem/LineItemType": "Credit", "pricing/unit": "", **DEV}
# On the 5th and on the 6th: 24 h at 0.10 become 12 h at 0.11, i-gone goes, i-new comes, i-moves goes to dev, its Owner
# stays; a credit of 3.
LINES = [
    day(5, "2.40", "24", "i-1"),
    day(6, "1.32", "12", "i-1", **DATA),
    day(5, "7", "24", "i-gone"),
    day(6, "4.80", "24", "i-new"),
    day(5, "2.40", "24", "i-moves"),
    day(6, "2.40", "24", "i-moves", **DEV),
    day(6, "-3", "", "", **CREDIT),
]
SIXTH = ("--from", "2026-10-06", "--to", "2026-10-07")


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bill of two days and its settings."""
    folder = tmp_path_factory.mktemp("why")
    (folder / "finops.toml").write_text(SETTINGS)
    export = write_export(folder, LINES)
    assert main(["ingest", str(export), "--db", str(folder / "finops.duckdb")]) == 0
    return folder


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the demo company's three months and its settings."""
    folder = tmp_path_factory.mktemp("company")
    export = write_demo("cur2-parquet", folder / "export")
    settings = Path(main.__code__.co_filename).parents[1] / "ingest" / "demo" / "finops.toml"
    (folder / "finops.toml").write_bytes(settings.read_bytes())
    assert main(["ingest", str(export), "--db", str(folder / "finops.duckdb")]) == 0
    return folder


def ask(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    place = ["--db", str(folder / "finops.duckdb"), "--config", str(folder / "finops.toml")]
    assert main([*words, *place, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out, parse_float=Decimal, parse_int=Decimal)


def by_effect(document: dict[str, Any], name: str = "environment") -> dict[tuple[str, str], Decimal]:
    return {(row[name], row["effect"]): row["change"] for row in document["totals"]["effects"]}


def test_a_bill_of_two_days_is_explained(bill: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = ask(bill, capsys, "variance", "--why", *SIXTH)
    assert by_effect(document) == {
        ("prod", "usage"): Decimal("-1.20"),
        ("prod", "price"): Decimal("0.12"),
        ("prod", "gone_resource"): -7,
        ("prod", "new_resource"): Decimal("4.80"),
        ("prod", "tag_move"): Decimal("-2.40"),
        ("dev", "tag_move"): Decimal("2.40"),
        ("dev", "credit"): -3,
    }
    usage = next(row for row in document["rows"] if row["effect"] == "usage")
    assert (usage["key"], usage["quantity_before"], usage["quantity_after"], usage["unit"]) == ("i-1", 24, 12, "Hrs")


WEEK = (
    ["--last", "1w"],
    ["--from", "2026-10-12", "--to", "2026-10-19"],
    ["--from", "2026-10-19", "--to", "2026-10-26"],
)
MONTH = (["--period", "2026-09", "--against", "2026-08"], ["--period", "2026-08"], ["--period", "2026-09"])


@pytest.mark.parametrize(
    ("words", "before", "after", "metric"),
    [(*WEEK, "amortized"), *((*MONTH, metric) for metric in ("amortized", "unblended", "net_amortized", "list"))],
)
def test_totals_are_those_of_spend_for_the_same_days(
    company: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    before: list[str],
    after: list[str],
    metric: str,
) -> None:
    document = ask(company, capsys, "variance", "--why", *words, "--metric", metric)
    values = {row["environment"]: row for row in document["totals"]["values"]}
    for key, span in (("cost_before", before), ("cost_after", after)):
        spent = ask(company, capsys, "spend", "--by", "environment", *span, "--metric", metric)
        assert document["totals"][key] == spent["totals"]["cost"]
        assert {name: row[key] for name, row in values.items() if row[key]} == {
            row["environment"]: row["cost"] for row in spent["rows"] if row["cost"]
        }
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in document["rows"]:
        sums[row["environment"]] += row["change"]
    assert {name: change for name, change in sums.items() if change} == {
        name: row["change"] for name, row in values.items() if row["change"]
    }


def test_what_happened_to_the_company_is_named(company: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The estate says: a load test from 16 September, a notebook until the 25th, a NAT gateway five times as busy from
    13 October, a search domain from the 6th."""
    september = ask(company, capsys, "variance", "--why", "--period", "2026-09")["rows"]
    first = september[0]
    # 15 days at 0.768 an hour.
    assert (first["effect"], first["key"], first["change"]) == (
        "new_resource",
        "i-09b8a7c6d5e4f3021",
        Decimal("276.48"),
    )
    october = ask(company, capsys, "variance", "--why", "--period", "2026-10")["rows"]
    named = {(row["effect"], row["key"].rpartition("/")[2]) for row in october}
    assert {
        ("gone_resource", "roast-curves"),
        ("usage", "nat-0c41d8b7e9a23f650"),
        ("new_resource", "catalogue"),
    } <= named
    assert max(october, key=lambda row: row["change"] if row["environment"] == "prod" else 0)["key"].endswith(
        "nat-0c41d8b7e9a23f650"
    )


REVIEW = """# Review

## Prod (monthly)

| Service | Configuration | Cost |
|---|---|---|
| Desk | one instance | $0.20/hour |
| Lab | 14h/week | $0.50/hour |
| S3 | 10 GB | $31-62 |
| Glue | | $15.50 |
"""
LABELS = """
[estimates.labels]
"Desk" = { service = "AmazonEC2", usage_type = "m5" }
"Lab" = { service = "AmazonSageMaker" }
"""


@pytest.fixture(scope="module")
def estimated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two days of a bill, and of what a review says of it."""
    folder = tmp_path_factory.mktemp("estimated")
    settings = SETTINGS.replace('["prod"] }', '["prod"] }\nestimates = ["review.md"]') + LABELS
    (folder / "finops.toml").write_text(settings)
    (folder / "review.md").write_text(REVIEW)
    lines = [
        # 48 h at 0.10 and 12 h at 0.30; 12 h of the lab at 0.75; storage and a NAT gateway that nobody foresaw
        *(day(n, "2.40", "24", "i-1") for n in (1, 2)),
        day(2, "3.60", "12", "i-2"),
        day(1, "9", "12", "nb", **{"lineItem/ProductCode": "AmazonSageMaker"}),
        day(1, "5", "2", "logs", **{"lineItem/ProductCode": "AmazonS3", "pricing/unit": "GB-Mo"}),
        day(1, "4", "24", "nat", **{"lineItem/UsageType": "USE2-NatGateway-Hours"}),
        day(2, "1", "1", "x", **DEV),
    ]
    export = write_export(folder, lines)
    assert main(["ingest", str(export), "--db", str(folder / "finops.duckdb")]) == 0
    return folder


def test_estimates_by_the_hour_are_held_against_hours(estimated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of two days: the desk 48 h at 0.20 = 9.60, the lab 4 h at 0.50 = 2, storage 2/31 of 46.50 = 3, Glue 1.

    The desk used 60 h for 8.40: (60 - 48) x 0.20 = 2.40, and (8.40 / 60 - 0.20) x 60 = -3.60. The lab used 12 h
    for 9: 8 x 0.50 = 4, and 9 - 6 = 3.
    """
    document = ask(estimated, capsys, "variance", "--why", "--against", "estimates")
    assert {(row["environment"], row["key"], row["effect"]): row["change"] for row in document["rows"]} == {
        ("prod", "Desk", "usage"): Decimal("2.40"),
        ("prod", "Desk", "price"): Decimal("-3.60"),
        ("prod", "Lab", "usage"): 4,
        ("prod", "Lab", "price"): 3,
        ("prod", "S3", "not_separable"): 2,
        ("prod", "Glue", "not_seen"): -1,
        ("prod", "AmazonEC2", "not_estimated"): 4,
        ("dev", "AmazonEC2", "not_estimated"): 1,
    }
    spent = ask(estimated, capsys, "spend", "--from", "2026-10-01", "--to", "2026-10-03", "--metric", "amortized")
    assert document["totals"]["cost_after"] == spent["totals"]["cost"]
    assert document["totals"]["cost_before"] == Decimal("15.60")
    assert document["totals"]["change"] == sum(row["change"] for row in document["rows"])


def test_estimates_of_one_environment(estimated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = ask(estimated, capsys, "variance", "--why", "--against", "estimates", "--env", "dev")
    assert [(row["environment"], row["change"]) for row in document["rows"]] == [("dev", 1)]


def test_a_tag_in_place_of_environments(bill: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = ask(bill, capsys, "variance", "--why", *SIXTH, "--by", "tag:Owner")
    moves = {row["tag:Owner"]: row["change"] for row in document["rows"] if row["effect"] == "tag_move"}
    assert moves == {"web": Decimal("-2.40"), "data": Decimal("2.40")}


def test_one_environment_alone(bill: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = ask(bill, capsys, "variance", "--why", *SIXTH, "--env", "dev")
    assert {row["environment"] for row in document["rows"]} == {"dev"}
    assert document["totals"]["change"] == Decimal("-0.60")
    assert [row["environment"] for row in document["totals"]["values"]] == ["dev"]


def test_a_part_of_the_bill_says_that_it_sees_no_moves(bill: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = ask(bill, capsys, "variance", "--why", *SIXTH, "--where", "tag:Environment=prod")
    assert "moves_not_seen" in [one["code"] for one in document["problems"]]
    assert {row["effect"] for row in document["rows"] if row["key"] == "i-moves"} == {"gone_resource"}


def test_a_person_reads_an_answer(bill: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    place = ["--db", str(bill / "finops.duckdb"), "--config", str(bill / "finops.toml")]
    assert main(["variance", "--why", *SIXTH, *place]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:8] == [
        "2026-10-06 (1 day) against 2026-10-05 (1 day).",
        "All of it fell by $6.28 (-53.2%), from $11.80 to $5.52.",
        "prod fell by $5.68 (-48.1%), from $11.80 to $6.12:",
        "  -$7.00 gone resources (i-gone)",
        "  +$4.80 new resources (i-new)",
        "  -$2.40 moved resources (i-moves)",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--against", "2026-09"], "--against needs --why"),
        (["--last", "1w"], "--last needs --why"),
        (["--by", "tag:Owner"], "--by needs --why"),
        (["--why", "--format", "github"], "stands on no line"),
        (["--why", "--by", "service"], "told apart by one tag or by environment"),
        (["--why", "--by", "tag:Owner", "--env", "prod"], "--env names an environment"),
        (["--why", "--against", "estimates", "--last", "1w"], "estimates are for a month"),
        (["--why", "--against", "estimates"], "no environment names a document"),
        (["--why", "--from", "soon", "--to", "2026-10-07"], "soon is not a day"),
        (["--why", *SIXTH, "--env", "pord"], "no environment is called pord"),
        (["--why", "--period", "2026-09", "--last", "1w"], "exclude each other"),
    ],
)
def test_words_that_do_not_fit_are_refused(
    bill: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    capsys.readouterr()
    place = ["--db", str(bill / "finops.duckdb"), "--config", str(bill / "finops.toml")]
    assert main(["variance", *words, *place]) == 2
    assert said in capsys.readouterr().err


def test_months_of_cost_explorer_are_split_as_far_as_it_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "finops.duckdb"
    for month, cost, tax in ((8, "10", "1"), (9, "12.5", "1.25")):
        days = [date(2026, month, number) for number in range(1, 31)]
        usage = [Group(one, Decimal(cost), "AmazonS3") for one in days]
        load_answer(database, [*usage, Group(days[0], Decimal(tax), "AmazonS3", "Tax")], f"2026-{month:02d}")
    (tmp_path / "finops.toml").write_text("")
    document = ask(tmp_path, capsys, "variance", "--why", "--period", "2026-09")
    assert by_effect(document) == {("(unmapped)", "not_separable"): 75, ("(unmapped)", "tax"): Decimal("0.25")}
    assert {"not_separable", "unequal_days", "incomplete_days"} <= {one["code"] for one in document["problems"]}
