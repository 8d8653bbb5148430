"""The gate for CI: what breaches fails, what cannot be checked fails louder, and what is forgiven says why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import pytest

from finops.catalog import store_of
from finops.check import run as checks
from finops.cli import main
from finops.errors import EngineError, UsageError
from tests.estimated_bill import october

Captured = pytest.CaptureFixture[str]
NOW = "2026-10-23"
POLICY = """
[tags]
required = ["Environment", "Owner"]
[environments.prod]
match = { "tag:Environment" = ["prod"] }
budget = { month = 300 }
[environments.staging]
match = { account = ["000000000009"] }
budget = { month = 10000 }
[check]
fail_on = ["budget", "coverage", "stale"]
tag_coverage = 10
"""


@pytest.fixture(autouse=True)
def _at_the_end_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_TODAY", NOW)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("october")
    assert main(["ingest", str(october(folder)), "--db", str(folder / "finops.duckdb")]) == 0
    return folder


@pytest.fixture
def place(loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a ledger and settings of its own, which is the working directory."""
    for name in ("finops.duckdb", "finops.store"):
        source = loaded / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)  # type: ignore[operator]
    (tmp_path / "finops.toml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checked(*words: str) -> tuple[int, dict[str, Any]]:
    code = main(["check", "--format", "json", "-o", "out.json", *words])
    return code, json.loads(Path("out.json").read_text())


def rows(answer: dict[str, Any], **keys: str) -> list[dict[str, Any]]:
    return [row for row in answer["rows"] if all(row[key] == value for key, value in keys.items())]


def test_a_breach_fails_and_says_by_how_much_and_on_which_line_the_limit_stands(place: Path, capsys: Captured) -> None:
    code, answer = checked()
    assert code == 1
    (row,) = rows(answer, verdict="fails")
    assert (row["check"], row["environment"], row["state"]) == ("budget", "prod", "breach")
    assert (row["impact"], row["source_file"], row["source_line"]) == (40, "finops.toml", 6)
    assert "failed: budget prod (month): 340.00 USD of 300.00" in capsys.readouterr().err


def test_what_is_inside_passes(place: Path) -> None:
    (place / "finops.toml").write_text(POLICY.replace("month = 300", "month = 400"))
    code, answer = checked()
    assert code == 0
    assert answer["totals"]["passed"] is True
    assert not rows(answer, verdict="fails")


def test_a_gate_that_was_not_asked_for_is_told_and_does_not_fail(place: Path) -> None:
    code, answer = checked("--fail-on", "coverage")
    assert code == 0
    (row,) = rows(answer, check="budget", state="breach")
    assert (row["verdict"], row["gate"]) == ("passes", False)


@pytest.mark.parametrize("words", [["--soft-fail"], ["--min-impact", "40.01"]])
def test_a_breach_can_be_forgiven(words: list[str], place: Path) -> None:
    assert checked(*words)[0] == 0


def test_an_impact_as_large_as_the_least_fails(place: Path) -> None:
    assert checked("--min-impact", "40")[0] == 1


def test_a_suppression_forgives_until_its_last_day_with_its_reason(place: Path) -> None:
    held = '[[suppress]]\nrule = "budget"\nwhere = {{ subject = "prod (*" }}\nreason = "new shop"\nuntil = {day}\n'
    (place / "finops.toml").write_text(POLICY + held.format(day="2026-10-23"))
    code, answer = checked()
    assert code == 0
    assert rows(answer, check="budget", state="breach")[0]["reason"] == "new shop"
    (place / "finops.toml").write_text(POLICY + held.format(day="2026-10-22"))
    code, answer = checked()
    assert code == 1
    assert answer["problems"][0]["code"] == "suppression_ended"


def test_a_baseline_lets_only_what_is_new_fail(place: Path) -> None:
    assert checked()[0] == 1
    Path("out.json").rename("before.json")
    code, answer = checked("--baseline", "before.json")
    assert code == 0
    assert rows(answer, check="budget", state="breach")[0]["reason"] == "in the baseline"
    (place / "finops.toml").write_text(POLICY.replace("month = 10000", "month = 100"))
    code, answer = checked("--baseline", "before.json")
    assert code == 1
    assert [row["environment"] for row in rows(answer, verdict="fails")] == ["staging"]


def test_a_gap_fails_only_when_it_is_new(place: Path) -> None:
    code, answer = checked("--fail-on", "gap")
    assert code == 0
    known = [one["id"] for one in answer["totals"]["known"]]
    gaps = {
        row[0]
        for row in duckdb.execute(
            "select unnest(?) except select unnest(?)", [known, [r["id"] for r in answer["rows"]]]
        ).fetchall()
    }
    assert gaps
    before = {**answer, "totals": {**answer["totals"], "known": [{"id": one} for one in sorted(gaps)[1:]]}}
    Path("before.json").write_text(json.dumps(before))
    code, answer = checked("--fail-on", "gap", "--baseline", "before.json")
    assert code == 1
    assert [row["id"] for row in rows(answer, verdict="fails")] == sorted(gaps)[:1]


def no_database(place: Path) -> None:
    (place / "finops.duckdb").unlink()


def empty_database(place: Path) -> None:
    with duckdb.connect(str(place / "finops.duckdb")) as connection:
        for table in ("deliveries", "delivery_payers", "delivery_files", "unavailable_metrics", "problems"):
            connection.execute(f"delete from {table}")


def broken_database(place: Path) -> None:
    (place / "finops.duckdb").write_bytes(b"no database")


def partial_delivery(place: Path) -> None:
    shutil.rmtree(next(store_of(place / "finops.duckdb").glob("*/marts")))


def lost_mart(place: Path) -> None:
    next(store_of(place / "finops.duckdb").glob("*/marts/daily_cost.parquet")).unlink()


def broken_mart(place: Path) -> None:
    for mart in store_of(place / "finops.duckdb").glob("*/marts/*.parquet"):
        mart.write_bytes(b"PAR1 and nothing else")


def another_version(place: Path) -> None:
    with duckdb.connect(str(place / "finops.duckdb")) as connection:
        connection.execute("update deliveries set recipe = 'another'")


WAYS_TO_FAIL: dict[str, tuple[Callable[[Path], None], int, str]] = {
    "no database": (no_database, 3, "there is no database"),
    "nothing in it": (empty_database, 3, "nothing is loaded"),
    "no database at all": (broken_database, 3, "no finops database"),
    "a delivery without its files": (partial_delivery, 3, "are gone from the store"),
    "a delivery without one of its files": (lost_mart, 3, "are gone from the store"),
    "files that are none": (broken_mart, 3, "are damaged"),
    "loaded by another version": (another_version, 3, "another version of finops"),
}


@pytest.mark.parametrize("way", list(WAYS_TO_FAIL))
@pytest.mark.parametrize("words", [[], ["--soft-fail"], ["--min-impact", "1000000"]])
def test_what_cannot_be_checked_is_never_a_pass(way: str, words: list[str], place: Path, capsys: Captured) -> None:
    breaks, code, why = WAYS_TO_FAIL[way]
    breaks(place)
    found, answer = checked(*words)
    assert found == code
    assert why in capsys.readouterr().err
    assert any(why in row["message"] for row in rows(answer, verdict="fails", state="could not check"))
    assert answer["totals"]["passed"] is False


def test_data_that_are_too_old_are_3_whatever_else_is_breached(
    place: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINOPS_TODAY", "2026-10-26")
    code, answer = checked("--soft-fail")
    assert code == 3
    assert "could not check: stale 000000000001" in capsys.readouterr().err
    assert {row["check"] for row in rows(answer, verdict="fails")} == {"stale", "budget"}


@pytest.mark.parametrize("gate", [*checks.ALWAYS, *checks.GATES])
@pytest.mark.parametrize(
    ("error", "code"),
    [(RuntimeError("boom"), 3), (EngineError("access denied: ce:GetAnomalies"), 4), (UsageError("not in CE"), 2)],
)
def test_a_check_that_breaks_fails_alone_and_the_others_still_answer(
    gate: str, error: Exception, code: int, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def broken(case: object) -> Any:
        raise error

    table = checks.ALWAYS if gate in checks.ALWAYS else checks.GATES
    monkeypatch.setitem(table, gate, broken)  # type: ignore[arg-type]
    found, answer = checked("--fail-on", ",".join({gate, "coverage"} - set(checks.ALWAYS)), "--soft-fail")
    assert found == code
    (row,) = rows(answer, verdict="fails")
    assert (row["check"], row["state"]) == (gate, "could not check")
    assert str(error.args[0]) in row["message"]
    assert {row["check"] for row in answer["rows"]} == {*checks.ALWAYS, *checks.GATES}
    assert "could not check" in capsys.readouterr().err


def test_a_check_without_an_answer_has_not_passed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(checks.GATES, "coverage", lambda case: iter(()))  # type: ignore[arg-type]
    assert checked("--fail-on", "coverage")[0] == 3


def test_ctrl_c_is_no_result(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(case: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setitem(checks.GATES, "coverage", stopped)  # type: ignore[arg-type]
    assert main(["check"]) == 130


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (["--fail-on", "budgets"], "did you mean budget?"),
        (["--save", "pdf=x"], "--save junit="),
        (["--save", "junit="], "--save junit="),
        (["--min-impact", "much"], "--min-impact 10"),
        (["--baseline", "nothing.json"], "nothing.json"),
        (["--baseline", "finops.toml"], "finops check --save json="),
    ],
)
def test_a_wrong_word_is_2_and_names_the_right_one(words: list[str], fix: str, place: Path, capsys: Captured) -> None:
    assert main(["check", *words]) == 2
    said = capsys.readouterr().err
    assert fix in said
    assert len(said.strip().splitlines()) <= 3


def test_a_gate_without_a_target_is_said(place: Path, capsys: Captured) -> None:
    assert main(["check", "--fail-on", "variance,coverage"]) == 0
    assert "so they cannot fail: variance" in capsys.readouterr().err


def test_masked_output_has_no_account_id(place: Path) -> None:
    checked("--mask", "--save", "junit=out.xml", "--save", "sarif=out.sarif", "--save", "github=out.txt")
    for name in ("out.json", "out.xml", "out.sarif", "out.txt"):
        assert "000000000001" not in Path(name).read_text()
    assert "xxxxxxxx0001" in Path("out.json").read_text()


def test_junit_counts_failures_errors_and_skipped(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_TODAY", "2026-10-26")
    checked("--save", "junit=out.xml", "--fail-on", "budget,stale,variance")
    suites = {suite.get("name"): suite for suite in ElementTree.parse("out.xml").getroot()}
    assert suites["budget"].find("testcase/failure") is not None
    assert suites["stale"].find("testcase/error") is not None
    assert suites["variance"].find("testcase/skipped") is not None
    for at, suite in enumerate(suites.values()):
        cases = suite.findall("testcase")
        assert [child.tag for child in suite] == ["properties", *["testcase"] * len(cases), "system-out", "system-err"]
        assert suite.get("id") == str(at)
        assert {"name", "package", "timestamp", "hostname", "tests", "failures", "errors", "time"} <= set(suite.attrib)
        assert int(suite.attrib["tests"]) == len(cases)
        for counted, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[counted]) == len(suite.findall(f"testcase/{tag}"))
        for case in cases:
            assert {"name", "classname", "time"} == set(case.attrib)
            assert len(case) <= 1


def test_sarif_has_a_place_and_a_fingerprint_that_outlives_amounts(place: Path) -> None:
    checked("--save", "sarif=one.sarif")
    (place / "finops.toml").write_text(POLICY.replace("month = 300", "month = 200"))
    checked("--save", "sarif=two.sarif")
    one, two = (json.loads(Path(name).read_text())["runs"][0] for name in ("one.sarif", "two.sarif"))
    found = next(result for result in one["results"] if result["level"] == "error")
    again = next(result for result in two["results"] if result["level"] == "error")
    assert found["partialFingerprints"] == again["partialFingerprints"]
    assert found["message"] != again["message"]
    where = found["locations"][0]["physicalLocation"]
    assert where == {"artifactLocation": {"uri": "finops.toml"}, "region": {"startLine": 6}}
    for result in one["results"]:
        assert one["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")


def test_github_gets_annotations_a_summary_and_outputs(
    place: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    monkeypatch.setenv("GITHUB_OUTPUT", "outputs.txt")
    assert main(["check", "--format", "github"]) == 1
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith(
        "::error file=finops.toml,line=6,title=budget prod (month)::340.00 USD of 300.00 this month"
    )
    assert "%25" in first
    assert "### finops check failed: 1" in Path("summary.md").read_text()
    assert "passed=false\nfailing=1\n" in Path("outputs.txt").read_text()


def test_a_step_has_at_most_ten_annotations_of_a_kind(capsys: Captured) -> None:
    from finops.output.github_check import commands
    from tests.check_document import many

    told = list(commands(many(25, "<b>\n::error::|x")))
    assert len(told) == 10
    assert "16 more" in told[-1]
    assert all(line.count("\n") == 1 for line in told)


def test_a_summary_is_cut_at_whole_rows_and_says_so() -> None:
    from finops.output.github_check import summary
    from tests.check_document import many

    text = summary(many(9000, "<script>" + "|" * 200))
    assert len(text.encode()) <= 1 << 20
    assert "more rows." in text
    assert "<script>" not in text


def test_hostile_names_stay_text_in_xml() -> None:
    from finops.output.as_junit import chunks
    from tests.check_document import many

    root = ElementTree.fromstring("".join(chunks(many(1, "]]>&<x a='\"'>\x00\x1b￿"))))
    (failure,) = root.iter("failure")
    assert failure.attrib["message"] == "]]>&<x a='\"'>???"
