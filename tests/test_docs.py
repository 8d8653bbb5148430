"""The documentation is true: its generated parts are fresh, its links lead somewhere, its commands run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from finops.cli.app import load
from finops.cli.verbs import VERBS
from finops.dimensions import DIMENSIONS
from finops.engines.duckdb import connect
from finops.ingest.demo import write_export
from finops.metrics import METRICS
from finops.models import FOLDERS, load_models, read_model
from tests import docs_build
from tests.docs_build import ROOT, pages
from tests.model_cases import create_given, parse_table
from tests.s3_bucket import Bucket, upload

RUNBOOK, COMMANDS, LEDGER = (ROOT / "docs" / name for name in ("runbook.md", "commands.md", "ledger.md"))
MODELS, ADD_A_RULE = ROOT / "docs" / "models.md", ROOT / "docs" / "add-a-rule.md"
OTHER_PAGES = tuple(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "pricing/README.md"))
IDS = {"ids": lambda page: page.name}
# The bucket of the examples.
BUCKET = "acme-billing"
# Only the gate of the runbook may fail: the demo company does not tag enough to pass it.
GATE = "--fail-under"


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text(page), re.M | re.S)


def first_column(page: Path, heading: str) -> list[str]:
    """The words in code of the first column of the table under a heading."""
    section = text(page).split(f"\n{heading}\n")[1].split("\n## ")[0]
    return [word for cell in re.findall(r"^\| (`[^|]*) \|", section, re.M) for word in re.findall("`([^`]*)`", cell)]


def source() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "finops").rglob("*.py")))


# --- the generated parts


def test_the_generated_parts_are_as_the_program_says() -> None:
    assert [page.name for page, _ in docs_build.outdated()] == []


@pytest.fixture
def stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page that is out of date, and is all the documentation there is."""
    page = tmp_path / "page.md"
    page.write_text("By hand.\n<!-- generated: required-columns cur -->\nold\n<!-- end -->\nBy hand.\n")
    monkeypatch.setattr(docs_build, "ROOT", tmp_path)
    monkeypatch.setattr(docs_build, "pages", lambda: [page])
    return page


