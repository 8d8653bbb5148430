"""What a missing value most likely is: learned, tested by hiding, silent where it is not good enough."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from finops.gaps.families import families
from finops.tag_gaps import tag_gaps
from tests.gap_ledger import ingest, line, opened

SETTINGS = '[tags]\nrequired = ["Owner"]\n'


def asked(database: Path, settings: str = SETTINGS) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]], Any]:
    """Gaps by resource, measurements by basis, and the totals of the tag."""
    with opened(database, settings) as ledger:
        document = tag_gaps(ledger, inferred=True)
        rows = [dict(zip(document.rows.names, row, strict=True)) for row in document.rows.read(None)]
        table = document.totals["inference"]
        bases = [dict(zip(table.names, row, strict=True)) for row in table.read(None)]
        totals = dict(zip(document.totals["by_tag"].names, next(document.totals["by_tag"].read(1)), strict=True))
    return {row["resource_id"]: row for row in rows}, {row["basis"]: row for row in bases}, totals


def team(owner: str, stack: str, count: int, account: str = "000000000030") -> list[dict[str, str]]:
    return [line(f"{stack}-{number}", account=account, Owner=owner, Stack=stack) for number in range(count)]


def test_a_value_is_told_by_another_tag_that_has_always_told_it(tmp_path: Path) -> None:
    lines = [
        *team("web", "shop", 10),
        *team("data", "lake", 10),
        line("gap-1", Stack="lake"),
        line("gap-2", Stack="new"),
    ]
    rows, bases, _ = asked(ingest(tmp_path, lines))
    assert (rows["gap-1"]["suggestion"], rows["gap-1"]["suggestion_basis"]) == ("data", "tag user:Stack")
    assert rows["gap-2"]["suggestion"] == ""
    held = bases["tag user:Stack"]
    assert (held["tested"], held["right"], held["precision"], held["used"]) == (20, 20, 100, True)
    assert (held["gaps"], held["suggested"], held["coverage"]) == (2, 1, 50)


def test_a_basis_that_is_wrong_too_often_stays_silent(tmp_path: Path) -> None:
    lines = [*team("web", "shop", 6), *team("data", "shop", 4, "000000000031"), line("gap", Stack="shop")]
    for number, one in enumerate(lines[6:10]):
        one["lineItem/ResourceId"] = f"other-{number}"
    rows, bases, _ = asked(ingest(tmp_path, lines))
    assert bases["tag user:Stack"]["precision"] == 60
    assert not bases["tag user:Stack"]["used"]
    assert rows["gap"]["suggestion_basis"] != "tag user:Stack"


def test_the_precision_that_is_asked_for_is_a_setting(tmp_path: Path) -> None:
    lines = [*team("web", "shop", 9), line("odd", Owner="data", Stack="shop"), line("gap", Stack="shop")]
    database = ingest(tmp_path, lines)
    assert asked(database)[0]["gap"]["suggestion"] == ""
    assert asked(database, SETTINGS + "infer_precision = 90\n")[0]["gap"]["suggestion"] == "web"


def test_what_was_seen_too_few_times_is_no_rule(tmp_path: Path) -> None:
    rows, bases, _ = asked(ingest(tmp_path, [*team("web", "shop", 2), line("gap", Stack="shop")]))
    assert rows["gap"]["suggestion"] == ""
    assert bases == {}


def test_the_account_and_the_family_of_the_name_are_evidence(tmp_path: Path) -> None:
    lines = [line(f"orders-{n}", Owner="web") for n in range(5)]
    lines += [line(f"ledger-{n}", Owner="data") for n in range(5)]
    lines += [line("orders-9"), line("9orders"), line("x9", account="000000000031")]
    lines += [line(f"y{n}", account="000000000031", Owner="ops") for n in range(3)]
    rows, _, _ = asked(ingest(tmp_path, lines))
    assert (rows["orders-9"]["suggestion"], rows["orders-9"]["suggestion_basis"]) == ("web", "ARN family")
    assert rows["9orders"]["suggestion_basis"] != "ARN family"
    assert rows["x9"]["suggestion"] in ("", "ops")


def test_a_suggestion_is_never_counted_as_a_tag(tmp_path: Path) -> None:
    lines = [*team("web", "shop", 10), line("gap", Stack="shop", cost="5")]
    rows, _, totals = asked(ingest(tmp_path, lines))
    assert rows["gap"]["suggestion"] == "web"
    assert (totals["gap_cost"], totals["tagged_cost"]) == (5, 10)


def family(count: int, owner: str, **more: str) -> list[dict[str, str]]:
    return [{**line(f"{owner}{number}{len(more)}", Owner=owner), **more} for number in range(count)]


@pytest.mark.parametrize(
    ("basis", "web", "data"),
    [
        ("CloudFormation stack", {"aws:cloudformation:stack-name": "shop"}, {"aws:cloudformation:stack-name": "lake"}),
        (
            "CloudFormation stack",
            {"aws:cloudformation:stack-id": "arn:aws:cloudformation:us-east-2:1:stack/shop/5c9f"},
            {"aws:cloudformation:stack-id": "arn:aws:cloudformation:us-east-2:1:stack/lake/77aa"},
        ),
        ("EKS cluster", {"user:eks:cluster-name": "shop"}, {"user:eks:cluster-name": "lake"}),
        ("EKS cluster", {"user:kubernetes.io/cluster/shop": "owned"}, {"user:kubernetes.io/cluster/lake": "shared"}),
        ("EKS node group", {"user:eks:nodegroup-name": "shop"}, {"user:eks:nodegroup-name": "lake"}),
        ("Auto Scaling group", {"aws:autoscaling:groupName": "shop"}, {"aws:autoscaling:groupName": "lake"}),
        ("Name family", {"user:Name": "shop-web-07"}, {"user:Name": "lake-etl-03"}),
    ],
)
def test_a_family_that_tools_write_down_tells_the_owner(
    tmp_path: Path, basis: str, web: dict[str, str], data: dict[str, str]
) -> None:
    def named(tags: dict[str, str]) -> dict[str, str]:
        return {f"resourceTags/{key}": value for key, value in tags.items()}

    lines = [*family(4, "web", **named(web)), *family(4, "data", **named(data))]
    if basis == "Name family":
        lines = [
            {**one, "resourceTags/user:Name": one["resourceTags/user:Name"].replace("0", f"{at}")}
            for at, one in enumerate(lines)
        ]
    lines += [{**line("gap-1"), **named(web)}, {**line("gap-2"), **named(data)}]
    rows, bases, _ = asked(ingest(tmp_path, lines))
    assert (rows["gap-1"]["suggestion"], rows["gap-2"]["suggestion"]) == ("web", "data")
    assert (bases[basis]["tested"], bases[basis]["precision"]) == (8, 100)


@pytest.mark.parametrize("key", ["aws:cloudformation:stack-name", "aws_cloudformation_stack_name"])
def test_a_family_is_known_by_its_key_however_the_export_spells_it(key: str) -> None:
    assert [(one.basis, one.evidence) for one in families([key])] == [
        ("CloudFormation stack", "value"),
        ("CloudFormation stack family", "stem"),
    ]


def test_an_account_that_the_settings_give_to_an_environment_tells_it_and_is_tested_like_all_others(
    tmp_path: Path,
) -> None:
    settings = """
