"""An audit that could not be made does not pass for one."""

from __future__ import annotations

import json
from typing import Any

from tests.audit import verdict

SAFE: dict[str, Any] = {"name": "duckdb", "version": "1.4.0", "vulns": []}
BAD = {
    "name": "jinja2",
    "version": "2.4.1",
    "vulns": [{"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"], "aliases": [], "description": "escapes"}],
}
UNKNOWN = {"name": "boto3", "skip_reason": "Dependency not found on PyPI and could not be audited: boto3 (1.0)"}


def told(*libraries: dict[str, Any]) -> tuple[list[str], int]:
    return verdict("a.lock", json.dumps({"dependencies": libraries, "fixes": []}))


def test_a_known_vulnerability_fails_and_is_named() -> None:
    lines, code = told(SAFE, BAD)
    assert code == 1
    assert lines == [
        "jinja2 2.4.1: PYSEC-2019-217, fixed in 2.10.1",
        "a.lock: 2 libraries, 1 known vulnerabilities",
    ]


def test_libraries_without_a_known_vulnerability_pass() -> None:
    assert told(SAFE) == (["a.lock: 1 libraries, 0 known vulnerabilities"], 0)


def test_what_could_not_be_asked_is_said_aloud_and_hides_nothing() -> None:
    lines, code = told(UNKNOWN, SAFE)
    assert (code, len(lines)) == (0, 1)
    assert "NOT AUDITED, 1 of 2 libraries" in lines[0]
    assert told(UNKNOWN, BAD)[1] == 1
    assert verdict("a.lock", "", "WARNING: x\nerror: no network\n") == (["a.lock: NOT AUDITED, error: no network"], 0)
