"""Reservations that cover any size of a family: which ones do, and how sizes count against each other.

Source: Amazon RDS user guide, "Reserved DB instances", size-flexible; the factors are those of EC2 ("Normalization
factor", EC2 user guide, apply_ri). What is not known to be flexible is reserved size by size.
"""

from __future__ import annotations

import re

_FACTORS = {
    "micro": 0.5, "small": 1.0, "medium": 2.0, "large": 4.0, "xlarge": 8.0, "2xlarge": 16.0, "4xlarge": 32.0,
    "8xlarge": 64.0, "12xlarge": 96.0, "16xlarge": 128.0, "24xlarge": 192.0, "32xlarge": 256.0,
}  # fmt: skip
# MySQL, PostgreSQL, Aurora MySQL, MariaDB, Aurora PostgreSQL; engines with a licence inside are not flexible.
_ENGINES = {f"CreateDBInstance:{code}" for code in ("0002", "0014", "0016", "0018", "0021")}
_NODE = re.compile(r"^(?P<use>.+):(?P<family>db\.[a-z0-9-]+)\.(?P<size>[a-z0-9]+)$")


def family_of(node: str, operation: str) -> str | None:
    """The usage type of a database without its size (`InstanceUsage:db.m5`); None where each size stands alone."""
    found = _NODE.match(node)
    if not found or operation not in _ENGINES or found["size"] not in _FACTORS:
        return None
    return f"{found['use']}:{found['family']}"


def factor_of(node: str) -> float:
    """How much of a reservation of its family an instance takes; 1 where sizes do not count against each other."""
    found = _NODE.match(node)
    return _FACTORS.get(found["size"], 1.0) if found else 1.0