def test_a_check_names_the_page_that_is_out_of_date_and_leaves_it(
    stale: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stale.read_text()
    assert docs_build.main(["--check"]) == 1
    assert "page.md" in capsys.readouterr().err
    assert stale.read_text() == before


def test_a_page_is_filled_and_what_was_written_by_hand_stays(stale: Path) -> None:
    assert docs_build.main([]) == 0
    assert "line_item_unblended_cost" in stale.read_text()
    assert "old" not in stale.read_text()
    assert stale.read_text().count("By hand.") == 2
    assert docs_build.main(["--check"]) == 0


def test_an_unknown_part_is_not_passed_over(stale: Path) -> None:
    stale.write_text("<!-- generated: nothing-makes-this -->\n<!-- end -->\n")
    with pytest.raises(KeyError, match="nothing-makes-this"):
        docs_build.main(["--check"])


@pytest.mark.parametrize("page", pages(), **IDS)
def test_every_mark_of_a_part_that_a_program_writes_is_one_of_a_pair(page: Path) -> None:
    marks = re.findall(r"<!-- (\w+)", text(page))
    assert set(marks[::2]) <= {"generated", "measured"}
    assert marks[1::2] == ["end"] * len(marks[::2])


# --- what must not be left out


def test_every_folder_of_models_is_on_the_page_of_models() -> None:
    shown = re.findall(r"<!-- generated: models (\w+) -->", text(MODELS))
    assert set(shown) == {model.folder for model in load_models().values()} == set(FOLDERS)


def test_every_input_that_is_no_model_is_described() -> None:
    inputs = {name for model in load_models().values() for name in model.inputs}
    assert set(first_column(MODELS, "## What reads what")) == inputs - load_models().keys()


def test_every_metric_is_explained() -> None:
    assert re.findall(r"<!-- generated: metric (\w+) -->", text(LEDGER)) == list(METRICS)


def test_every_dimension_is_listed_in_order() -> None:
    assert first_column(COMMANDS, "## Dimensions") == list(DIMENSIONS)


def test_every_problem_code_is_in_the_runbook() -> None:
    raised = set(re.findall(r'(?:Problem|Note)\(\s*"(\w+)"', source()))
    documented = first_column(RUNBOOK, "## Notes and problem codes")
    assert len(raised) > 10
    assert raised <= set(documented)
    assert [code for code in documented if f'"{code}"' not in source()] == []


def test_every_exit_code_but_a_closed_pipe_says_what_to_do() -> None:
    known = re.findall(r"^\| (\d+) \|", docs_build.exit_codes(), re.M)
    assert re.findall(r"^\| (\d+) \|", text(RUNBOOK), re.M) == [code for code in known if code != "141"]


# --- links


@pytest.mark.parametrize("page", [*pages(), *OTHER_PAGES], **IDS)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = [link for link in re.findall(r"\]\(([^)]+)\)", text(page)) if not leads_somewhere(page, link)]
    assert broken == []


def leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return target.is_file() and (not anchor or anchor in anchors(target))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# --- commands


def commands(page: Path) -> Iterator[list[str]]:
    """Every `finops verb ...` of a page, in code within a sentence or in a block."""
    for found in re.findall(r"(?:`|^)finops ([a-z][a-z-]*(?: [^`\n|]*)?)", text(page), re.M):
        yield shlex.split(found.partition(" ||")[0])


@pytest.mark.parametrize("page", pages(), **IDS)
def test_every_command_of_a_page_is_one_the_program_understands(page: Path) -> None:
    for first, *rest in commands(page):
        count = 2 if " ".join([first, *rest[:1]]) in VERBS else 1
        verb, words = " ".join([first, *rest][:count]), [first, *rest][count:]
        assert verb in VERBS
        load(verb).make_context(verb, words, resilient_parsing=not words)


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bill of the demo company, as a person would have copied it."""
    return write_export("cur2-parquet", tmp_path_factory.mktemp("exports"))


@pytest.mark.parametrize("page", [ROOT / "README.md", RUNBOOK], **IDS)
def test_the_commands_of_a_page_run_from_top_to_bottom(
    page: Path, exports: Path, tmp_path: Path, bucket: Bucket
) -> None:
    environment = as_installed(tmp_path)
    bucket.client.create_bucket(Bucket=BUCKET)
    upload(replace(bucket, name=BUCKET), exports, f"exports/{exports.name}")
    for name in ("exports", "FOLDER"):
        (tmp_path / name).symlink_to(exports)
    scripts = blocks(page, "sh")
    assert scripts
    for script in scripts:
        ran = subprocess.run(
            ["sh", "-e", "-c", script], cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
        )
        said = f"{script}{ran.stdout}{ran.stderr}"
        assert ran.returncode == int(GATE in script), said


def as_installed(folder: Path) -> dict[str, str]:
    """The environment of a shell in which `finops` is a program, in a virtual environment like that of make."""
    program = folder / ".venv" / "bin" / "finops"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m finops "$@"\n')
    program.chmod(0o755)
    (program.parent / "activate").touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FINOPS_")}
    return kept | {"PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


def test_the_metric_of_each_verb_is_the_one_the_page_says(
    exports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from finops.cli import main

    said = re.search(r"Without `--metric`, `(\S+)` is (\w+); `(\S+)` and `(\S+)` are (\w+)\.", text(COMMANDS))
    assert said
    database = str(tmp_path / "finops.duckdb")
    assert main(["ingest", str(exports), "--db", database]) == 0
    for verb, metric in ((said[1], said[2]), (said[3], said[5])):
        capsys.readouterr()
        assert main([verb, "--format", "json", "--db", database]) == 0
        assert json.loads(capsys.readouterr().out)["metric"] == metric
    assert main([said[4], "--format", "md", "--db", database]) == 0
    assert f"{said[5].capitalize()} cost in USD" in capsys.readouterr().out


# --- the rule of the page on rules


def test_the_example_of_a_rule_gives_what_its_cases_say(tmp_path: Path) -> None:
    (sql,), (cases,) = blocks(ADD_A_RULE, "sql"), blocks(ADD_A_RULE, "toml")
    path = tmp_path / "unplaced_resource.sql"
    path.write_text(sql, encoding="utf-8")
    rule = read_model(path)
    connection = connect()
    outcomes = []
    for case in tomllib.loads(cases)["case"]:
        for table, given in case["given"].items():
            create_given(connection, table, parse_table(given))
        found = connection.execute(f"select {', '.join(rule.columns)} from ({rule.sql})").fetchall()
        assert found == [
            tuple(Decimal(cell or 0) if name == "cost" else cell for name, cell in row.items())
            for row in parse_table(case["expect"]).rows
        ]
        outcomes.append(bool(found))
    assert outcomes == [True, False]
