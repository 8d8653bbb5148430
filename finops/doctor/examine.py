"""The examination: every check of the table, each for itself, in one document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from finops.aws import Door, open_door
from finops.catalog import Problem
from finops.config import now
from finops.doctor import account, loaded, machine
from finops.doctor.buckets import check_buckets, read_address
from finops.doctor.case import Case
from finops.doctor.check import Check, State, Verdict, ok, problem, several, unchecked
from finops.doctor.export_rules import NEW_ONE, SETUP_RULES, delivered, health
from finops.doctor.exports import Export, data_exports, legacy_reports
from finops.doctor.holdings import Holdings
from finops.doctor.tag_keys import check_tags, cost
from finops.document import Basis, Column, Document, Rows
from finops.errors import ConfigError, FinopsError, UsageError

COLUMNS = (
    Column("area", "heading"),
    Column("subject"),
    Column("check"),
    Column("state"),
    Column("detail"),
    Column("next_step"),
)
STATES: tuple[State, ...] = ("ok", "problem", "could not check")

_MACHINE, _LEDGER, _IDENTITY, _EXPORTS = "this machine", "the ledger", "AWS identity", "exports"
_HERE: tuple[tuple[str, str, Callable[[Case], Verdict]], ...] = (
    (_MACHINE, "versions", machine.versions),
    (_MACHINE, "settings", machine.settings),
    (_MACHINE, "memory", machine.memory),
    (_MACHINE, "disk", machine.disk),
    (_LEDGER, "database", loaded.database),
    (_LEDGER, "files", loaded.with_holdings(loaded.files)),
    (_LEDGER, "freshness", loaded.with_holdings(loaded.freshness)),
    (_LEDGER, "months", loaded.with_holdings(loaded.months)),
    (_LEDGER, "closed months", loaded.with_holdings(loaded.closed_months)),
    (_LEDGER, "manifests", loaded.with_holdings(loaded.vouched)),
)
_ACCOUNT: tuple[tuple[str, Callable[[Case], Verdict]], ...] = (
    ("credentials", account.credentials),
    ("payer", account.payer),
)


def open_case(
    database: Path, config: Path | None = None, address: str | None = None, offline: bool = False, free: bool = False
) -> Case:
    """A case that nothing was asked for yet. Raises UsageError for an address that is none, or offline."""
    if offline and address:
        raise UsageError(f"{address} cannot be looked at with --offline", fix="leave one of them out")
    door: Door | FinopsError | None = None
    if not offline:
        try:
            door = open_door()
        except ConfigError as error:
            door = error
    return Case(database, config, now(), door, read_address(address) if address else None, free)


def doctor(case: Case) -> Document:
    """Examine; `problems` says what was not asked."""
    checks = [*_examine_here(case), *([] if case.door is None else _examine_aws(case))]
    return as_document(checks, list(_not_asked(case)))


def as_document(checks: Sequence[Check], problems: Sequence[Problem] = ()) -> Document:
    """Checks as rows, and how many there are of each state."""
    counted = Counter(check.verdict.state for check in checks)
    return Document(
        command="doctor",
        basis=Basis(),
        rows=Rows.of(COLUMNS, [(one.area, one.subject, one.check, *one.verdict) for one in checks]),
        totals={state.replace(" ", "_"): counted[state] for state in STATES},
        problems=problems,
        layout="checklist",
    )


def exit_code(document: Document) -> int:
    """0 when every check is ok, 3 when one found a problem, 4 when nothing worse than `could not check` came up."""
    if document.totals["problem"]:
        return 3
    return 4 if document.totals["could_not_check"] else 0


def _examine_here(case: Case) -> Iterator[Check]:
    for area, name, rule in _HERE:
        yield Check(area, name, "", rule(case))


def _examine_aws(case: Case) -> Iterator[Check]:
    for name, rule in _ACCOUNT:
        yield Check(_IDENTITY, name, "", rule(case))
    found = {"legacy reports": legacy_reports(case), "Data Exports": data_exports(case)}
    for name, exports in found.items():
        yield Check(_EXPORTS, name, "", _listed(exports))
    known = [one for exports in found.values() if not isinstance(exports, FinopsError) for one in exports]
    refused = any(isinstance(one, FinopsError) for one in [*found.values(), *(one.setup for one in known)])
    yield Check(_EXPORTS, "bill", "", _bill(case, known, refused))
    for one in known:
        yield from _examine_export(case, one)
    yield from check_buckets(case, known)
    if not case.free:
        yield from check_tags(case)
    yield Check("permissions", "denied calls", "", account.denied_calls(case))


def _listed(exports: Sequence[Export] | FinopsError) -> Verdict:
    if isinstance(exports, FinopsError):
        return unchecked(exports)
    return ok(several([f"{one.name} ({one.kind})" for one in exports], 8) or "none")


def _bill(case: Case, known: Sequence[Export], refused: bool) -> Verdict:
    """There is an export of the bill, and it is the one that is loaded."""
    bills = [one for one in known if one.shape is not None]
    if not isinstance(case.holdings, FinopsError):
        loaded_here = [one.name for one in known if _is_loaded(one, case.holdings)]
        if loaded_here:
            return ok(f"loaded from {several(loaded_here)}")
    if not bills and refused:
        return unchecked("not every export could be looked at")
    if not bills and case.is_member:
        return unchecked("none in this account", f"ask with credentials of account {case.management_account}")
    if not bills:
        return problem("no export of the bill is set up", NEW_ONE)
    if isinstance(case.holdings, FinopsError):
        return problem("an export is there, but nothing is loaded", f"finops ingest {_best(bills)}")
    if refused:
        return unchecked("what is loaded comes from none of the exports that could be looked at")
    return problem("what is loaded comes from none of these exports", f"finops ingest {_best(bills)}")


def _best(bills: Sequence[Export]) -> str:
    places = [str(one.setup.place) for one in bills if not isinstance(one.setup, FinopsError) and not one.health]
    return places[0] if places else "s3://BUCKET/FOLDER"


def _is_loaded(export: Export, held: Holdings) -> bool:
    """By the ARN of a Data Export; a legacy report is known by where its files lie."""
    if export.arn in held.identities:
        return True
    if export.arn or isinstance(export.setup, FinopsError):
        return False
    place = export.setup.place
    return any(f"/{place.bucket}/{place.folder}/" in f"/{identity}/" for identity in held.identities)


def _examine_export(case: Case, export: Export) -> Iterator[Check]:
    yield Check(_EXPORTS, "health", export.name, health(export))
    if export.shape is None and not isinstance(export.setup, FinopsError):
        # Recommendations, carbon, dashboards: exports, but no bill.
        return
    for name, rule in SETUP_RULES:
        setup = export.setup
        said = unchecked(setup) if isinstance(setup, FinopsError) else rule(export, setup)
        yield Check(_EXPORTS, name, export.name, said)
    last = export.delivery
    said = unchecked(last) if isinstance(last, FinopsError) else delivered(last, case.now)
    yield Check(_EXPORTS, "delivery", export.name, said)


def _not_asked(case: Case) -> Iterator[Problem]:
    if case.door is None:
        yield Problem("not_asked", "AWS was not asked", "--offline")
    elif case.free:
        yield Problem("not_asked", f"which tag keys are activated was not asked: {cost()}", "--free")
