"""The action, the GitLab job and the nightly script, executed as they stand, against a bucket and every failure."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from finops.check.run import ALWAYS, GATES
from finops.cli import main
from tests.estimated_bill import october
from tests.hook_server import Hooks
from tests.ready_finops import ready_finops
from tests.runner import ROOT, Ran, load_action, run_action
from tests.s3_bucket import Bucket, Report, deliver, upload
from tests.s3_proxy import refuse
from tests.saved_check import VARIABLE, posted, texts
from tests.test_check import NOW, POLICY, WAYS_TO_FAIL

INSTALL, INGEST, CHECK, COMMENT, TELL = (
    "Install finops",
    "Load the exports",
    "Check the bill",
    "Write the comment",
    "Tell what is new",
)
FINE = POLICY.replace("month = 300", "month = 400")
HOOK = f'\n[notify.slack]\nurl_env = "{VARIABLE}"\n'
# A finops that only says how it was called, and ends as CODES has it for the verb.
RECORDER = """#!{python} -SE
import json, os, sys
with open(os.environ["CALLS"], "a") as file:
    print(json.dumps(sys.argv[1:]), file=file)
sys.exit(json.loads(os.environ.get("CODES", "{{}}")).get(sys.argv[1], 0))
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for the PATH, with finops in it."""
    with ready_finops(tmp_path_factory.mktemp("program")) as folder:
        yield folder


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return october(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def loaded(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which the exports are loaded."""
    folder = tmp_path_factory.mktemp("loaded")
    (folder / ".finops").mkdir()
    assert main(["ingest", str(export), "--db", str(folder / ".finops" / "finops.duckdb")]) == 0
    return folder


