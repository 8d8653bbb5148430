"""What every test may rely on: no setting of the person who runs it, and the same examples each time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.hook_server import Hooks
from tests.s3_bucket import CREDENTIALS, Bucket, new_bucket, s3_server
from tests.saved_check import hooks_set_up

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

SETTINGS = ("FINOPS_DB", "FINOPS_CONFIG", "FINOPS_TODAY", "FINOPS_MEMORY")
TERMINAL = ("NO_COLOR", "FORCE_COLOR", "PY_COLORS", "CLICOLOR_FORCE", "TERMINAL_WIDTH")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS + TERMINAL:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of an S3 server on loopback."""
    with s3_server() as address:
        yield address


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty bucket; finops reaches it, and no other AWS, through a proxy that counts."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with new_bucket(server) as made:
        silent = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        for name, value in {
            **CREDENTIALS,
            **silent,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": made.proxy.url,
        }.items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def hooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hooks]:
    """A server that takes webhooks, and settings that lead there, in the working directory."""
    with hooks_set_up(tmp_path, monkeypatch) as server:
        yield server