[tags]
required = ["Environment"]
[environments.prod]
match = { "tag:Environment" = ["prod"], account = ["000000000030"] }
[environments.dev]
match = { "tag:Environment" = ["dev"], account = ["000000000031"] }
"""
    lines = [line("a", Environment="prod"), line("gap"), line("gap-dev", account="000000000031")]
    rows, bases, _ = asked(ingest(tmp_path, lines), settings)
    assert (rows["gap"]["suggestion"], rows["gap"]["suggestion_basis"]) == ("prod", "account map")
    assert rows["gap-dev"]["suggestion"] == "dev"
    assert (bases["account map"]["tested"], bases["account map"]["suggested"]) == (1, 2)


def test_a_given_rule_that_the_bill_contradicts_stays_silent(tmp_path: Path) -> None:
    settings = '[tags]\nrequired = ["Owner"]\n[owners]\naccounts = { "000000000030" = "web" }\n'
    lines = [line("a", Owner="web"), line("b", Owner="data"), line("gap")]
    rows, bases, _ = asked(ingest(tmp_path, lines), settings)
    assert rows["gap"]["suggestion"] == ""
    assert (bases["account map"]["precision"], bases["account map"]["used"]) == (50, False)


def test_a_resource_whose_other_tags_changed_counts_once_with_all_it_ever_said(tmp_path: Path) -> None:
    lines = [*team("web", "shop", 4), *team("data", "lake", 4)]
    lines += [line("moved", 5, Owner="web", Stack="shop"), line("moved", 6, Owner="web", Stack="new")]
    lines += [line("gap", 5), line("gap", 6, Stack="shop")]
    rows, bases, _ = asked(ingest(tmp_path, lines))
    assert rows["gap"]["suggestion"] == "web"
    assert (bases["tag user:Stack"]["tested"], bases["tag user:Stack"]["gaps"]) == (9, 1)


def test_an_id_that_aws_made_up_is_no_name(tmp_path: Path) -> None:
    lines = [line(f"vol-0a1b2c3d4e5f6071{n}", Owner="web", account=f"00000000004{n}") for n in range(5)]
    rows, bases, _ = asked(ingest(tmp_path, [*lines, line("vol-0a1b2c3d4e5f60719")]))
    assert rows["vol-0a1b2c3d4e5f60719"]["suggestion"] == ""
    assert not {"name", "ARN family"} & bases.keys()
