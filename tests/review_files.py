"""Reading the files of a review back: Terraform as plain values, JSON against the models of the AWS APIs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import hcl2
from botocore.validate import ParamValidator

from finops.config import parse_settings
from finops.document import Basis
from finops.recommend.advice import MORE as OF_COMMITMENTS
from finops.recommend.lifecycle_rows import MORE as OF_LIFECYCLE
from finops.recommend.review import Written, write_review
from finops.recommend.row import Recommendation, document

BASIS = Basis(date(2026, 10, 1), date(2026, 11, 1), None, "USD", False, datetime(2026, 11, 1, tzinfo=UTC))


def advice(kind: str, name: str = "thing", **values: Any) -> Recommendation:
    """A row that saves 10 of 100 a month, unless told otherwise."""
    given = {
        "account": "000000000030",
        "region": "us-east-1",
        "owner": "web",
        "current_cost": Decimal(100),
        "saving": Decimal(10),
        "saving_low": Decimal(5),
        "saving_high": Decimal(10),
        "saving_in_sequence": Decimal(10),
        "action": f"change {name}",
        "evidence": "seen on the bill",
        "basis": "own rate",
        "certainty": "measured",
        **values,
    }
    return Recommendation(kind=kind, where=(name,), resource_id=name, **given)


def review(folder: Path, rows: Iterable[Recommendation], settings: str = "", existing: Path | None = None) -> Written:
    """The rows written below the folder."""
    made = document("recommend", BASIS, list(rows), [*OF_LIFECYCLE, *OF_COMMITMENTS])
    return write_review(made, parse_settings(settings), folder, existing)


def faults(path: Path, service: str, operation: str) -> str:
    """What the model of an AWS API says against a file as the input of an operation; blank if nothing."""
    shape = _service(service).operation_model(operation).input_shape
    return str(ParamValidator().validate(json.loads(path.read_text()), shape).generate_report())


# HCL writes what lies beyond 16 bits as one escape, JSON as two.
_FAR = re.compile(r"\\U([0-9a-f]{8})")


@cache
def _service(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)


def terraform(path: Path) -> Any:
    """A file of HCL as plain values: text without quotes and escapes."""
    return _plain(hcl2.loads(path.read_text()))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if key not in ("__is_block__", "__comments__")}
        return {_plain(key): _plain(one) for key, one in kept.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, str) and value.startswith('"'):
        text = _FAR.sub(lambda found: chr(int(found[1], 16)), value)
        return json.loads(text).replace("$${", "${").replace("%%{", "%{")
    return value


def files(folder: Path) -> dict[str, str]:
    """Every file below the folder but the list of what is there."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}
