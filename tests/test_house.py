"""The house stands: its rooms travel with the wheel, its locks are whole, its files stay small."""

import ast
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from finops import __version__, paths

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("queries", "pricing", "reports")
LOCKS = tuple(f"requirements{name}.lock" for name in ("", "-dev", "-spark", "-s3a", "-audit"))
HEAVY = {"boto3", "botocore", "duckdb", "jinja2", "numpy", "pandas", "plotly", "pyarrow", "rich", "sqlglot"}
LONGEST_FILE, LONGEST_FUNCTION = 500, 60
REQUIREMENT = re.compile(
    r"^([A-Za-z0-9._-]+)==(\S+)(?: ; [^\\]+)? \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", re.M
)


def modules() -> list[Path]:
    return sorted((ROOT / "finops").rglob("*.py"))


def python_files() -> list[Path]:
    return modules() + sorted((ROOT / "tests").rglob("*.py"))


def room_files() -> set[str]:
    files = (path for room in ROOMS for path in (ROOT / room).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in files}


def locked(name: str) -> dict[str, str]:
    """The names in a lock file and the version of each."""
    text = (ROOT / name).read_text()
    return {match[1].lower(): match[2] for match in REQUIREMENT.finditer(text)}


def declared(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower() for requirement in requirements}


def build(target: str, out: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    answer = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return next(out.iterdir())


@pytest.fixture(scope="module")
def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


def test_the_rooms_are_found_in_a_checkout() -> None:
    assert [paths.queries_dir(), paths.pricing_dir(), paths.reports_dir()] == [ROOT / room for room in ROOMS]


def test_the_wheel_carries_every_file_of_every_room_inside_the_package(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"finops/_data/{name}" for name in room_files()} == {n for n in names if "/_data/" in n}


def test_the_wheel_carries_the_package_and_nothing_beside_it(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"finops", f"finops-{__version__}.dist-info"}


def test_the_rooms_are_found_in_an_unpacked_wheel(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    command = [sys.executable, "-S", "-c", "from finops import paths; print(paths.queries_dir())"]
    home = {"PYTHONPATH": str(tmp_path)}
    answer = subprocess.run(command, cwd=tmp_path, env=home, check=True, capture_output=True, text=True)
    assert Path(answer.stdout.strip()) == tmp_path / "finops/_data/queries"


def test_the_source_archive_can_be_built_and_tested_from(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as archive:
        names = archive.getnames()
    top = f"finops-{__version__}"
    needed = {".ci/run", "LICENSE", "Makefile", "README.md", "pyproject.toml", "tests/test_house.py", *LOCKS}
    assert {f"{top}/{name}" for name in needed | room_files()} <= set(names)


def test_no_python_lies_in_the_rooms() -> None:
    assert [name for name in room_files() if name.endswith(".py")] == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_a_version_with_its_hashes(name: str) -> None:
    text = (ROOT / name).read_text()
    assert REQUIREMENT.sub("", text).strip() == ""


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address_and_no_folder(name: str) -> None:
    assert re.findall(r"\S*(?://|^-|index|find-links|@ )\S*", (ROOT / name).read_text(), re.M) == []


def test_the_runtime_lock_holds_what_the_package_needs(pyproject: dict) -> None:
    needed = declared(pyproject["project"]["dependencies"]) | declared(pyproject["build-system"]["requires"])
    assert needed <= locked("requirements.lock").keys()


def test_the_development_lock_holds_what_the_checks_need(pyproject: dict) -> None:
    tools = [line for line in pyproject["dependency-groups"]["dev"] if isinstance(line, str)]
    assert declared(tools) <= locked("requirements-dev.lock").keys()


def test_the_checks_run_on_the_versions_that_users_get() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


def test_every_dependency_says_why_it_is_there() -> None:
    block = (ROOT / "pyproject.toml").read_text().split("\ndependencies = [\n")[1].split("\n]")[0]
    assert [line for line in block.splitlines() if not re.search(r'",\s+# \w', line)] == []


def test_the_newest_entry_of_the_changelog_is_this_version() -> None:
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert versions[0] == __version__


def test_make_alone_lists_the_targets_a_newcomer_needs() -> None:
    answer = subprocess.run(["make"], cwd=ROOT, check=True, capture_output=True, text=True)
    listed = {line.split()[1] for line in answer.stdout.splitlines()}
    assert {"demo", "test", "check", "bench", "docs", "lint", "types", "wheel", "clean", "help"} <= listed


def test_the_ci_script_is_executable_and_runs_every_check() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert script.read_text().rstrip().endswith("make check")


@pytest.mark.parametrize("path", python_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
    long = {node.name for node in functions if (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION}
    assert (len(text.splitlines()) <= LONGEST_FILE, long) == (True, set())


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_heavy_libraries_are_imported_where_they_are_used(path: Path) -> None:
    assert HEAVY & set(top_level_imports(ast.parse(path.read_text()).body)) == set()


def top_level_imports(body: list[ast.stmt]) -> Iterator[str]:
    """The libraries that importing a module imports; what stands under TYPE_CHECKING is none of them."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").split(".")[0]
        elif isinstance(node, ast.Try):
            yield from top_level_imports(node.body)


def test_nothing_large_and_no_database_is_kept_in_the_repository() -> None:
    """A library's released bundle is the only file of more than a megabyte."""
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout: nobody can tell which files are kept")
    # a checkout may belong to somebody else than the one who runs this
    listing = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    kept = [ROOT / name for name in listed.split("\0") if name]
    assert len(kept) > 100
    own = [path for path in kept if path.is_file() and "vendor" not in path.parts]
    assert [path.name for path in own if path.stat().st_size > 1_000_000] == []
    assert [path.name for path in own if path.suffix in (".duckdb", ".parquet", ".gz")] == []
