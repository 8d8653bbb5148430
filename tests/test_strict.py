"""--strict: what is noted about the data is an error behind the figures, what only explains them is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops.cli import main
from finops.cli.app import load
from finops.cli.verbs import VERBS
from tests.tiny_export import LINES, write_export

Captured = pytest.CaptureFixture[str]
WITHOUT = {"check", "doctor", "reconcile"}


@pytest.fixture(scope="module", params=["123456", ""], ids=["final", "estimated"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bool]:
    """A database, and whether its bill is final."""
    folder = tmp_path_factory.mktemp("bill")
    database = folder / "finops.duckdb"
    export = write_export(folder, LINES, **{"bill/InvoiceId": request.param})
    assert main(["ingest", str(export), "--db", str(database)]) == 0
    return database, bool(request.param)


@pytest.mark.parametrize("form", ["table", "json", "csv", "md"])
def test_an_estimate_is_printed_and_refused_and_a_final_bill_is_not(
    database: tuple[Path, bool], form: str, capsys: Captured
) -> None:
    file, final = database
    words = ["spend", "--format", form, "--db", str(file)]
    capsys.readouterr()
    assert main(words) == 0
    plain = capsys.readouterr()
    assert main([*words, "--strict"]) == (0 if final else 3)
    strict = capsys.readouterr()
    assert strict.out == plain.out
    if not final:
        assert "estimates" in strict.err.splitlines()[-2]
        assert strict.err.splitlines()[-3].startswith("error: ")


def test_a_note_that_only_explains_is_no_reason(database: tuple[Path, bool], capsys: Captured, tmp_path: Path) -> None:
    file, final = database
    settings = tmp_path / "finops.toml"
    settings.write_text('[tags]\nrequired = ["Owner"]\n[tags.keys]\nOwner = ["Environment"]\n')
    code = main(["spend", "--by", "tag:Owner", "--db", str(file), "--config", str(settings), "--strict"])
    assert (code == 0) is final
    assert "counted as one tag" in capsys.readouterr().err


def test_a_report_of_an_estimate_is_written_and_refused(database: tuple[Path, bool], tmp_path: Path) -> None:
    file, final = database
    code = main(["report", "--strict", "--db", str(file), "-o", str(tmp_path / "report.html")])
    assert code == (0 if final else 3)
    assert (tmp_path / "report.html").stat().st_size


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_that_prints_rows_has_the_option_unless_it_has_codes_of_its_own(verb: str) -> None:
    options = {name for option in load(verb).params for name in option.opts}
    assert ("--strict" in options) == ("--format" in options and verb not in WITHOUT)
