"""How the marts of a delivery are made, in one short text: deliveries made another way are never read together."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

import finops.ingest
from finops import models
from finops.engines.layout import COLUMNS
from finops.ingest.cost_explorer.plan import RECORD_TYPES

SERVICE_CODES = Path(finops.ingest.__file__).with_name("service_codes.csv")
# The models between the rows of a delivery and `line_items`, in order. The small one is a table, so that the engine
# knows it is small and joins the rows to it without holding them.
SOURCE_MODELS = {
    "cur": {"cur": "view", "cur_net_commitment_used": "table", "cur_line_items": "view"},
    "focus": {"focus": "view", "focus_line_items": "view"},
    "ce": {"cost_explorer": "view", "cost_explorer_line_items": "view"},
}
_TABLES = {"cur": (COLUMNS, SERVICE_CODES), "focus": (COLUMNS, SERVICE_CODES), "ce": (SERVICE_CODES, RECORD_TYPES)}


@cache
def recipe(shape: str) -> str:
    """A digest of all models and tables between the rows of a delivery of that shape and its marts.

    Comments do not count.
    """
    names = [*SOURCE_MODELS[shape], *sorted(mart.name for mart in models.folder("marts"))]
    said = [models.model(name).sql for name in names]
    code = [line for sql in said for line in sql.splitlines() if not line.lstrip().startswith("--")]
    tables = [path.read_text(encoding="utf-8") for path in _TABLES[shape]]
    return sha256("\n".join([*code, *tables]).encode()).hexdigest()[:16]
