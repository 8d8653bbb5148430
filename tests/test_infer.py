"""What a missing value most likely is: learned, tested by hiding, silent where it is not good enough."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
    lines += [line("orders-9"), line("x9", account="000000000031")]
    lines += [line(f"y{n}", account="000000000031", Owner="ops") for n in range(3)]
    rows, _, _ = asked(ingest(tmp_path, lines))
    assert (rows["orders-9"]["suggestion"], rows["orders-9"]["suggestion_basis"]) == ("web", "name")
    assert rows["x9"]["suggestion"] in ("", "ops")


def test_a_suggestion_is_never_counted_as_a_tag(tmp_path: Path) -> None:
    lines = [*team("web", "shop", 10), line("gap", Stack="shop", cost="5")]
    rows, _, totals = asked(ingest(tmp_path, lines))
    assert rows["gap"]["suggestion"] == "web"
    assert (totals["gap_cost"], totals["tagged_cost"]) == (5, 10)
