"""The gate on causes, the baseline, and where data may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops.cli import main
from tests.gap_ledger import DEV, GOOD, LINES, SETTINGS, ingest, line


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("gate")
    settings = folder / "finops.toml"
    settings.write_text(SETTINGS)
    return ["tag-gaps", "--db", str(ingest(folder)), "--config", str(settings)]


def with_lines(folder: Path, *more: dict[str, str], settings: str = SETTINGS) -> list[str]:
    folder.mkdir(exist_ok=True)
    (folder / "finops.toml").write_text(settings)
    return ["tag-gaps", "--db", str(ingest(folder, (*LINES, *more))), "--config", str(folder / "finops.toml")]


def test_a_cause_that_costs_something_fails_and_says_how_much(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--fail-on", "contradicts,invalid_value"]) == 1
    said = capsys.readouterr().err
    assert "failed: Environment contradicts: 1 finding, 60.00 USD" in said
    assert "failed: Environment invalid_value: 1 finding, 50.00 USD" in said


def test_a_cause_that_is_nowhere_passes(words: list[str], tmp_path: Path) -> None:
    clean = with_lines(tmp_path / "clean", settings=SETTINGS.replace('account = ["000000000010"]', 'account = ["1"]'))
    assert main([*clean, "--fail-on", "contradicts"]) == 0
    assert main(words) == 0


def test_an_unknown_cause_names_those_there_are(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--fail-on", "laziness"]) == 2
    assert "residency" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["json", "csv"])
def test_only_what_the_baseline_does_not_have_fails(
    form: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    baseline = tmp_path / f"known.{form}"
    assert main([*words, "--format", form, "-o", str(baseline)]) == 0
    assert main([*words, "--baseline", str(baseline)]) == 0
    later = with_lines(tmp_path / "later", line("i-fresh", cost="9", Environment="prod", CostCenter="CC-1"))
    capsys.readouterr()
    assert main([*later, "--baseline", str(baseline)]) == 1
    failures = [text for text in capsys.readouterr().err.splitlines() if text.startswith("failed")]
    assert failures == ["failed: Owner missing new since the baseline: 1 finding, 9.00 USD"]
    assert main([*later, "--baseline", str(baseline), "--fail-on", "contradicts"]) == 0


def test_what_costs_nothing_or_is_suppressed_does_not_fail(tmp_path: Path) -> None:
    accepted = '[[suppress]]\nrule = "untagged_spend"\nwhere = { cause = "missing" }\nreason = "known"\n'
    free = line("i-free", cost="0", Environment="prod", CostCenter="CC-1")
    assert main([*with_lines(tmp_path / "a", free), "--fail-on", "missing"]) == 1
    assert main([*with_lines(tmp_path / "b", free, settings=SETTINGS + accepted), "--fail-on", "missing"]) == 0


@pytest.mark.parametrize("text", ["{}", "a,b\n1,2\n", '{"rows": 3}', ""])
def test_a_file_that_is_no_baseline_is_refused(
    text: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    other.write_text(text)
    assert main([*words, "--baseline", str(other)]) == 2
    assert main([*words, "--baseline", str(tmp_path / "none")]) == 2
    assert "the baseline cannot be read" in capsys.readouterr().err


RESIDENCY = """
[[residency]]
where = { "tag:DataClassification" = ["restricted"] }
regions = ["eu-west-2"]
reason = "UK data stay in the UK"
"""


def test_spend_outside_the_regions_of_its_data_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = (
        line("db-1", cost="11", DataClassification="restricted", **GOOD),
        line("db-2", cost="13", DataClassification="restricted", **GOOD) | {"product/region": "eu-west-2"},
        line("db-3", cost="17", account=DEV, DataClassification="public", **GOOD),
    )
    words = with_lines(tmp_path / "data", *more, settings=SETTINGS + RESIDENCY)
    assert main([*words, "--fail-on", "residency"]) == 1
    out, said = capsys.readouterr()
    assert "failed: UK data stay in the UK residency: 1 finding, 11.00 USD" in said
    (row,) = (text for text in out.splitlines() if text.startswith("UK data"))
    assert "db-1" in row


def test_a_rule_of_residency_needs_a_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "finops.toml"
    settings.write_text(RESIDENCY.replace("reason", "#"))
    assert main(["tag-gaps", "--config", str(settings)]) == 2
    assert "residency needs reason" in capsys.readouterr().err
