"""What an export, a name in it or a person who can only ask must not be able to do."""

from __future__ import annotations

import ast
import csv
import gzip
import io
import json
import os
import re
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest

from finops.catalog import store_of
from finops.cli import main
from finops.config import Settings
from finops.ingest import csv_pieces
from finops.reader import Ask, open_ledger
from tests.sbom import bill_of_materials
from tests.tiny_export import COLUMNS, LINES, ingested, write_export

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "finops").rglob("*.py"))
NAMES = {"ids": lambda path: path.relative_to(ROOT).as_posix()}
Captured = pytest.CaptureFixture[str]

SHELLS = {"subprocess", "pty", "popen2", "commands", "pickle", "marshal", "shelve", "dill", "code", "codeop"}
CALLS = {"eval", "exec", "compile", "__import__", "input"}
OF_OS = {"system", "popen", "execv", "execve", "execvp", "spawnl", "spawnv", "posix_spawn", "startfile"}
# The one program that is ever started is a browser, which prints the page: found by name, called by words.
STARTS = {"finops/output/report_pdf.py": {"subprocess"}}
STATEMENT = re.compile(r"\s*(select|insert|update|delete|copy|create|drop|attach|set|with)\s", re.I)
FORMULA = "=cmd|' /C calc'!A0"


@pytest.mark.parametrize("path", MODULES, **NAMES)
def test_no_module_starts_a_program_or_runs_text_as_code(path: Path) -> None:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found |= {name.split(".")[0] for name in names} & SHELLS
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found |= {node.func.id} & CALLS
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            found |= {node.attr} & OF_OS
        elif isinstance(node, ast.keyword):
            found |= {str(node.arg)} & {"shell"}
    assert found == STARTS.get(path.relative_to(ROOT).as_posix(), set())


@pytest.mark.parametrize("path", MODULES, **NAMES)
def test_no_statement_is_built_by_formatting_what_somebody_typed(path: Path) -> None:
    """SQL is text of ours; what goes into it are names and paths quoted by `literal` and `identifier`."""
    typed = {"where", "value", "values", "key", "text", "asked", "ask", "option", "argv", "question"}
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            if not STATEMENT.match(str(node.values[0].value)):
                continue
            fields = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
            inside_quotes = any(
                isinstance(part, ast.Constant) and str(part.value).endswith("'") for part in node.values[:-1]
            )
            bare = {one.id for one in fields if isinstance(one, ast.Name)} & typed
            if bare and inside_quotes:
                found.append(f"{path.name}:{node.lineno}: {sorted(bare)}")
    assert found == []


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secure")
    names = {"lineItem/ResourceId": "i-1'; drop table x; --", "resourceTags/user:Owner": FORMULA}
    made = folder / "finops.duckdb"
    export = write_export(folder, [*LINES, {"lineItem/UnblendedCost": "1", **names}])
    assert main(["ingest", str(export), "--db", str(made)]) == 0
    return made


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('{beside}')",
        "select * from read_parquet('{store}/../secret.parquet')",
        "copy (select 1) to '{beside}'",
        "attach '{beside}' as other",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "set allowed_directories = ['/']",
    ],
)
def test_sql_that_answers_questions_reaches_nothing_but_the_ledger(sql: str, database: Path) -> None:
    beside = database.with_name("secret.parquet")
    if not beside.exists():
        duckdb.execute(f"copy (select 1 as a) to '{beside}' (format parquet)")
    with open_ledger(database, Settings(), Ask()) as ledger:
        with pytest.raises(duckdb.Error, match=r"disabled|locked"):
            ledger.connection.execute(sql.format(beside=beside, store=store_of(database)))
        assert ledger.rows("select count(*) as lines from resource_daily") == [{"lines": 5}]


def test_what_is_typed_is_compared_and_never_run(database: Path, capsys: Captured) -> None:
    for value in ("i-1'; drop table x; --", "x' or '1'='1", "${HOME}", "$(id)", "%s", "{0}"):
        words = ["spend", "--by", "resource", "--where", f"resource={value}", "--format", "csv", "--db", str(database)]
        assert main(words) == 0
        rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
        assert [row["resource_id"] for row in rows] == ([value] if value.startswith("i-1") else [])


