"""What the gate writes for other programs is valid by the schemas that those programs go by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema

from finops.cli import main
from finops.output import as_junit, as_sarif
from tests.check_document import many
from tests.estimated_bill import october
from tests.published_schemas import JUNIT, SARIF, schema
from tests.test_check import NOW, POLICY

# What a run of the gate may have to say: breaches, checks without an answer, gates without a target, no ledger at all.
RUNS: dict[str, tuple[str, list[str]]] = {
    "breaches": (NOW, []),
    "every gate": (NOW, ["--fail-on", "stale,budget,forecast,variance,anomaly,coverage,gap,reconcile"]),
    "nothing may fail": (NOW, ["--soft-fail", "--min-impact", "1000000"]),
    "data that are too old": ("2026-12-26", []),
    "masked": (NOW, ["--mask"]),
    "no ledger": (NOW, ["--db", "nowhere.duckdb"]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("october")
    (folder / "finops.toml").write_text(POLICY)
    assert main(["ingest", str(october(folder)), "--db", str(folder / "finops.duckdb")]) == 0
    return folder


@pytest.fixture(params=list(RUNS))
def saved(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a run was saved as both."""
    today, words = RUNS[request.param]
    monkeypatch.chdir(folder)
    monkeypatch.setenv("FINOPS_TODAY", today)
    main(["check", *words, "--save", "sarif=out.sarif", "--save", "junit=out.xml"])
    return folder


@pytest.fixture(scope="module")
def sarif() -> Any:
    return jsonschema.Draft4Validator(json.loads(schema(SARIF).read_text()))


@pytest.fixture(scope="module")
def junit() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(schema(JUNIT)))


def test_sarif_is_valid(sarif: Any, saved: Path) -> None:
    sarif.validate(json.loads((saved / "out.sarif").read_text()))


def test_junit_is_valid(junit: xmlschema.XMLSchema, saved: Path) -> None:
    junit.validate(str(saved / "out.xml"))


@pytest.mark.parametrize("text", ["", " ", "]]>&<a b='\"'>", "\x00\x1b\r\n\t", "ключ 鍵 🔑", "x" * 5000])
def test_whatever_the_bill_calls_things_both_are_valid(sarif: Any, junit: xmlschema.XMLSchema, text: str) -> None:
    document = many(2, text)
    sarif.validate(json.loads("".join(as_sarif.chunks(document))))
    junit.validate("".join(as_junit.chunks(document)))


def test_the_schemas_do_refuse_what_is_wrong(sarif: Any, junit: xmlschema.XMLSchema) -> None:
    wrong = json.loads("".join(as_sarif.chunks(many(1, "x"))))
    wrong["runs"][0]["results"][0]["level"] = "fatal"
    assert not sarif.is_valid(wrong)
    assert not junit.is_valid("".join(as_junit.chunks(many(1, "x"))).replace(' tests="1"', ""))
