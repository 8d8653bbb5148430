"""Virtual tags: a value that the settings put where the tag is missing, counted as tagged and told apart."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.config import parse_settings
from finops.dimensions import parse_by
from finops.errors import ConfigError
from finops.spend import spend
from finops.tag_gaps import tag_gaps
from tests.gap_ledger import DEV, SETTINGS, ingest, line, opened
from tests.test_gap_properties import require_whole, tables

BASE = SETTINGS.replace(', "Project"]', ']\noptional = ["Component"]')
LINES = (
    line("i-tagged", cost="100", Environment="prod", Owner="web"),
    {**line("i-bare", cost="10"), "costCategory/team": "Team A"},
    {**line("i-dev", cost="20", account=DEV, Owner=" "), "costCategory/team": "ops"},
    line("i-invalid", cost="5", Environment="prodd", Owner="web"),
    line("i-elsewhere", cost="3", account="000000000099"),
    line("", cost="2"),
)
ENVIRONMENT = '[tags.virtual.Environment]\nby = ["environment"]\n'
OWNER = """
[tags.virtual.Owner]
by = ["account", "cost_category:team"]
accounts = { "000000000010" = "platform" }
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ingest(tmp_path_factory.mktemp("virtual"), LINES)


def answered(database: Path, settings: str, **asked: Any) -> dict[str, list[dict[str, Any]]]:
    with opened(database, BASE + settings, **asked) as ledger:
        return tables(tag_gaps(ledger))


def spent(database: Path, settings: str, by: str, **asked: Any) -> dict[str, Decimal]:
    with opened(database, BASE + settings, by=by, **asked) as ledger:
        return {str(keys[0]): cost for *keys, cost in spend(ledger, parse_by(by)).rows.read(None)}


def of(rows: list[dict[str, Any]], tag: str) -> dict[str, Any]:
    (row,) = (row for row in rows if row["tag"] == tag)
    return row


def test_without_a_word_in_the_settings_nothing_stands_in(database: Path) -> None:
    row = of(answered(database, "")["by_tag"], "Environment")
    assert (row["tagged_cost"], row["virtual_cost"], row["gap_cost"]) == (105, 0, 33)


def test_the_environment_of_the_account_stands_in_where_the_tag_is_missing(database: Path) -> None:
    found = answered(database, ENVIRONMENT)
    row = of(found["by_tag"], "Environment")
    assert (row["tagged_cost"], row["virtual_cost"], row["gap_cost"]) == (135, 30, 3)
    assert spent(database, ENVIRONMENT, "tag:Environment") == {
        "prod": 110, "dev": 20, "(invalid)": 5, "(untagged)": 3, "(untaggable)": 2,
    }  # fmt: skip
    keys = {(row["key"], row["key_rule"]): row["cost"] for row in found["keys"] if row["tag"] == "Environment"}
    assert keys["(by environment)", "virtual"] == 30


def test_the_first_basis_that_knows_a_value_decides(database: Path) -> None:
    found = spent(database, OWNER, "tag:owner")
    assert found == {"web": 105, "platform": 20, "Team A": 10, "(untagged)": 3, "(untaggable)": 2}


def test_an_invalid_value_stays_what_it_is(database: Path) -> None:
    (row,) = (row for row in answered(database, ENVIRONMENT)["rows"] if row["cause"] == "invalid_value")
    assert row["resource_id"] == "i-invalid"


def test_a_value_that_the_policy_does_not_allow_does_not_stand_in(database: Path) -> None:
    settings = '[tags.virtual.Environment]\nby = ["cost_category:team"]\n'
    assert of(answered(database, settings)["by_tag"], "Environment")["virtual_cost"] == 0


def test_a_key_that_no_line_carries_is_still_in_no_export(database: Path) -> None:
    settings = '[tags.virtual.CostCenter]\nby = ["account"]\naccounts = { "000000000030" = "CC-1" }\n'
    found = answered(database, settings)
    (row,) = (row for row in found["rows"] if row["tag"] == "CostCenter")
    assert (row["cause"], row["cost"]) == ("key_not_in_export", 23)


@pytest.mark.parametrize("settings", [ENVIRONMENT, OWNER, ENVIRONMENT + OWNER], ids=["environment", "owner", "both"])
@pytest.mark.parametrize(
    "asked",
    [{}, {"where": ("tag:Environment=prod",)}, {"where": ("account=000000000010",)}, {"where": ("environment=dev",)}],
    ids=str,
)
def test_spend_by_a_virtual_tag_ties_to_the_gaps(database: Path, settings: str, asked: dict[str, Any]) -> None:
    with opened(database, BASE + settings, **asked) as ledger:
        (total,) = ledger.rows(f"select coalesce(sum({ledger.cost}), 0) as cost from daily_cost")
        require_whole(tag_gaps(ledger), total["cost"])
    totals = answered(database, settings, **asked)["by_tag"]
    for tag in ("Environment", "Owner"):
        found, row = spent(database, settings, f"tag:{tag}", **asked), of(totals, tag)
        assert found.get("(untagged)", 0) == row["gap_cost"]
        assert sum(cost for value, cost in found.items() if value[:2] != "(u") == row["tagged_cost"]


def test_every_document_that_counts_it_says_how_much_no_tag_says(database: Path) -> None:
    with opened(database, BASE + OWNER, by="tag:Owner") as ledger:
        said = [one.message for one in spend(ledger, parse_by("tag:Owner")).problems if one.code == "virtual_tag"]
    assert said == [
        "20.00 USD count under a value of Owner that no tag says (by account)",
        "10.00 USD count under a value of Owner that no tag says (by cost_category:team)",
    ]


def test_a_scope_and_a_virtual_tag_hold_together(database: Path) -> None:
    scope = '[[tags.scope]]\nwhere = { account = "000000000010" }\noptional = ["Environment"]\n'
    row = of(answered(database, scope + ENVIRONMENT)["by_tag"], "Environment")
    assert (row["virtual_cost"], row["not_required_cost"], row["gap_cost"]) == (10, 20, 3)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[tags.virtual.Ownr]\nby = ["environment"]', "did you mean Owner?"),
        ('[tags.virtual.Owner]\nby = ["acount"]', "did you mean account?"),
        ('[tags.virtual.Owner]\nby = ["account"]', "need each other"),
        ("[tags.virtual.Owner]\nby = []", "has no basis"),
        ('[tags.virtual.Environment]\nby = ["account"]\naccounts = { "1" = "prodd" }', "no valid value"),
        ('[tags.virtual.Owner]\naccounts = { "1" = "a" }', "needs by"),
    ],
)
def test_a_mistake_in_a_virtual_tag_is_told_with_its_line(table: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_settings(BASE + table)
    assert said in str(error.value)
    assert int(str(error.value.where).rpartition(":")[2]) > len(BASE.splitlines())