def test_no_cell_of_a_csv_is_run_by_a_spreadsheet(database: Path, capsys: Captured) -> None:
    assert main(["spend", "--by", "tag:Owner", "--format", "csv", "--db", str(database)]) == 0
    owners = [row["tag:Owner"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))]
    assert f"'{FORMULA}" in owners
    assert not [owner for owner in owners if owner.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_what_is_written_is_for_its_owner_alone(database: Path, tmp_path: Path) -> None:
    old = os.umask(0o000)
    try:
        made = ingested(tmp_path)
        assert main(["db", "anonymise", str(tmp_path / "fake.duckdb"), "--db", str(made)]) == 0
        assert main(["db", "export", str(tmp_path / "out"), "--db", str(made)]) == 0
    finally:
        os.umask(old)
    files = [made, made.with_name("finops.duckdb.lock"), tmp_path / "fake.duckdb"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (store_of(made), tmp_path / "fake.store", tmp_path / "out")} == {
        0o700
    }


def archive(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / "BILLING_PERIOD=2026-10" / "bill.csv.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return path


def bill(lines: int = 1) -> bytes:
    cells = {**COLUMNS, "lineItem/UnblendedCost": "1"}
    return (",".join(cells) + "\n" + (",".join(cells.values()) + "\n") * lines).encode()


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/cron.d/evil.csv", "C:\\evil.csv"])
def test_a_path_in_an_archive_leads_nowhere(name: str, tmp_path: Path) -> None:
    """The one member is read as a stream: its name is never that of a file."""
    database = tmp_path / "db" / "x.duckdb"
    path = archive(tmp_path, {name: bill()})
    before = {*tmp_path.rglob("*")}
    assert main(["ingest", str(path), "--db", str(database)]) == 0
    added = {*tmp_path.rglob("*")} - before
    assert [one for one in added if not one.is_relative_to(database.parent)] == []
    assert [one for one in added if "evil" in one.name] == []


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_an_archive_that_swells_beyond_all_proportion_is_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(csv_pieces, "UNQUESTIONED_BYTES", 1 << 20)
    swollen = bill() + b"0" * (20 << 20)
    path = archive(tmp_path, {"bill.csv": swollen})
    if kind == "gz":
        path.unlink()
        path = path.with_suffix(".gz")
        path.write_bytes(gzip.compress(swollen))
    assert main(["ingest", str(path), "--db", str(tmp_path / "db" / "x.duckdb")]) == 3
    said = capsys.readouterr().err
    assert "error: the archive would swell to more than " in said
    assert str(path) in said


def test_an_archive_of_several_files_is_refused(tmp_path: Path, capsys: Captured) -> None:
    path = archive(tmp_path, {"a.csv": bill(), "b.csv": bill()})
    assert main(["ingest", str(path), "--db", str(tmp_path / "db" / "x.duckdb")]) == 3
    assert "the archive holds 2 files" in capsys.readouterr().err


def test_no_secret_is_told_not_even_with_debug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        secrets = {
            "AWS_ACCESS_KEY_ID": "AKIAQQQQQQQQQQQQQQQQ",
            "AWS_SECRET_ACCESS_KEY": "verysecretverysecretverysecretverysecret",
            "AWS_SESSION_TOKEN": "tokentokentokentoken",
            "SLACK_HOOK": f"{nobody}/services/T000/B000/hushhushhush",
        }
        settings = {"AWS_ENDPOINT_URL": nobody, "AWS_MAX_ATTEMPTS": "1", "AWS_REGION": "us-east-1"}
        for name, value in {**secrets, **settings, "AWS_CONFIG_FILE": os.devnull}.items():
            monkeypatch.setenv(name, value)
        database = ingested(tmp_path)
        saved, config = tmp_path / "check.json", tmp_path / "finops.toml"
        config.write_text('[notify.slack]\nwebhook_env = "SLACK_HOOK"\n[check]\ntag_coverage = 100\n')
        main(["check", "--save", f"json={saved}", "--db", str(database), "--config", str(config), "--debug"])
        assert main(["notify", "slack", str(saved), "--config", str(config), "--debug"]) != 0
        assert main(["ingest", "s3://bills/exports", "--db", str(tmp_path / "y.duckdb"), "--debug"]) == 4
    said = "".join(capsys.readouterr())
    assert "Traceback" in said
    assert [value for value in secrets.values() if value.rpartition("/")[2] in said] == []


def test_the_bill_of_materials_names_every_locked_library_with_its_hashes() -> None:
    bom = json.loads(json.dumps(bill_of_materials()))
    lock = (ROOT / "requirements.lock").read_text()
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    assert {f"{one['name']}=={one['version']}" for one in bom["components"]} == set(
        re.findall(r"^\S+==\S+", lock, re.M)
    )
    assert sum(len(one["hashes"]) for one in bom["components"]) == lock.count("--hash=sha256:")
    assert all(one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}" for one in bom["components"])


SPILLS = """
import sys
from pathlib import Path
from tempfile import gettempdir
from finops.engines.duckdb import reader

with reader(Path(sys.argv[1])) as connection:
    connection.execute("create temp table held as select i, hash(i) as h from range(6_000_000) as t(i)")
    rooms = [path for path in Path(gettempdir()).glob("finops-*") if list(path.rglob("duckdb_temp*"))]
    print(len(rooms), oct(rooms[0].stat().st_mode & 0o777))
"""


def test_what_a_question_spills_is_nobody_elses_and_goes_with_it(tmp_path: Path) -> None:
    spilled, here = tmp_path / "spilled", tmp_path / "here"
    spilled.mkdir()
    here.mkdir()
    places = {"TMPDIR": str(spilled), "FINOPS_MEMORY": "40MB", "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", SPILLS, str(tmp_path)]
    ran = subprocess.run(command, cwd=here, env={**os.environ, **places}, capture_output=True, text=True, check=True)
    assert ran.stdout == "1 0o700\n"
    assert (list(spilled.iterdir()), list(here.iterdir())) == ([], [])
