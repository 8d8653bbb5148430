"""All checks, one after the other: a check that fails to run is an answer of its own, and never a pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from finops.catalog import Problem
from finops.check.anomalies import anomalies
from finops.check.bill import bill
from finops.check.budgets import budgets, forecasts
from finops.check.case import Case
from finops.check.data import fresh, whole
from finops.check.estimates import estimates
from finops.check.result import Result, unchecked
from finops.check.tags import coverage, gaps
from finops.config.settings import Suppression
from finops.document import Basis, Column, Document, Rows
from finops.errors import FinopsError, Interrupted

Run = Callable[[Case], Iterator[Result]]
Translate = Callable[[BaseException], FinopsError]

# Every gate of `[check] fail_on`, in the order in which it is told.
GATES: Mapping[str, Run] = {
    "stale": fresh,
    "budget": budgets,
    "forecast": forecasts,
    "variance": estimates,
    "anomaly": anomalies,
    "coverage": coverage,
    "gap": gaps,
    "reconcile": bill,
}
# What fails where the settings do not say.
DEFAULT_GATES = ("budget", "anomaly", "coverage", "stale")
# Without a ledger there is nothing to check: this fails whatever is asked.
ALWAYS: Mapping[str, Run] = {"data": whole}

COLUMNS = (
    Column("check"),
    Column("environment", "text", "filled"),
    Column("subject"),
    Column("state"),
    Column("verdict"),
    Column("gate", "flag", "never"),
    Column("value", "text", "filled"),
    Column("limit", "text", "filled"),
    Column("impact", "money"),
    Column("message"),
    Column("owner", "text", "filled"),
    Column("next_step", "text", "filled"),
    Column("source_file", "text", "never"),
    Column("source_line", "text", "never"),
    Column("reason", "text", "filled"),
    Column("id", "text", "never"),
)
_ORDER = {"could not check": 0, "breach": 1, "notice": 2, "no target": 3, "ok": 4}


@dataclass(frozen=True)
class Judged:
    """A result and what becomes of it: `gated` says whether it may fail, `reason` why a breach that may does not."""

    result: Result
    gated: bool
    fails: bool
    reason: str = ""


def check(case: Case, gates: Sequence[str], translate: Translate) -> tuple[Document, list[Judged]]:
    """Run every check. `gates` are those that may fail; `translate` puts any exception into words.

    An exception in one check leaves the others alone.
    """
    judged = [
        one
        for name, run in {**ALWAYS, **GATES}.items()
        for one in _judged(case, name in gates or name in ALWAYS, _run(case, name, run, translate))
    ]
    judged.sort(key=lambda one: (not one.fails, _ORDER[one.result.state], -one.result.impact))
    return _document(case, judged), judged


def exit_code(judged: Iterable[Judged], soft_fail: bool = False) -> int:
    """The worst of all that fails: 4 and 3 where something could not be checked, 2 for a wrong setting, 1 for a breach.

    `soft_fail` forgives breaches and nothing else.
    """
    codes = {one.result.exit_code or 1 for one in judged if one.fails}
    return max(codes - {1} if soft_fail else codes, default=0)


def _run(case: Case, name: str, run: Run, translate: Translate) -> list[Result]:
    try:
        found = list(run(case))
    except Exception as error:
        told = translate(error)
        if isinstance(told, Interrupted):
            raise
        return [unchecked(name, told)]
    return found or [unchecked(name, FinopsError("the check gave no answer"))]


def _judged(case: Case, gated: bool, results: Iterable[Result]) -> Iterator[Judged]:
    for one in results:
        if one.state == "breach":
            case.ids.append(one.id)
        reason = _forgiven(case, one) if one.state == "breach" and gated else ""
        fails = gated and one.state in ("breach", "could not check") and not reason
        yield Judged(one, gated, fails, reason)


def _forgiven(case: Case, one: Result) -> str:
    """Why a breach does not fail; "" when it does."""
    if one.impact < case.min_impact:
        return f"less than {case.min_impact}"
    if case.known is not None and one.id in case.known:
        return "in the baseline"
    return next((held.reason for held in case.settings.suppress if _suppresses(held, one, case)), "")


def _suppresses(held: Suppression, one: Result, case: Case) -> bool:
    if held.rule != one.check or (held.until is not None and held.until < case.now.date()):
        return False
    values = {"environment": one.environment, "subject": one.subject}
    return all(
        key in values and any(fnmatchcase(values[key], pattern) for pattern in patterns)
        for key, patterns in held.where.items()
    )


def _document(case: Case, judged: Sequence[Judged]) -> Document:
    failing = [one for one in judged if one.fails]
    states = ("ok", "breach", "notice", "no target", "could not check")
    return Document(
        command="check",
        basis=Basis(),
        rows=Rows.of(COLUMNS, [row_of(one) for one in judged]),
        totals={
            "checked_at": case.now,
            "passed": not failing,
            **{state.replace(" ", "_"): sum(one.result.state == state for one in judged) for state in states},
            "failing": len(failing),
            "known": Rows.of((Column("id"),), [(one,) for one in sorted(set(case.ids))]),
        },
        problems=list(_ended(case)),
        folded=frozenset({"known"}),
        layout="verdicts",
    )


def row_of(one: Judged) -> tuple[object, ...]:
    """A judged result as the values of `COLUMNS`."""
    held = one.result
    verdict = "fails" if one.fails else "passes"
    return (
        held.check, held.environment, held.subject, held.state, verdict, one.gated, held.value, held.limit, held.impact,
        held.message, held.owner, held.next_step, held.source_file, held.source_line, one.reason, held.id,
    )  # fmt: skip


def _ended(case: Case) -> Iterator[Problem]:
    """Suppressions that hold no longer."""
    for one in case.settings.suppress:
        if one.rule in GATES and one.until is not None and one.until < case.now.date():
            words = f"a suppression ended on {one.until}: {one.reason}"
            yield Problem("suppression_ended", words, f"[[suppress]] {one.rule}")
