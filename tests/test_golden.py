"""What each reading verb prints in each format, held against files; every JSON document against its schema.

After a wanted change: UPDATE_GOLDEN=1 pytest tests/test_golden.py, and read the difference.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from finops.catalog import Problem
from finops.config import Environment, Settings
from finops.dimensions import parse_by
from finops.document import Document
from finops.explain import explain
from finops.output import write
from finops.reader import Ask, open_ledger
from finops.spend import spend
from finops.status import status
from finops.tag_gaps import tag_gaps
from finops.variance.document import variance
from finops.variance.reading import as_document, read_estimates
from tests.estimated_bill import october
from tests.small_ledger import small_ledger
from tests.tiny_export import ingested, write_export

GOLDEN = Path(__file__).parent / "golden"
SCHEMA = Path(__file__).parent.parent / "docs" / "schema" / "output.schema.json"
LOADED_AT = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
ESTIMATED = Problem("estimated", "costs without an invoice id are estimates", "acme-cur 2026-10")


def spend_by_service(_: Path) -> Document:
    return spend(small_ledger(problems=[ESTIMATED]), parse_by("service,tag:Environment"))


def spend_by_day(_: Path) -> Document:
    return spend(small_ledger(metric="amortized", final=True), parse_by("day,resource"))


def spend_in_total(_: Path) -> Document:
    return spend(small_ledger(final=None), [])


def gaps(_: Path) -> Document:
    return tag_gaps(small_ledger(metric="amortized"))


def gaps_of_nothing(_: Path) -> Document:
    return tag_gaps(small_ledger(lines=[], metric="amortized"))


def loaded(folder: Path) -> Document:
    from finops.cli import main

    database = ingested(folder)
    main(["ingest", str(write_export(folder, name="second")), "--db", str(database)])
    return _at_a_fixed_time(status(database))


def explained(_: Path) -> Document:
    document = explain("list")
    # Models and checks speak for themselves in their own files, and may be reworded there.
    rows = [row for row in document.rows.read(None) if row[0] not in ("models", "checks")]
    return replace(document, rows=document.rows.of(document.rows.columns, rows))


def estimates(_: Path) -> Document:
    with contextlib.chdir(GOLDEN.parent / "estimates"):
        return as_document(read_estimates([Path("tables.md"), Path("targets.md"), Path("modes.md")], Settings()))


def held_against_estimates(folder: Path) -> Document:
    from finops.cli import main

    database = folder / "finops.duckdb"
    main(["ingest", str(october(folder)), "--db", str(database)])
    settings = Settings(
        environments=(
            Environment("prod", tags={"Environment": ("prod",)}, estimates=("tables.md",)),
            Environment("staging", accounts=("000000000009",), estimates=("targets.md",)),
        )
    )
    with (
        contextlib.chdir(GOLDEN.parent / "estimates"),
        open_ledger(database, settings, Ask(metric="amortized", by="environment")) as ledger,
    ):
        return _at_a_fixed_time(variance(ledger, None, None))


DOCUMENTS: dict[str, Callable[[Path], Document]] = {
    "spend_by_service": spend_by_service,
    "spend_by_day": spend_by_day,
    "spend_in_total": spend_in_total,
    "tag_gaps": gaps,
    "tag_gaps_of_nothing": gaps_of_nothing,
    "status": loaded,
    "explain": explained,
    "estimates": estimates,
    "variance": held_against_estimates,
}


@pytest.mark.parametrize("form", ["table", "json", "csv", "md"])
@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_a_verb_prints_what_it_is_known_to_print(
    name: str, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = DOCUMENTS[name](tmp_path)
    capsys.readouterr()
    write(document, form)
    printed, golden = capsys.readouterr().out, GOLDEN / f"{name}.{'txt' if form == 'table' else form}"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(printed, encoding="utf-8")
    assert printed == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_every_json_document_is_valid_and_has_the_agreed_keys(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = DOCUMENTS[name](tmp_path)
    capsys.readouterr()
    write(document, "json")
    parsed = json.loads(capsys.readouterr().out)
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(parsed)
    assert list(parsed) == [
        "schema_version", "command", "period", "metric", "currency", "data", "rows", "totals", "problems",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "broken",
    [
        {"command": "spend", "totals": {}},
        {"command": "spend", "rows": [{"service": "a"}]},
        {"command": "tag-gaps", "rows": [{"tag": "a"}], "totals": {"by_tag": []}},
        {"command": "nonsense"},
        {"more": 1},
    ],
)
def test_the_schema_refuses_what_is_no_document(broken: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    write(spend(small_ledger(), []), "json")
    parsed = json.loads(capsys.readouterr().out) | broken
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(parsed, json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_the_figures_of_the_golden_ledger_are_exact() -> None:
    parsed = json.loads((GOLDEN / "spend_by_service.json").read_text(), parse_float=Decimal, parse_int=Decimal)
    assert parsed["totals"]["cost"] == sum(row["cost"] for row in parsed["rows"]) == Decimal("207.6250000121")


def _at_a_fixed_time(document: Document) -> Document:
    rows = list(document.rows.read(None))
    if "loaded_at" in document.rows.names:
        at = document.rows.names.index("loaded_at")
        rows = [(*row[:at], LOADED_AT, *row[at + 1 :]) for row in rows]
    deliveries = [{**one, "loaded_at": LOADED_AT} for one in document.basis.deliveries]
    return replace(
        document,
        rows=document.rows.of(document.rows.columns, rows),
        basis=replace(document.basis, deliveries=deliveries),
    )
