"""In a notebook the ledger says what the command line says, as frames that lose nothing."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

import finops
from finops.cli import main
from finops.errors import DataError, UsageError
from finops.notebook import Notebook
from tests.hourly_export import loaded
from tests.tiny_export import ingested
from tests.waste_export import always

SETTINGS = """
[tags]
required = ["Environment", "Owner"]
[[residency]]
where = { "service" = ["AmazonEC2"] }
regions = ["eu-central-1"]
reason = "Data stays in Europe"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("notebook")
    ingested(home)
    (home / "finops.toml").write_text(SETTINGS)
    return home


@pytest.fixture
def notebook(folder: Path) -> Iterator[Notebook]:
    with finops.connect(folder / "finops.duckdb", folder / "finops.toml") as opened:
        yield opened


def printed(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> list[dict[str, str]]:
    """What the command line answers, as CSV has it."""
    capsys.readouterr()
    places = ("--db", str(folder / "finops.duckdb"), "--config", str(folder / "finops.toml"))
    assert main([*words, "--format", "csv", *places]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_spend_has_the_rows_of_the_command_to_the_last_decimal(
    notebook: Notebook, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = notebook.spend(by=["service", "tag:Owner"])
    expected = printed(capsys, folder, "spend", "--by", "service,tag:Owner")
    assert [(row["service"], row["tag:Owner"], Decimal(row["cost"])) for row in expected] == list(
        frame.itertuples(index=False, name=None)
    )
    assert frame["cost"].sum() == Decimal("16.7500000181")


def test_tag_gaps_have_the_rows_of_the_command(
    notebook: Notebook, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = notebook.tag_gaps(metric="unblended")
    expected = printed(capsys, folder, "tag-gaps", "--metric", "unblended")
    assert list(frame.columns) == list(expected[0])
    assert list(frame["id"]) == [row["id"] for row in expected]
    assert list(frame["cost"]) == [Decimal(row["cost"]) for row in expected]


def test_every_kind_of_value_has_its_dtype(notebook: Notebook) -> None:
    gaps = notebook.tag_gaps()
    assert {name: str(gaps.dtypes[name]) for name in ("tag", "cost", "resources", "last_seen")} == {
        "tag": "string",
        "cost": "object",
        "resources": "Int64",
        "last_seen": "datetime64[s]",
    }
    by_day = notebook.spend(by="day")
    assert list(by_day["day"]) == [pd.Timestamp("2026-10-01"), pd.Timestamp("2026-10-05"), pd.Timestamp("2026-10-06")]
    assert all(isinstance(cost, Decimal) for cost in by_day["cost"])


def test_a_frame_without_rows_keeps_columns_and_dtypes(notebook: Notebook) -> None:
    frame = notebook.spend(by="day", where={"service": "AmazonS3"})
    assert (len(frame), [str(one) for one in frame.dtypes]) == (0, ["datetime64[s]", "object"])
    assert "no_rows" in [problem["code"] for problem in frame.attrs["problems"]]


def test_a_frame_says_what_its_figures_are(notebook: Notebook) -> None:
    attrs = notebook.spend(start="2026-10-02", end=date(2026, 10, 6), metric="amortized").attrs
    assert (attrs["metric"], attrs["currency"], attrs["final"]) == ("amortized", "USD", False)
    assert (attrs["start"], attrs["end"]) == (date(2026, 10, 2), date(2026, 10, 6))
    assert "estimated" in [problem["code"] for problem in attrs["problems"]]


def test_filters_take_one_value_or_several(notebook: Notebook) -> None:
    both = notebook.spend(where={"service": ["AmazonEC2", "AWSLambda"], "charge_category": "Usage"})
    assert both["cost"][0] == Decimal("14.7500000181")


def test_a_value_with_a_comma_and_a_quote_is_one_value(tmp_path: Path) -> None:
    ingested(tmp_path, **{"resourceTags/user:Owner": 'web, "data"'})
    with finops.connect(tmp_path / "finops.duckdb") as notebook:
        frame = notebook.spend(by=["tag:Owner"], where={"tag:Owner": 'web, "data"'})
    assert list(frame["tag:Owner"]) == ['web, "data"']


def test_coverage_has_a_row_per_required_tag(notebook: Notebook) -> None:
    frame = notebook.coverage()
    assert list(frame["tag"]) == ["Environment", "Owner"]
    assert list(frame["tagged_cost"] + frame["gap_cost"]) == list(frame["taggable_cost"])


def test_findings_hold_gaps_and_residency_the_dearest_first(notebook: Notebook) -> None:
    frame = notebook.findings()
    assert set(frame["rule"]) == {"untagged_spend", "data_residency"}
    assert set(frame[frame["rule"] == "untagged_spend"]["id"]) == set(notebook.tag_gaps()["id"])
    assert list(frame["cost"]) == sorted(frame["cost"], reverse=True)
    assert frame["first_day"].min() == pd.Timestamp("2026-10-05")
    assert "too_little_history" in [problem["code"] for problem in frame.attrs["problems"]]


def test_advice_has_the_rows_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    idle = always("AmazonEC2", "NatGateway-Hours", "arn:aws:ec2:us-east-1:000000000002:natgateway/nat-1")
    database = loaded(tmp_path, idle, **{"product/region": "us-east-1"})
    with finops.connect(database) as notebook:
        frame = notebook.advice()
    capsys.readouterr()
    assert main(["recommend", "--format", "json", "--db", str(database)]) == 0
    rows = json.loads(capsys.readouterr().out, parse_float=Decimal, parse_int=Decimal)["rows"]
    told = [(row["id"], row["saving_in_sequence"]) for row in rows]
    assert list(zip(frame["id"], frame["saving_in_sequence"], strict=True)) == told != []


def test_nothing_is_written(notebook: Notebook, folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    notebook.findings()
    notebook.spend(by="resource")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_question_that_does_not_fit_is_a_usage_error(notebook: Notebook) -> None:
    with pytest.raises(UsageError, match="no dimension"):
        notebook.spend(by="servize")
    with pytest.raises(UsageError, match="no metric"):
        notebook.spend(metric="blended")
    with pytest.raises(UsageError, match="not a day"):
        notebook.spend(start="October")
    with pytest.raises(TypeError, match="perod"):
        notebook.spend(perod="2026-10")


def test_a_closed_notebook_answers_nothing(folder: Path) -> None:
    with finops.connect(folder / "finops.duckdb") as notebook:
        pass
    for question in (notebook.spend, notebook.advice):
        with pytest.raises(UsageError, match="closed"):
            question()


def test_without_a_database_there_is_nothing_to_connect_to(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing is loaded"):
        finops.connect(tmp_path / "finops.duckdb")


def test_without_pandas_it_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['pandas'] = None\n"
        "import importlib.util as util; found = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'pandas' else found(name, *rest)\n"
        "import finops\n"
        "try: finops.connect('x.duckdb')\n"
        "except Exception as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True, check=False)
    assert "frames need pandas" in ran.stdout
    assert "finops[notebook]" in ran.stdout


def test_importing_finops_imports_nothing_heavy() -> None:
    script = (
        "import sys, finops; print([name for name in sys.modules if name in ('pandas', 'duckdb', 'typer', 'pathlib')])"
    )
    ran = subprocess.run([sys.executable, "-S", "-c", script], text=True, capture_output=True, check=False)
    assert ran.stdout == "[]\n"
