"""One billing month after the other, asked of Cost Explorer and ready to be loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256

from finops.ingest.cost_explorer.account import Account
from finops.ingest.cost_explorer.ask import Asker
from finops.ingest.cost_explorer.cache import Answer
from finops.ingest.cost_explorer.groups import groups
from finops.ingest.cost_explorer.plan import Cut, Plan, Span, canonical
from finops.ledger.cost_explorer import Month

EXPORT = "cost-explorer"


def needed(plan: Plan, asker: Asker) -> int:
    """How many answers are not whole on disk: each is a request, and one more for each page behind its first."""
    return sum(_needed(plan, span, asker) for span in plan.spans)


def months(plan: Plan, asker: Asker, account: Account, empty: Callable[[Span], None]) -> Iterator[Month]:
    """Each month of the plan, asked for when it is its turn; `empty` is told of those without a cost.

    Raises EngineError when AWS fails or the limit of requests is reached, DataError for an answer that is none.
    """
    charges, *others = plan.cuts
    for span in plan.spans:
        answers = {charges: asker.answer(span, charges)}
        if groups(answers[charges], span, charges):
            answers |= {cut: asker.answer(span, cut) for cut in others}
            yield _month(span, answers, asker, account)
        else:
            empty(span)


def _needed(plan: Plan, span: Span, asker: Asker) -> int:
    held = {cut: asker.held(span, cut) for cut in plan.cuts}
    charges = held[plan.cuts[0]]
    if charges and charges.complete and not groups(charges, span, plan.cuts[0]):
        return 0
    return sum(answer is None or not answer.complete for answer in held.values())


def _month(span: Span, answers: dict[Cut, Answer], asker: Asker, account: Account) -> Month:
    asked = max(answer.moment for answer in answers.values())
    return Month(
        export=EXPORT,
        identity=f"ce:{account.account}",
        source=f"ce:{account.account}",
        period=span.month,
        delivery=f"{asked:%Y%m%dT%H%M%SZ}",
        files=tuple(asker.path(span, cut) for cut in answers),
        fingerprint=_fingerprint(answers),
        vouched=True,
        reason="what Cost Explorer answers",
        account=account,
        answers=tuple((cut, tuple(groups(answer, span, cut))) for cut, answer in answers.items()),
        estimated=any(answer.estimated for answer in answers.values()),
    )


def _fingerprint(answers: dict[Cut, Answer]) -> str:
    """The same for the same answers, whenever they were given."""
    said = (canonical({"asked": answer.request, "pages": answer.pages}) for answer in answers.values())
    return sha256("\n".join(said).encode()).hexdigest()
