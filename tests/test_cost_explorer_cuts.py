"""The cuts of a month from Cost Explorer: whatever AWS answers, each is the same money."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from finops.engines.duckdb import connect, literal
from finops.ingest.cost_explorer.groups import Group
from finops.ingest.cost_explorer.plan import ACCOUNTS, CHARGES, Cut, tag_cut
from finops.ledger.build import Built
from finops.ledger.cost_explorer import Month, month_parts
from tests.demo_cost_explorer import demo_month

OWNER = tag_cut(1, "Owner")
COSTS = st.tuples(*[st.decimals(-1000, 1000, places=10)] * 4)
DAY = st.integers(1, 3).map(lambda number: date(2026, 9, number))
SERVICE = st.sampled_from(["EC2 - Other", "Amazon Elastic Compute Cloud - Compute", "Tax"])
SECOND = {
    CHARGES: st.sampled_from(["Usage", "SavingsPlanNegation", "RIFee", "Loyalty Voucher"]),
    ACCOUNTS: st.sampled_from(["000000000002", "000000000003"]),
    OWNER: st.sampled_from(["", "web", "data"]),
}


def groups_of(cut: Cut, least: int = 0) -> st.SearchStrategy[tuple[Group, ...]]:
    """Any groups of a cut, each pair of keys once a day."""
    one = st.builds(
        lambda day, service, other, costs: Group(day, (service, other), "USD", costs), DAY, SERVICE, SECOND[cut], COSTS
    )
    return st.lists(one, min_size=least, max_size=6, unique_by=lambda group: (group.day, group.keys)).map(tuple)


def build(folder: Path, answers: dict[Cut, tuple[Group, ...]]) -> Built:
    month: Month = replace(demo_month("2026-09"), answers=tuple(answers.items()))
    connection = connect()
    (part,) = month_parts(connection, month, (), folder, lambda text, size: None)
    return part.build(folder / "delivery", "d")


def sums(folder: Path, cut: Cut, mart: str = "daily_cost") -> dict[tuple[date, str], tuple[Decimal, ...]]:
    """Day and service -> the four costs of a cut, where any is not zero."""
    path = folder / "delivery" / cut.folder / f"{mart}.parquet"
    found = connect().execute(
        "select charge_day, x_service_code, sum(x_unblended_cost), sum(x_net_unblended_cost), sum(x_amortized_cost), "
        f"sum(x_net_amortized_cost) from read_parquet({literal(str(path))}) group by all"
    )
    return {(day, service): tuple(costs) for day, service, *costs in found.fetchall() if any(costs)}


@settings(max_examples=12)
@given(groups_of(CHARGES, least=1), groups_of(ACCOUNTS), groups_of(OWNER))
def test_every_cut_has_the_sums_of_the_first_by_day_and_service(
    charges: tuple[Group, ...], accounts: tuple[Group, ...], owners: tuple[Group, ...]
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        built = build(folder, {CHARGES: charges, ACCOUNTS: accounts, OWNER: owners})
        first = sums(folder, CHARGES)
        assert built.unblended == sum(group.costs[0] for group in charges)
        assert sum(costs[0] for costs in first.values()) == built.unblended
        for cut in (CHARGES, ACCOUNTS, OWNER):
            assert sums(folder, cut) == sums(folder, cut, "resource_daily") == first


def test_rounding_between_groupings_is_a_row_and_no_note(tmp_path: Path) -> None:
    def costs(amount: str) -> tuple[Decimal, ...]:
        return (Decimal(amount),) * 4

    day, service = date(2026, 9, 1), "AWS Lambda"
    built = build(
        tmp_path,
        {
            CHARGES: (Group(day, (service, "Usage"), "USD", costs("1.0000000001")),),
            ACCOUNTS: tuple(Group(day, (service, account), "USD", costs("0.5")) for account in ("1", "2")),
            OWNER: (Group(day, (service, "web"), "USD", costs("1.0000000001")),),
        },
    )
    assert built.problems == []
    path = tmp_path / "delivery" / ACCOUNTS.folder / "daily_cost.parquet"
    found = connect().execute(
        f"select sub_account_id, x_unblended_cost from read_parquet({literal(str(path))}) order by 2"
    )
    assert found.fetchall()[0] == ("(not in this grouping)", Decimal("1E-10"))