@pytest.fixture
def job(program: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a job that has finops on its PATH."""
    (tmp_path / "finops.toml").write_text(POLICY)
    return outside(program)


def outside(program: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FINOPS_", "GITHUB_"))}
    return kept | {"PATH": f"{program}{os.pathsep}{os.environ['PATH']}", "FINOPS_TODAY": NOW}


@pytest.fixture
def recorded(tmp_path: Path) -> dict[str, str]:
    """The environment of a job in which finops only says how it was called."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "finops").write_text(RECORDER.format(python=sys.executable))
    (tmp_path / "bin" / "finops").chmod(0o755)
    return outside(tmp_path / "bin") | {"CALLS": str(tmp_path / "calls")}


def calls(job: Mapping[str, str]) -> list[list[str]]:
    """How finops was called, in order."""
    return [json.loads(line) for line in Path(job["CALLS"]).read_text().splitlines()]


def act(folder: Path, job: Mapping[str, str], **inputs: str) -> Ran:
    """Run the action with the finops of the job."""
    return run_action(folder, {"install": "false", **{name.replace("_", "-"): inputs[name] for name in inputs}}, job)


def take(loaded: Path, folder: Path) -> None:
    """What the cache brings."""
    shutil.copytree(loaded / ".finops", folder / ".finops")


# --- the action ------------------------------------------------------------------------------------


def test_a_bill_in_a_bucket_is_loaded_a_breach_is_red_and_told_and_every_output_is_there(
    bucket: Bucket, export: Path, hooks: Hooks, tmp_path: Path, job: dict[str, str]
) -> None:
    upload(bucket, export, "exports/acme")
    (tmp_path / "finops.toml").write_text(POLICY + HOOK)
    job |= _aws() | {VARIABLE: hooks.address, "NO_PROXY": "127.0.0.1"}
    ran = act(tmp_path, job, source=f"s3://{bucket.name}/exports\n\n", cache="true", notify="slack")
    assert ran.outcome == {
        INSTALL: "skipped",
        "Fetch the ledger": "success",
        INGEST: "success",
        CHECK: "failure",
        COMMENT: "success",
        TELL: "success",
        "Keep the ledger": "success",
        "Keep the results": "success",
    }
    assert ran.outputs == {
        "passed": "false",
        "failing": "1",
        "exit-code": "1",
        "comment": "finops-check/comment.md",
    }
    results = tmp_path / "finops-check"
    assert sorted(path.name for path in results.iterdir()) == [
        "check.json", "check.sarif", "comment.md", "junit.xml", "summary.md",
    ]  # fmt: skip
    assert json.loads((results / "check.json").read_text())["totals"]["failing"] == 1
    assert "::error file=finops.toml,line=6" in ran.log
    assert "### finops check failed: 1" in ran.summary
    comment = (results / "comment.md").read_text()
    assert comment.startswith("<!-- finops-check -->\n### finops check failed: 1\n")
    assert comment.endswith("[The run](https://github.example/acme/bill/actions/runs/42)\n")
    assert "000000000001" not in ran.summary + comment
    assert "<https://github.example/acme/bill/actions/runs/42|All results>" in texts(posted(hooks))
    assert {uses.partition("@")[0] for uses in ran.used} == {
        "actions/cache/restore", "actions/cache/save", "actions/upload-artifact",
    }  # fmt: skip


def _aws() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


def test_what_is_inside_its_limits_is_green(loaded: Path, tmp_path: Path, job: dict[str, str]) -> None:
    take(loaded, tmp_path)
    (tmp_path / "finops.toml").write_text(FINE)
    ran = act(tmp_path, job, artifact="")
    assert not ran.failed
    assert (ran.outputs["passed"], ran.outputs["exit-code"]) == ("true", "0")
    assert ran.outcome["Keep the results"] == "skipped"
    assert "### finops check passed" in (tmp_path / "finops-check" / "comment.md").read_text()


def test_every_input_reaches_finops_as_it_was_given(recorded: dict[str, str], tmp_path: Path) -> None:
    inputs = {
        "source": "s3://acme-billing/a b\n\nexports", "since": "2026-09", "period": "2026-10",
        "fail-on": "budget,gap", "baseline": "last.json", "min-impact": "10", "soft-fail": "true", "mask": "false",
        "notify": "slack email", "directory": "out",
    }  # fmt: skip
    assert not run_action(tmp_path, {"install": "false", **inputs}, recorded).failed
    link = ["--link", "https://github.example/acme/bill/actions/runs/42", "--"]
    assert calls(recorded) == [
        ["ingest", "--since", "2026-09", "--", "s3://acme-billing/a b", "exports"],
        ["check", "--format", "github", "--save", "json=out/check.json", "--save", "junit=out/junit.xml",
         "--save", "sarif=out/check.sarif", "--period", "2026-10", "--fail-on", "budget,gap",
         "--baseline", "last.json", "--min-impact", "10", "--soft-fail"],
        ["notify", *link, "slack", "out/check.json"],
        ["notify", *link, "email", "out/check.json"],
    ]  # fmt: skip


def test_what_is_not_asked_for_is_not_said(recorded: dict[str, str], tmp_path: Path) -> None:
    act(tmp_path, recorded)
    ((verb, *words),) = calls(recorded)
    assert (verb, words[:2], words[-1]) == ("check", ["--format", "github"], "--mask")
    assert len(words) == 9


@pytest.mark.parametrize("verb", ["ingest", "check", "notify"])
@pytest.mark.parametrize("code", [1, 2, 3, 4, 130])
def test_a_code_of_any_verb_makes_the_run_red(verb: str, code: int, recorded: dict[str, str], tmp_path: Path) -> None:
    ran = act(tmp_path, recorded | {"CODES": json.dumps({verb: code})}, source="exports", notify="slack email")
    step = {"ingest": INGEST, "check": CHECK, "notify": TELL}[verb]
    assert (ran.failed, ran.codes[step], ran.outputs["passed"]) == (True, code, "false")
    assert ran.outputs["exit-code"] == ("0" if verb == "notify" else str(code))
    assert [call[0] for call in calls(recorded)] == ["ingest", "check", "notify", "notify"]


@pytest.mark.parametrize("way", list(WAYS_TO_FAIL))
def test_every_way_to_fail_is_red_with_its_code_and_says_why(
    way: str, loaded: Path, tmp_path: Path, job: dict[str, str]
) -> None:
    breaks, code, why = WAYS_TO_FAIL[way]
    take(loaded, tmp_path)
    breaks(tmp_path / ".finops")
    ran = act(tmp_path, job, soft_fail="true")
    assert ran.codes[CHECK] == code
    assert (ran.failed, ran.outputs["passed"], ran.outputs["exit-code"]) == (True, "false", str(code))
    assert why in ran.log
    assert why.split()[0] in (tmp_path / "finops-check" / "comment.md").read_text()


def test_checks_that_break_are_red_and_each_says_so(loaded: Path, tmp_path: Path, job: dict[str, str]) -> None:
    take(loaded, tmp_path)
    gates = {*ALWAYS, *GATES}
    ran = act(tmp_path, job | {"FINOPS_TEST_BREAK": "1"}, fail_on=",".join(GATES), soft_fail="true")
    assert (ran.codes[CHECK], ran.outputs["passed"], ran.outputs["failing"]) == (3, "false", str(len(gates)))
    for gate in gates:
        assert re.search(rf"::error [^:]*title={gate}::finops itself failed: RuntimeError: boom", ran.log)


def stale(folder: Path, job: dict[str, str]) -> None:
    job["FINOPS_TODAY"] = "2026-11-20"


def wrong_settings(folder: Path, job: dict[str, str]) -> None:
    (folder / "finops.toml").write_text("[cheque]\n")


def no_program(folder: Path, job: dict[str, str]) -> None:
    folders = os.environ["PATH"].split(os.pathsep)
    job["PATH"] = os.pathsep.join(one for one in folders if not (Path(one) / "finops").exists())


OTHER_WAYS: dict[str, tuple[Callable[[Path, dict[str, str]], None], int, str]] = {
    "stale": (stale, 3, "could not check: stale"),
    "wrong settings": (wrong_settings, 2, 'unknown key "cheque"'),
    "no finops": (no_program, 127, "finops: command not found"),
}


@pytest.mark.parametrize("way", list(OTHER_WAYS))
def test_what_is_wrong_around_the_bill_is_red_too(way: str, loaded: Path, tmp_path: Path, job: dict[str, str]) -> None:
    breaks, code, why = OTHER_WAYS[way]
    take(loaded, tmp_path)
    breaks(tmp_path, job)
    ran = act(tmp_path, job, soft_fail="true")
    assert (ran.codes[CHECK], ran.outputs["passed"]) == (code, "false")
    assert why in ran.log
    assert "### finops" in (tmp_path / "finops-check" / "comment.md").read_text()


def denied(bucket: Bucket, export: Path) -> None:
    upload(bucket, export, "exports/acme")
    bucket.proxy.plan("GET", refuse(403, "AccessDenied"), 1000)


def partial(bucket: Bucket, export: Path) -> None:
    deliver(bucket, "new", ["1", "2"])
    bucket.client.delete_object(Bucket=bucket.name, Key=Report().key("new", 2))


WAYS_NOT_TO_LOAD = {"denied": (denied, 4), "partial": (partial, 3)}


@pytest.mark.parametrize("way", list(WAYS_NOT_TO_LOAD))
def test_exports_that_cannot_be_loaded_are_red_even_where_the_old_ones_pass(
    way: str, bucket: Bucket, export: Path, loaded: Path, tmp_path: Path, job: dict[str, str]
) -> None:
    breaks, code = WAYS_NOT_TO_LOAD[way]
    take(loaded, tmp_path)
    (tmp_path / "finops.toml").write_text(FINE)
    breaks(bucket, export)
    ran = act(tmp_path, job | _aws(), source=f"s3://{bucket.name}/exports")
    assert (ran.failed, ran.codes[INGEST], ran.codes[CHECK]) == (True, code, 0)
    assert (ran.outputs["passed"], ran.outputs["exit-code"]) == ("false", str(code))
    assert "could not be loaded" in (tmp_path / "finops-check" / "comment.md").read_text()


def test_yesterdays_answer_is_not_taken_for_todays(tmp_path: Path, job: dict[str, str]) -> None:
    (tmp_path / "finops-check").mkdir()
    for name in ("check.json", "summary.md", "comment.md"):
        (tmp_path / "finops-check" / name).write_text("passed")
    (tmp_path / "finops.toml").write_text("[cheque]\n")
    assert act(tmp_path, job).outputs["passed"] == "false"
    comment = (tmp_path / "finops-check" / "comment.md").read_text()
    assert ("finops could not check" in comment, "passed" in comment) == (True, False)
    assert not (tmp_path / "finops-check" / "check.json").exists()


def test_an_input_is_a_word_and_never_a_command(recorded: dict[str, str], tmp_path: Path) -> None:
    evil = '"; touch pwned; echo $(touch pwned) `touch pwned` ${IFS}touch pwned # --debug'
    names = set(load_action()["inputs"]) - {"install", "cache", "package", "python", "directory"}
    run_action(tmp_path, {**dict.fromkeys(names, evil), "install": "false"}, recorded)
    assert not list(tmp_path.rglob("pwned"))
    ingest, check, *notify = calls(recorded)
    assert ingest == ["ingest", "--since", evil, "--", evil]
    assert check.count(evil) == 4
    assert [call[4] for call in notify] == evil.split()


def test_no_expression_stands_inside_a_script() -> None:
    scripts = [step["run"] for step in load_action()["runs"]["steps"] if "run" in step]
    assert len(scripts) == 5
    assert [script for script in scripts if "${{" in script] == []


def test_every_input_is_used_and_says_what_it_is_for() -> None:
    action = load_action()
    text = (ROOT / "action.yml").read_text().split("\nruns:\n")[1]
    assert {name for name in action["inputs"] if not re.search(rf"inputs\.{name}\b", text)} == set()
    assert [name for name, one in {**action["inputs"], **action["outputs"]}.items() if not one["description"]] == []


def test_a_long_summary_is_cut_at_a_line_so_that_the_comment_fits(tmp_path: Path, job: dict[str, str]) -> None:
    script = next(step["run"] for step in load_action()["runs"]["steps"] if step["name"] == COMMENT)
    (tmp_path / "summary.md").write_text("### finops check failed: 9999\n" + "| é row |\n" * 9999)
    environment = job | {
        "FINOPS_OUT": str(tmp_path), "FINOPS_INGEST": "success", "GITHUB_OUTPUT": str(tmp_path / "out"),
        "GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "acme/bill", "GITHUB_RUN_ID": "1",
    }  # fmt: skip
    subprocess.run(["bash", "-e", "-c", script], env=environment, check=True)
    comment = (tmp_path / "comment.md").read_text()
    assert 50_000 < len(comment.encode()) < 65_536
    assert comment.splitlines()[-4:-2] == ["", "More than fits here."]


def test_the_action_installs_its_own_checkout(loaded: Path, tmp_path: Path) -> None:
    """Without a network: everything it needs is there already, in the versions of the lock."""
    take(loaded, tmp_path)
    (tmp_path / "finops.toml").write_text(POLICY)
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\nif [ "$2" = venv ]; then exec {sys.executable} -m venv --without-pip "$3"; fi\n'
        f'exec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    job = outside(tmp_path / "nothing") | {"PYTHONPATH": sysconfig.get_path("purelib"), "PIP_NO_INDEX": "1"}
    ran = run_action(tmp_path, {"python": str(python)}, job)
    assert (ran.outcome[INSTALL], ran.codes[CHECK]) == ("success", 1), ran.log
    home = tmp_path / ".runner" / "finops-venv"
    assert [path.name for path in home.rglob("site-packages/finops/__init__.py")] == ["__init__.py"]


def test_an_old_python_is_refused_in_words(tmp_path: Path, recorded: dict[str, str]) -> None:
    old = tmp_path / "bin" / "python2"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    ran = run_action(tmp_path, {"python": "python2"}, recorded)
    assert (ran.codes[INSTALL], ran.outcome[CHECK], ran.failed) == (2, "skipped", True)
    assert "Python 3.11 or newer" in ran.log


# --- GitLab, cron, pre-commit ------------------------------------------------------------------------


def gitlab(folder: Path, job: Mapping[str, str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the job as GitLab does: the lines of its scripts one after the other, in one shell."""
    made: dict[str, Any] = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text())["finops"]
    lines = ["set -eo pipefail", *made["before_script"], *made["script"]]
    environment = {**job, **made["variables"], "CI_JOB_URL": "https://gitlab.example/jobs/1", **variables}
    return subprocess.run(
        ["bash", "-c", "\n".join(lines)], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )


def nightly(folder: Path, job: Mapping[str, str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the script as cron does, with the ledger where the other two have it."""
    source = [variables["FINOPS_SOURCE"]] if "FINOPS_SOURCE" in variables else []
    environment = {**job, "FINOPS_DB": ".finops/finops.duckdb", **variables}
    return subprocess.run(
        [ROOT / "ci" / "nightly.sh", *source], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )


Script = Callable[..., "subprocess.CompletedProcess[str]"]
SCRIPTS = pytest.mark.parametrize("script", [gitlab, nightly])


@SCRIPTS
def test_a_script_loads_from_a_bucket_checks_and_tells(
    script: Script, bucket: Bucket, export: Path, hooks: Hooks, tmp_path: Path, job: dict[str, str]
) -> None:
    upload(bucket, export, "exports/acme")
    (tmp_path / ".finops").mkdir()
    (tmp_path / "finops.toml").write_text(POLICY + HOOK)
    job |= _aws() | {VARIABLE: hooks.address, "NO_PROXY": "127.0.0.1"}
    ran = script(tmp_path, job, FINOPS_SOURCE=f"s3://{bucket.name}/exports", FINOPS_NOTIFY="slack")
    assert ran.returncode == 1, ran.stderr
    assert "budget prod (month)" in texts(posted(hooks))


@SCRIPTS
@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        ({}, 0),
        ({"check": 1}, 1),
        ({"ingest": 3}, 3),
        ({"ingest": 4, "check": 1}, 4),
        ({"check": 3, "notify": 2}, 3),
        ({"check": 1, "notify": 4}, 4),
    ],
    ids=str,
)
def test_a_script_does_all_it_can_and_ends_in_the_worst_code(
    script: Script, codes: dict[str, int], worst: int, recorded: dict[str, str], tmp_path: Path
) -> None:
    job = recorded | {"CODES": json.dumps(codes)}
    assert script(tmp_path, job, FINOPS_SOURCE="exports", FINOPS_NOTIFY="slack email").returncode == worst
    assert [call[0] for call in calls(job)] == ["ingest", "check", "notify", "notify"]


def test_the_pre_commit_hook_accepts_good_settings_and_names_the_line_of_bad_ones(
    tmp_path: Path, job: dict[str, str]
) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    (tmp_path / "bad.toml").write_text("[tags]\nrequired = [1]\n")
    words = shlex.split(hook["entry"])

    def ran(*files: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*words, *files], cwd=tmp_path, env=job, check=False, capture_output=True, text=True)

    good, bad, none = ran("finops.toml"), ran("finops.toml", "bad.toml"), ran("none.toml")
    assert [good.returncode, bad.returncode, none.returncode] == [0, 2, 2]
    assert (good.stdout, "bad.toml:2" in bad.stderr) == ("", True)
    assert re.search(hook["files"], "infra/finops.toml")
    assert not re.search(hook["files"], "notfinops.toml")
