"""Shared cost: every rule gives what it takes, the total stays the bill, and the rows say by which rule."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops.allocate import allocated_spend, dimensions_needed
from finops.allocate.shares import amount, divided, units
from finops.cli import main
from finops.config import Allocation, parse_settings
from finops.dimensions import parse_by
from finops.document import Document
from finops.errors import UsageError
from finops.ingest.demo import settings_toml, write_export
from finops.reader import Ask, Ledger, open_ledger
from finops.spend import spend
from tests.small_ledger import LINES, SETTINGS, Line, small_ledger

Row = dict[str, Any]
OWNER = parse_by("tag:Owner")
TAX = Allocation("tax", "proportional", where={"charge_category": ("Tax",)})
REST = Allocation("rest", "proportional")


def rows(document: Document) -> list[Row]:
    return [dict(zip(document.rows.names, row, strict=True)) for row in document.rows.read(None)]


def ledger_with(*rules: Allocation, lines: Sequence[Line] = LINES, metric: str = "unblended") -> Ledger:
    return small_ledger(lines, metric, replace(SETTINGS, allocate=rules))


def allocated(*rules: Allocation, lines: Sequence[Line] = LINES, by: str = "tag:Owner") -> Document:
    return allocated_spend(ledger_with(*rules, lines=lines), parse_by(by), each_rule=True)


def given_by(document: Document, rule: str, key: str = "tag:Owner") -> dict[str, Decimal]:
    return {row[key]: row["allocated"] for row in rows(document) if row["rule"] == rule}


def codes(document: Document) -> list[str]:
    return [one.code for one in document.problems if one.code.startswith(("allocation", "split"))]


# --- largest remainder

MANY = settings(max_examples=200)
AMOUNTS = st.integers(-(10**24), 10**24)
WEIGHTS = st.lists(st.integers(0, 10**24), min_size=1, max_size=12).filter(any)


@MANY
@given(AMOUNTS, WEIGHTS)
def test_the_parts_sum_to_the_whole(total: int, weights: list[int]) -> None:
    assert sum(divided(total, weights)) == total


@MANY
@given(AMOUNTS, WEIGHTS)
def test_no_part_is_a_whole_unit_away_from_its_exact_share(total: int, weights: list[int]) -> None:
    whole = sum(weights)
    for part, weight in zip(divided(total, weights), weights, strict=True):
        assert abs(part * whole - total * weight) < whole


@MANY
@given(AMOUNTS, WEIGHTS)
def test_a_credit_is_divided_like_a_charge(total: int, weights: list[int]) -> None:
    assert divided(-total, weights) == [-part for part in divided(total, weights)]


@MANY
@given(AMOUNTS, WEIGHTS)
def test_who_weighs_nothing_gets_nothing(total: int, weights: list[int]) -> None:
    assert all(part == 0 for part, weight in zip(divided(total, weights), weights, strict=True) if not weight)


def test_of_equal_remainders_the_first_gets_the_last_decimal() -> None:
    assert divided(100, [1, 1, 1]) == [34, 33, 33]
    assert divided(5, [1, 1, 1]) == [2, 2, 1]


@MANY
@given(st.decimals(allow_nan=False, allow_infinity=False, places=10, min_value=-(10**27), max_value=10**27))
def test_an_amount_as_units_and_back_is_itself(value: Decimal) -> None:
    assert amount(units(value)) == value


# --- the bill of the demo company, by any tag, period, metric and filter


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    database = folder / "finops.duckdb"
    assert main(["ingest", str(write_export("cur2-parquet", folder, 2)), "--db", str(database)]) == 0
    return database


POLICY = parse_settings(settings_toml())
TAGS = ("Project", "Environment", "Owner", "Component", "project")
WHERE: tuple[dict[str, tuple[str, ...]], ...] = (
    {},
    {"tag": ("(untaggable)",)},
    {"tag": ("(invalid)", "(untagged)")},
    {"charge_category": ("Tax", "Credit")},
    {"service": ("AWSSupportBusiness", "AmazonCloudWatch")},
    {"line_item_type": ("SavingsPlanRecurringFee", "RIFee", "EdpDiscount")},
    {"tag:Project": ("Platform",)},
    {"tag:Environment": ("prod",), "account": ("200000000030",)},
    {"resource": ("(none)",)},
)
BY = ((), ("spend",), ("amortized",), ("list", "account"), ("service",), ("environment", "week"))


@st.composite
def rule_of_any_kind(draw: st.DrawFn) -> Allocation:
    where = draw(st.sampled_from(WHERE))
    kind = draw(st.sampled_from(["even", "fixed", "proportional"]))
    if kind == "fixed":
        share = draw(st.decimals(1, 99, places=3))
        return Allocation("", kind, where, shares={"Orders": share, "Nobody's": 100 - share})
    among = draw(st.sampled_from([(), ("Orders", "prod", "web")]))
    by = draw(st.sampled_from(BY)) if kind == "proportional" else ()
    return Allocation("", kind, where, by=by, among=among)


def rules_of_any_kind() -> st.SearchStrategy[tuple[Allocation, ...]]:
    return st.lists(rule_of_any_kind(), min_size=1, max_size=4).map(
        lambda rules: tuple(replace(rule, name=f"rule {at}") for at, rule in enumerate(rules))
    )


QUESTIONS = {
    "tag": st.sampled_from(TAGS),
    "others": st.lists(st.sampled_from(["month", "service", "account", "line_item_type", "tag:CostCenter"]),
                       max_size=2, unique=True),
    "tag_first": st.booleans(),
    "rules": rules_of_any_kind(),
    "metric": st.sampled_from(["unblended", "net_unblended", "amortized", "net_amortized", "list"]),
    "span": st.sampled_from([{}, {"period": "2026-09"}, {"last": "3w"}]),
    "where": st.sampled_from([(), ("service=AmazonEC2,AmazonRDS",), ("tag:Environment=prod,(untagged)",),
                              ("charge_category=Tax",), ("account=200000000030", "region=us-east-2")]),
}  # fmt: skip
THOROUGH = settings(max_examples=24, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def asked(database: Path, by: str, rules: Sequence[Allocation], **ask: Any) -> tuple[Document, Document, Document]:
    """The spend, the allocated spend by rule, and in short."""
    config = replace(POLICY, allocate=tuple(rules))
    dimensions = parse_by(by)
    with open_ledger(database, config, Ask(by=dimensions_needed(config, dimensions), **ask)) as ledger:
        return (
            held(spend(ledger, dimensions)),
            held(allocated_spend(ledger, dimensions, each_rule=True)),
            held(allocated_spend(ledger, dimensions, each_rule=False)),
        )


def held(document: Document) -> Document:
    """The document with its rows read: they outlive the ledger."""
    return replace(document, rows=document.rows.of(document.rows.columns, list(document.rows.read(None))))


def sums(found: Sequence[Row], key: Callable[[Row], Any], column: str = "cost") -> dict[Any, Decimal]:
    result: dict[Any, Decimal] = defaultdict(Decimal)
    for row in found:
        result[key(row)] += row[column]
    return dict(result)


@THOROUGH
@given(**QUESTIONS)
def test_the_total_is_the_bill_for_every_tag_period_metric_and_filter(
    demo: Path,
    tag: str,
    others: list[str],
    tag_first: bool,
    rules: Sequence[Allocation],
    metric: str,
    span: Mapping[str, str],
    where: tuple[str, ...],
) -> None:
    words = [f"tag:{tag}", *others] if tag_first or "tag:CostCenter" in others else [*others, f"tag:{tag}"]
    bill, by_rule, short = asked(demo, ",".join(words), rules, metric=metric, where=where, **span)
    found = rows(by_rule)

    # the total, and each value of every other dimension, to the last decimal
    assert by_rule.totals["cost"] == short.totals["cost"] == bill.totals["cost"] == sum(row["cost"] for row in found)
    rest = [word for word in words if word != f"tag:{tag}"]
    expected = sums(rows(bill), lambda row: tuple(row[word] for word in rest))
    assert sums(found, lambda row: tuple(row[word] for word in rest)) == expected

    # each rule gives what it takes, and only what rules changed differs from the bill
    for rule, total in sums(found, lambda row: row["rule"]).items():
        assert total == (bill.totals["cost"] if rule == "(direct)" else 0)
    direct = [
        {**{word: row[word] for word in words}, "cost": row["cost"]} for row in found if row["rule"] == "(direct)"
    ]
    assert sorted(direct, key=repr) == sorted(rows(bill), key=repr)
    assert all(row["cost"] == row["direct"] + row["allocated"] for row in [*found, *rows(short)])

    # in short it is the same
    by_words = {tuple(row[word] for word in words): row["cost"] for row in rows(short)}
    assert by_words == sums(found, lambda row: tuple(row[word] for word in words))


@settings(parent=THOROUGH, max_examples=6)
@given(rules_of_any_kind(), st.sampled_from(["day", "service", "account,line_item_type", "month,tag:Owner"]))
def test_who_pays_how_much_does_not_depend_on_the_dimensions_beside_the_tag(
    demo: Path, rules: Sequence[Allocation], others: str
) -> None:
    _, alone, _ = asked(demo, "tag:Project", rules)
    _, beside, _ = asked(demo, f"tag:Project,{others}", rules)
    key = ("tag:Project", "rule")
    one, other = (sums(rows(found), lambda row: tuple(row[word] for word in key)) for found in (alone, beside))
    # each cell rounds its own last decimal
    room = Decimal(len(rows(beside))) * Decimal("1e-10")
    assert {of: cost for of, cost in other.items() if abs(cost - one.get(of, 0)) > room} == {}


@settings(parent=THOROUGH, max_examples=6)
@given(rules_of_any_kind())
def test_a_month_is_allocated_alike_alone_and_among_others(demo: Path, rules: Sequence[Allocation]) -> None:
    # a week may lie in two months, and then holds more when both are asked for
    rules = [replace(rule, by=tuple(word for word in rule.by if word != "week")) for rule in rules]
    _, months, _ = asked(demo, "billing_period,tag:Project", rules)
    _, alone, _ = asked(demo, "billing_period,tag:Project", rules, period="2026-09")
    assert rows(alone) == [row for row in rows(months) if row["billing_period"] == "2026-09"]


# --- what a rule takes, and who gets it


def test_a_rule_takes_only_what_nobody_has_unless_it_names_more() -> None:
    everything = Allocation("all", "proportional")
    named = Allocation("platform", "even", where={"tag:Owner": ("web",)})
    assert given_by(allocated(everything), "all").keys() == {"web", "data", "(untagged)", "(untaggable)"}
    document = allocated(named)
    taken = Decimal("100.0000000001") + Decimal("0.000000012")
    assert given_by(document, "platform") == {"web": -taken, "data": taken}


def test_a_tag_is_the_one_asked_for_in_any_spelling(demo: Path) -> None:
    rule = Allocation("platform", "even", where={"tag:project": ("Platform",)})
    _, document, _ = asked(demo, "tag:Project", [rule])
    assert given_by(document, "platform", "tag:Project")["Platform"] < 0


def test_an_invalid_value_is_taken_only_when_it_is_named() -> None:
    by = {"by": "tag:Environment"}
    assert "(invalid)" not in given_by(allocated(REST, **by), "rest", "tag:Environment")
    named = Allocation("bad", "proportional", where={"tag": ("(invalid)",)})
    assert given_by(allocated(named, **by), "bad", "tag:Environment") == {
        "(invalid)": Decimal("-50.5"), "prod": Decimal("50.5"),
    }  # fmt: skip


def test_rules_apply_in_order_each_to_what_is_left() -> None:
    document = allocated(TAX, REST)
    assert given_by(document, "tax")["(untaggable)"] == Decimal("-8.125")
    assert given_by(document, "rest")["(untaggable)"] == Decimal("6")  # the fee and the negation
    swapped = allocated(REST, TAX)
    assert given_by(swapped, "tax") == {}
    by_value = [sums(rows(one), lambda row: row["tag:Owner"]) for one in (document, swapped)]
    assert by_value[0] == pytest.approx(by_value[1])


def test_what_no_rule_takes_stays_under_its_own_name() -> None:
    document = allocated(TAX)
    left = {row["tag:Owner"]: row["cost"] for row in rows(document) if row["rule"] == "(direct)"}
    assert left["(untagged)"] == Decimal("80.5")
    assert document.totals["unattributed"] == Decimal("74.5")


SHARED = [
    Line("2026-10-05", "60", resource_id="i-1", tag_set_id=1, sub_account_id="000000000001"),
    Line("2026-10-06", "20", resource_id="i-2", tag_set_id=3, sub_account_id="000000000001"),
    Line("2026-10-06", "20", resource_id="i-3", tag_set_id=3, sub_account_id="000000000002"),
    Line("2026-10-07", "10", resource_id="i-4", sub_account_id="000000000001"),
    Line("2026-10-07", "7", resource_id="i-5", sub_account_id="000000000002"),
    Line("2026-10-07", "3", resource_id="i-6", sub_account_id="000000000003"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "web", "data"),
    [
        (Allocation("r", "proportional"), "12", "8"),
        (Allocation("r", "even"), "10", "10"),
        (Allocation("r", "fixed", shares={"web": Decimal("62.5"), "data": Decimal("37.5")}), "12.5", "7.5"),
        (Allocation("r", "proportional", among=("data",)), None, "20"),
        (Allocation("r", "even", among=("data",)), None, "20"),
    ],
)
def test_cost_is_divided_as_the_rule_says(rule: Allocation, web: str | None, data: str) -> None:
    document = allocated(rule, lines=SHARED)
    found = given_by(document, "r")
    assert found == {"(untagged)": -20, "data": Decimal(data), **({"web": Decimal(web)} if web else {})}
    assert codes(document) == []


def test_within_a_dimension_each_value_of_it_has_its_own_proportion() -> None:
    within = Allocation("within", "proportional", by=("account",))
    document = allocated(within, lines=SHARED)
    assert given_by(document, "within") == {"(untagged)": -17, "web": Decimal("7.5"), "data": Decimal("9.5")}


def test_what_has_nobody_to_go_to_stays_and_is_told() -> None:
    within = Allocation("within", "proportional", by=("account",))
    document = allocated(within, lines=SHARED)
    (problem,) = [one for one in document.problems if one.code == "allocation_left"]
    assert "3.00 USD" in problem.message
    assert "2026-10, 000000000003" in problem.message
    assert problem.where == "[[allocate]] within"
    assert document.totals["unattributed"] == 3


def test_what_a_rule_leaves_the_next_one_may_take() -> None:
    within = Allocation("within", "proportional", by=("account",))
    document = allocated(within, REST, lines=SHARED)
    assert given_by(document, "rest") == {"(untagged)": -3, "web": Decimal("1.8"), "data": Decimal("1.2")}
    assert codes(document) == []


def test_another_metric_may_measure_the_proportion() -> None:
    lines = [
        Line("2026-10-05", "10", "30", resource_id="i-1", tag_set_id=1),
        Line("2026-10-05", "10", "10", resource_id="i-2", tag_set_id=3),
        Line("2026-10-05", "8", resource_id="i-3"),
    ]
    rule = Allocation("r", "proportional", by=("amortized",))
    assert given_by(allocated(rule, lines=lines), "r") == {"(untagged)": -8, "web": 6, "data": 2}


def test_a_metric_that_the_export_lacks_is_refused_by_the_name_of_its_column() -> None:
    ledger = replace(ledger_with(Allocation("r", "proportional", by=("amortized",))), unavailable={"amortized": "col"})
    with pytest.raises(UsageError, match="no usable col"):
        allocated_spend(ledger, OWNER, each_rule=True)


def test_who_has_more_credits_than_spend_takes_no_part() -> None:
    lines = [*SHARED, Line("2026-10-08", "-50", tag_set_id=3, x_line_item_type="Credit", charge_category="Credit")]
    assert given_by(allocated(REST, lines=lines), "rest") == {"(untagged)": -20, "web": 20}


def test_a_credit_is_allocated_as_a_negative_cost() -> None:
    lines = [*SHARED[:3], Line("2026-10-01", "-5", x_line_item_type="Credit", charge_category="Credit")]
    assert given_by(allocated(REST, lines=lines), "rest") == {"(untaggable)": 5, "web": -3, "data": -2}


def test_a_named_value_without_spend_gets_its_share_and_is_told() -> None:
    rule = Allocation("r", "fixed", shares={"web": Decimal(50), "wbe": Decimal(50)})
    document = allocated(rule, lines=SHARED)
    assert given_by(document, "r")["wbe"] == 10
    assert codes(document) == ["allocation_target"]


def test_the_cost_that_a_rule_takes_gives_nobody_a_share() -> None:
    platform = Allocation("platform", "proportional", where={"tag:Owner": ("data",)})
    for rules in ((platform, REST), (REST, platform)):
        assert given_by(allocated(*rules, lines=SHARED), "rest") == {"(untagged)": -20, "web": 20}


def test_a_rule_for_another_tag_does_not_apply() -> None:
    document = allocated(replace(REST, tags=("Environment",)), TAX)
    assert [row[0] for row in document.totals["by_rule"].read(None)] == ["tax"]


def test_in_short_a_row_lists_its_rules_in_order() -> None:
    document = allocated_spend(ledger_with(TAX, REST), OWNER, each_rule=False)
    assert {row["tag:Owner"]: row["rules"] for row in rows(document)} == {
        "web": "tax, rest", "data": "tax, rest", "(untagged)": "rest", "(untaggable)": "tax, rest",
    }  # fmt: skip


def test_without_a_tag_or_a_rule_it_is_refused() -> None:
    with pytest.raises(UsageError, match="--by names none"):
        dimensions_needed(SETTINGS, parse_by("service"))
    with pytest.raises(UsageError, match="nothing to allocate by"):
        allocated()


def test_an_answer_too_long_to_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finops.allocate.settle.MOST_ROWS", 5)
    with pytest.raises(UsageError, match="more than 5 rows"):
        allocated(REST, by="day,resource,tag:Owner")


# --- the verb


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "finops.toml"
    path.write_text(settings_toml())
    return path


def test_the_demo_attributes_every_dollar(demo: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verb = ["spend", "--by", "tag:Project", "--allocate", "--db", str(demo), "--config", str(config)]
    assert main([*verb, "--format", "csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "tag:Project,rule,direct,allocated,cost"
    assert {line.split(",")[-4] for line in lines[1:]} == {"(direct)", *(rule.name for rule in POLICY.allocate)}
    assert main(verb) == 0
    printed = capsys.readouterr().out
    assert "proportional to amortized within account" in printed
    assert [line for line in printed.splitlines() if line.startswith(("(untagged)", "(untaggable)"))] == [
        line for line in printed.splitlines() if line.startswith(("(untagged)", "(untaggable)")) and "  0.00  " in line
    ]


def test_the_page_on_allocation_shows_what_the_demo_has_and_prints(
    demo: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parent.parent / "docs" / "allocate.md").read_text(encoding="utf-8")
    rules, printed, example = (text for _, text in re.findall(r"^```(\w*)\n(.*?)^```", page, re.M | re.S))
    assert settings_toml().endswith(rules)
    verb = ["spend", "--by", "tag:Project", "--allocate", "--period", "2026-09", "--metric", "amortized"]
    where = ["--db", str(demo), "--config", str(config)]
    assert main([*verb, *where]) == 0
    assert capsys.readouterr().out == printed
    assert main([*verb, *where, "--format", "csv"]) == 0
    assert set(example.splitlines()) <= set(capsys.readouterr().out.splitlines())
