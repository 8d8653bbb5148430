"""Where the rooms without Python are: beside the package in a checkout, inside it in an installed wheel."""

from pathlib import Path

from finops.errors import FinopsError

_PACKAGE = Path(__file__).resolve().parent


def queries_dir() -> Path:
    """The folder of the SQL models. Raises FinopsError when the installation is broken."""
    return _room("queries")


def pricing_dir() -> Path:
    """The folder of the dated price snapshots. Raises FinopsError when the installation is broken."""
    return _room("pricing")


def reports_dir() -> Path:
    """The folder of the report templates. Raises FinopsError when the installation is broken."""
    return _room("reports")


def _room(name: str, package: Path = _PACKAGE) -> Path:
    # The wheel comes first: beside an installed package, `queries` could be anybody's folder.
    for candidate in (package / "_data" / name, package.parent / name):
        if candidate.is_dir():
            return candidate
    raise FinopsError(
        f"the folder {name} is missing from this installation",
        where=str(package),
        fix="install finops again",
    )
