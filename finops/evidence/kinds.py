"""The rules whose findings `finops explain ID` knows. A new one is a module with a Kind, and a line here."""

from __future__ import annotations

from finops.evidence.gap import GAP
from finops.evidence.residency import RESIDENCY
from finops.evidence.subject import Kind

KINDS: tuple[Kind, ...] = (GAP, RESIDENCY)
