"""The reports of all owners: each as the report of that owner alone, and the ledger is read once for all of them."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from finops.catalog import store_of
from finops.cli import main
from finops.cli.reading import opened
from finops.config import load_settings
from finops.output.report_html import render
from finops.reader import Ask
from finops.sections.case import Wanted
from finops.sections.gather import report
from finops.sections.owners import reports
from tests.gap_ledger import DEV, SETTINGS, ingest, line

OWNERS = ("web", "data", "an, odd: one")
WORLD = """
[environments.prod.budget]
month = 100
[[budget]]
name = "web"
where = { "tag:Owner" = "web" }
month = 50
[units]
file = "metrics.csv"
[units.metrics.orders]
where = { environment = "prod" }
"""
SCOPED = '[[tags.scope]]\nwhere = { environment = "dev" }\noptional = ["CostCenter"]\n'


def bill() -> Iterator[dict[str, str]]:
    """Four weeks of three owners and of nobody: a resource that changes hands, one tagged late, a cost that jumps."""
    for day in range(1, 29):
        for at, owner in enumerate(OWNERS):
            yield line(f"i-{at}", day, f"{10 - at}.{day:02}", Environment="prod", Owner=owner, CostCenter="CC-1")
        yield line("i-dev", day, "2.5", DEV, Environment="dev", Owner="web")
        yield line("i-handed", day, "3", Environment="prod", Owner=OWNERS[day > 20])
        yield line("i-late", day, "1.25", Environment="prod", **({"Owner": "data"} if day > 24 else {}))
        yield {**line("fn", day, "90" if day > 22 else "4", Owner="data"), "lineItem/ProductCode": "AWSLambda"}
        yield line("", day, "0.75")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the ledger, its settings and what they name."""
    folder = tmp_path_factory.mktemp("owners")
    ingest(folder, tuple(bill()))
    days = "".join(f"2026-10-{day:02},orders,{day * 10}\n" for day in range(1, 29))
    (folder / "metrics.csv").write_text(f"date,metric,value\n{days}", encoding="utf-8")
    for name, more in (("plain", ""), ("scoped", SCOPED)):
        (folder / f"{name}.toml").write_text(SETTINGS + WORLD + more, encoding="utf-8")
    return folder


def run(world: Path, *words: str, settings: str = "plain") -> int:
    return main(["report", *words, "--db", str(world / "finops.duckdb"), "--config", str(world / f"{settings}.toml")])


def asking(world: Path, ask: Ask, settings: str = "plain") -> Any:
    """The arguments that one report and those of all owners begin with."""
    database, config = world / "finops.duckdb", world / f"{settings}.toml"
    return partial(opened, db=database, config=config), database, load_settings(config), ask


def test_each_file_is_the_report_of_that_owner_alone(world: Path, tmp_path: Path) -> None:
    assert run(world, "--no-advice", "--all-owners", str(tmp_path / "all"), "--format", "json") == 0
    files = sorted((tmp_path / "all").iterdir())
    assert [file.name for file in files] == ["an-odd-one.json", "data.json", "web.json"]
    for file, owner in zip(files[::2], sorted(OWNERS)[::2], strict=True):
        alone = tmp_path / "alone.json"
        assert run(world, "--no-advice", "--owner", owner, "-o", str(alone)) == 0
        assert file.read_bytes() == alone.read_bytes()


@pytest.mark.parametrize(
    ("settings", "ask", "wanted"),
    [
        (
            "plain",
            Ask(metric="unblended", start=date(2026, 10, 5), end=date(2026, 10, 27)),
            Wanted("monthly", environment="prod", with_advice=False),
        ),
        (
            "scoped",
            Ask(metric="amortized", last="3w", where=("resource=i-0,i-1,i-late,i-dev", "service=AmazonEC2")),
            Wanted(with_advice=False),
        ),
    ],
    ids=["days of an environment", "resources under a policy with scopes"],
)
def test_a_part_of_the_bill_is_told_the_same(world: Path, settings: str, ask: Ask, wanted: Wanted) -> None:
    question = asking(world, ask, settings)
    with reports(*question, wanted) as made:
        made["data"]()
        theirs = made["web"]()
    alone, _ = report(*question, replace(wanted, owner="web"))
    assert theirs == alone


def test_after_the_first_report_no_stored_mart_is_read_any_more(world: Path, tmp_path: Path) -> None:
    shutil.copytree(world, tmp_path / "copy")
    question = asking(tmp_path / "copy", Ask(metric="amortized"))
    alone, _ = report(*question, Wanted(owner="web"))
    with reports(*question, Wanted()) as made:
        made["data"]()
        shutil.rmtree(store_of(tmp_path / "copy/finops.duckdb"))
        theirs = made["web"]()
    assert render(theirs) == render(alone)


def test_of_one_environment_only_owners_with_cost_in_it_have_a_report(world: Path) -> None:
    with reports(*asking(world, Ask(metric="amortized")), Wanted(environment="dev")) as made:
        assert list(made) == ["web"]


def test_without_any_owner_it_says_which_tag_was_looked_for(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(world, "--where", "line_item_type=Tax", "--all-owners", str(tmp_path)) == 3
    assert "no cost carries the tag Owner" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


class _StopsAtTheFirstFile(io.StringIO):
    """A terminal where Ctrl-C is pressed as soon as the first file is told."""

    def write(self, text: str) -> int:
        if ".json" in text:
            raise KeyboardInterrupt
        return super().write(text)


def test_ctrl_c_leaves_the_files_that_are_whole_and_no_other(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", _StopsAtTheFirstFile())
    assert run(world, "--all-owners", str(tmp_path / "all"), "--format", "json", "--no-advice") == 130
    monkeypatch.undo()
    (written,) = (tmp_path / "all").iterdir()
    assert json.loads(written.read_text(encoding="utf-8"))["command"] == "report"
