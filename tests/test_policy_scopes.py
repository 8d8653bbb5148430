"""A tag policy that tells places apart: what is required and allowed by environment, account and service."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.cli.explaining import kinds
from finops.config import parse_settings
from finops.dimensions import parse_by
from finops.errors import ConfigError
from finops.evidence.document import explain_finding
from finops.gaps.fixable import Fixable
from finops.output.fixes import as_scp
from finops.spend import spend
from finops.tag_gaps import tag_gaps
from tests.gap_ledger import DEV, GOOD, SETTINGS, ingest, line, opened
from tests.test_gap_properties import require_whole, tables

LINES = (
    line("i-prod", cost="100", **GOOD),
    line("i-prod-bare", cost="10", Environment="prod", Owner="web"),
    line("i-dev", cost="20", account=DEV, Environment="dev", Owner="web"),
    line("i-dev-tagged", cost="3", account=DEV, Environment="dev", Owner="web", CostCenter="CC-9"),
    line("i-dev-prod", cost="5", account=DEV, Environment="prod", Owner="web"),
    line("i-late", 5, cost="7", Environment="prod"),
    line("i-late", 6, cost="8", Environment="prod", Owner="web"),
    {**line("fn", cost="30", account=DEV, Environment="dev"), "lineItem/ProductCode": "AWSLambda"},
    line("", cost="2", **GOOD),
)
BASE = SETTINGS.replace(', "Project"]', "]")
FREE = '[[tags.scope]]\nwhere = { environment = "dev" }\noptional = ["CostCenter"]\n'
MORE = '[[tags.scope]]\nwhere = { account = "000000000030" }\nrequired = ["Application"]\n'
LAMBDA = '[[tags.scope]]\nwhere = { service = "AWSLam*", account = "000000000010" }\noptional = ["Owner"]\n'
VALUES = '[[tags.scope]]\nwhere = { account = "000000000010" }\n[tags.scope.values.Environment]\nallowed = ["dev"]\n'


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ingest(tmp_path_factory.mktemp("scopes"), LINES)


def answered(database: Path, scopes: str, **asked: Any) -> dict[str, list[dict[str, Any]]]:
    with opened(database, BASE + scopes, **asked) as ledger:
        return tables(tag_gaps(ledger))


def of(rows: list[dict[str, Any]], tag: str) -> Any:
    return [row for row in rows if row["tag"] == tag]


def test_a_tag_that_is_optional_in_a_place_is_neither_gap_nor_coverage_there(database: Path) -> None:
    before, after = answered(database, ""), answered(database, FREE)
    (was,), (now,) = of(before["by_tag"], "CostCenter"), of(after["by_tag"], "CostCenter")
    # the environment is told by the tag before the account: i-dev-prod is in prod
    assert now["not_required_cost"] == 20 + 3 + 30
    assert (was["gap_cost"] - now["gap_cost"], was["tagged_cost"] - now["tagged_cost"]) == (50, 3)
    assert {row["resource_id"] for row in of(after["rows"], "CostCenter")} == {"i-prod-bare", "i-dev-prod", "i-late"}
    assert (was["resources"], now["resources"]) == (7, 4)


def test_a_tag_that_one_place_requires_is_a_gap_there_only(database: Path) -> None:
    found = answered(database, MORE)
    (row,) = of(found["by_tag"], "Application")
    assert (row["gap_cost"], row["not_required_cost"]) == (100 + 10 + 7 + 8, 20 + 3 + 5 + 30)
    assert {row["cause"] for row in of(found["rows"], "Application")} == {"key_not_in_export"}


def test_every_key_of_a_scope_has_to_fit_and_stars_are_allowed(database: Path) -> None:
    rows = answered(database, LAMBDA)["rows"]
    assert {row["resource_id"] for row in of(rows, "Owner")} == {"i-late"}


def test_the_first_scope_that_names_a_tag_decides(database: Path) -> None:
    back = '[[tags.scope]]\nwhere = { account = "000000000010" }\nrequired = ["CostCenter"]\n'
    for scopes, freed in ((FREE + back, 53), (back + FREE, 0)):
        (row,) = of(answered(database, scopes)["by_tag"], "CostCenter")
        assert row["not_required_cost"] == freed


def test_values_of_a_place_stand_in_for_those_of_the_policy(database: Path) -> None:
    rows = [row for row in answered(database, VALUES)["rows"] if row["cause"] == "invalid_value"]
    assert [(row["resource_id"], row["value"], row["suggestion"]) for row in rows] == [("i-dev-prod", "prod", "")]
    with opened(database, BASE + VALUES, by="tag:Environment") as ledger:
        found = dict(spend(ledger, parse_by("tag:Environment")).rows.read(None))
    assert found["(invalid)"] == 5


def test_a_late_tag_is_late_in_a_place_of_its_own(database: Path) -> None:
    (row,) = [row for row in answered(database, MORE + FREE)["rows"] if row["cause"] == "late"]
    assert (row["resource_id"], row["cost"]) == ("i-late", 7)


@pytest.mark.parametrize("scopes", [FREE, MORE, LAMBDA, VALUES, FREE + MORE + LAMBDA + VALUES], ids=range(5))
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"last": "1d"},
        {"where": ("account=000000000010",)},
        {"where": ("tag:Environment=prod",)},
        {"where": ("environment=dev", "service=AmazonEC2")},
        {"where": ("resource=i-late",)},
        {"where": ("cost_category:team=(none)",)},
    ],
    ids=str,
)
def test_the_parts_of_every_tag_are_the_whole(database: Path, scopes: str, asked: dict[str, Any]) -> None:
    with opened(database, BASE + scopes, **asked) as ledger:
        (row,) = ledger.rows(f"select coalesce(sum({ledger.cost}), 0) as cost from daily_cost")
        require_whole(tag_gaps(ledger), row["cost"])


@settings(max_examples=6, deadline=None)
@given(
    scopes=st.lists(st.sampled_from([FREE, MORE, LAMBDA, VALUES]), max_size=4, unique=True),
    by=st.sampled_from(["tag:Environment", "environment", "account,tag:Owner", "cost_category:team,resource"]),
)
def test_scopes_move_no_cost(database: Path, scopes: list[str], by: str) -> None:
    def found(text: str) -> dict[tuple[str, ...], Decimal]:
        with opened(database, BASE + text, by=by) as ledger:
            return {tuple(keys): cost for *keys, cost in spend(ledger, parse_by(by)).rows.read(None)}

    plain, scoped = found(""), found("".join(scopes))
    assert sum(plain.values()) == sum(scoped.values())
    assert plain == scoped or (VALUES in scopes and "tag:Environment" in by)


def test_explain_names_the_scope_that_applied(database: Path) -> None:
    with opened(database, BASE + MORE + VALUES) as ledger:
        rows = {(row["tag"], row["cause"]): row for row in tables(tag_gaps(ledger))["rows"]}

        def policy(tag: str, cause: str) -> dict[str, str]:
            document = explain_finding(ledger, database, kinds(), rows[tag, cause]["id"])
            assert document is not None
            return {name: text for part, name, text, *_ in document.rows.read(None) if part == "policy"}

        assert policy("Application", "key_not_in_export")["[[tags.scope]]"].endswith("where account is 000000000030")
        assert "account is 000000000010" in policy("Environment", "invalid_value")["[tags.scope.values.Environment]"]
        assert "[tags] required" in policy("Owner", "late")


@pytest.mark.parametrize("scopes", [MORE, FREE + LAMBDA], ids=["more", "less"])
def test_every_finding_in_a_scope_is_traced_to_its_last_decimal(database: Path, scopes: str) -> None:
    with opened(database, BASE + scopes) as ledger:
        for row in tables(tag_gaps(ledger))["rows"][:4]:
            found = explain_finding(ledger, database, kinds(), row["id"])
            assert found is not None
            totals = found.totals
            assert totals["mart_cost"] == totals["line_item_cost"] == row["cost"]


def test_a_control_policy_denies_only_what_every_place_requires() -> None:
    policy = parse_settings(BASE + MORE + FREE).tags
    ((_, text),) = as_scp.files(Fixable((), {}), policy)
    assert [tag for tag in policy.required if tag in text] == ["Environment", "Owner"]


@pytest.mark.parametrize(
    ("scope", "line_number", "said"),
    [
        ('where = { environment = "prdo" }\noptional = ["Owner"]', 2, "did you mean"),
        ('where = { payer = "1" }\noptional = ["Owner"]', 2, 'unknown key "payer"'),
        ("where = {}\noptional = ['Owner']", 2, "needs a place"),
        ('where = { account = "1" }', 1, "says what is required"),
        ('where = { account = "1" }\noptional = ["Component"]', 3, "is not required anyway"),
        ('where = { account = "1" }\nrequired = ["Owner"]\noptional = ["owner"]', 4, "required and optional"),
        ('where = { account = "1" }\nrequired = ["Ownr"]', 3, "did you mean Owner?"),
        ('where = { account = "1" }\n[tags.scope.values.Owner]\naliases = { a = ["b"], c = ["b"] }', 4, "cannot mean"),
        ('optional = ["Owner"]', 1, "needs where"),
    ],
)
def test_a_mistake_in_a_scope_is_told_with_its_line(scope: str, line_number: int, said: str) -> None:
    before = BASE + "\n[environments.prod-like]\n"
    with pytest.raises(ConfigError) as error:
        parse_settings(before + "[[tags.scope]]\n" + scope)
    assert error.value.where == f"finops.toml:{len(before.splitlines()) + line_number}"
    assert said in str(error.value)
