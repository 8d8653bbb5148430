"""`make audit`: no library of a lock has a known vulnerability, or it is said which ones nobody could tell of.

pip-audit itself ends well where its service knows no library at all; that is no audit, and is said aloud here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def main(locks: Sequence[str]) -> int:
    """1 when a library has a known vulnerability."""
    worst = 0
    for lock in locks:
        command = [
            sys.executable,
            "-m",
            "pip_audit",
            "--require-hashes",
            "--disable-pip",
            "--format",
            "json",
            "-r",
            lock,
        ]
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
        lines, code = verdict(lock, asked.stdout, asked.stderr)
        print("\n".join(lines), file=sys.stderr)
        worst = max(worst, code)
    return worst


def verdict(lock: str, answer: str, said: str = "") -> tuple[list[str], int]:
    """What to tell of pip-audit's answer, and 1 where it names a vulnerability."""
    try:
        found = json.loads(answer)["dependencies"]
    except (ValueError, KeyError):
        return [f"{lock}: NOT AUDITED, {(said.strip() or 'no answer').splitlines()[-1]}"], 0
    bad = [line for one in found for line in _known(one)]
    skipped = [one for one in found if "skip_reason" in one]
    if skipped:
        bad_or_not = (
            f"{lock}: NOT AUDITED, {len(skipped)} of {len(found)} libraries, the first: {skipped[0]['skip_reason']}"
        )
        return [*bad, bad_or_not], int(bool(bad))
    return [*bad, f"{lock}: {len(found)} libraries, {len(bad)} known vulnerabilities"], int(bool(bad))


def _known(library: Mapping[str, Any]) -> list[str]:
    named = f"{library['name']} {library.get('version', '')}".strip()
    return [
        f"{named}: {one['id']}, fixed in {', '.join(one['fix_versions']) or 'no version'}"
        for one in library.get("vulns", ())
    ]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
