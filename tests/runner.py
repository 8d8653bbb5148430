"""A small runner of GitHub Actions: it executes the shell steps of a composite action as GitHub would.

Steps that use another action are noted and not run. Expressions are references, `==`, `!=`, `&&` and `always()`: what
this action needs, and an unknown one is an error.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
_COMPARED = re.compile(r"([\w.-]+) (==|!=) '([^']*)'")
GITHUB = {
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_REPOSITORY": "acme/bill",
    "GITHUB_RUN_ID": "42",
}


@dataclass
class Ran:
    """What became of a run: `outcome` by the name of a step, `outputs` of the action, and all that was printed."""

    outcome: dict[str, str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    used: dict[str, Mapping[str, str]] = field(default_factory=dict)
    summary: str = ""
    log: str = ""

    @property
    def failed(self) -> bool:
        """Whether the step of the workflow is red."""
        return "failure" in self.outcome.values()


def load_action() -> dict[str, Any]:
    """The action as YAML says it."""
    return yaml.safe_load((ROOT / "action.yml").read_text())  # type: ignore[no-any-return]


def run_action(folder: Path, inputs: Mapping[str, str], environment: Mapping[str, str]) -> Ran:
    """Run the action in a folder, the workspace. `environment` is that of the job."""
    action, ran = load_action(), Ran()
    unknown = inputs.keys() - action["inputs"].keys()
    assert not unknown, unknown
    known = {f"inputs.{name}": str(inputs.get(name, one["default"])) for name, one in action["inputs"].items()}
    known |= {"runner.os": "Linux", "github.run_id": "42", "github.run_attempt": "1"}
    path = str(environment["PATH"])
    for step in action["runs"]["steps"]:
        if not _wanted(step.get("if", ""), known, ran):
            _note(ran, step, known, "skipped")
        elif "uses" in step:
            ran.used[step["uses"]] = {name: _filled(text, known) for name, text in step["with"].items()}
            _note(ran, step, known, "success")
        else:
            path = _run(step, folder, {**environment, "PATH": path}, known, ran)
    ran.outputs = {name: _filled(one["value"], known) for name, one in action["outputs"].items()}
    return ran


def _run(step: Mapping[str, Any], folder: Path, environment: Mapping[str, str], known: dict[str, str], ran: Ran) -> str:
    """Execute one step; the PATH for those after it."""
    files = {name: folder / ".runner" / name for name in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
    (folder / ".runner").mkdir(exist_ok=True)
    for file in files.values():
        file.write_text("")
    own = {name: _filled(text, known) for name, text in step.get("env", {}).items()}
    everything = {
        **environment,
        **GITHUB,
        **own,
        **{name: str(file) for name, file in files.items()},
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_WORKSPACE": str(folder),
        "RUNNER_TEMP": str(folder / ".runner"),
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=folder, env=everything, check=False, capture_output=True, text=True,
    )  # fmt: skip
    ran.log += done.stdout + done.stderr
    ran.codes[step["name"]] = done.returncode
    ran.summary += files["GITHUB_STEP_SUMMARY"].read_text()
    _note(ran, step, known, "failure" if done.returncode else "success")
    for line in files["GITHUB_OUTPUT"].read_text().splitlines():
        name, _, value = line.partition("=")
        known[f"steps.{step.get('id')}.outputs.{name}"] = value
    return os.pathsep.join([*files["GITHUB_PATH"].read_text().splitlines(), environment["PATH"]])


def _note(ran: Ran, step: Mapping[str, Any], known: dict[str, str], outcome: str) -> None:
    ran.outcome[step["name"]] = outcome
    if "id" in step:
        known[f"steps.{step['id']}.outcome"] = outcome


def _filled(text: object, known: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda found: _value(found[1], known), str(text))


def _value(name: str, known: Mapping[str, str]) -> str:
    # an output that no step has set is blank; a misspelled input would be too, and is a mistake here
    return known.get(name, "") if name.startswith("steps.") else known[name]


def _wanted(condition: str, known: Mapping[str, str], ran: Ran) -> bool:
    parts = [part.strip() for part in condition.split("&&") if part.strip()]
    always = "always()" in parts
    compared = [_COMPARED.fullmatch(part) for part in parts if part != "always()"]
    assert all(compared), condition
    holds = all((_value(one[1], known) == one[3]) is (one[2] == "==") for one in compared if one)
    return holds and (always or not ran.failed)
