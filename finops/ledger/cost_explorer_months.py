"""One billing month after the other, asked of Cost Explorer and ready to be loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from finops.ingest.cost_explorer.account import Account
from finops.ingest.cost_explorer.ask import Asker
from finops.ingest.cost_explorer.cache import Answer
from finops.ingest.cost_explorer.groups import groups
from finops.ingest.cost_explorer.plan import Cut, Plan, Span, canonical
from finops.ledger.cost_explorer import Month

EXPORT = "cost-explorer"


def months(plan: Plan, asker: Asker, account: Account, empty: Callable[[Span], None]) -> Iterator[Month]:
    """Each month of the plan, asked for when it is its turn; `empty` is told of those without a cost.

    Raises EngineError when AWS fails or the limit of requests is reached, DataError for an answer that is none.
    """
    for span in plan.spans:
        answers = {cut: asker.answer(span, cut) for cut in plan.cuts}
        month = _month(span, answers, asker, account)
        if month.answers[0][1]:
            yield month
        else:
            empty(span)


def _month(span: Span, answers: dict[Cut, Answer], asker: Asker, account: Account) -> Month:
    asked = max(answer.moment for answer in answers.values())
    return Month(
        export=EXPORT,
        identity=f"ce:{account.account}",
        source=Path(f"ce:{account.account}"),
        period=span.month,
        delivery=_delivery(asked),
        files=tuple(asker.path(span, cut) for cut in answers),
        fingerprint=_fingerprint(answers),
        vouched=True,
        reason="what Cost Explorer answers",
        account=account,
        answers=tuple((cut, tuple(groups(answer, span, cut))) for cut, answer in answers.items()),
        estimated=any(answer.estimated for answer in answers.values()),
    )


def _delivery(asked: datetime) -> str:
    return f"{asked:%Y%m%dT%H%M%SZ}"


def _fingerprint(answers: dict[Cut, Answer]) -> str:
    """The same for the same answers, whenever they were given."""
    said = [canonical({"folder": cut.folder, "request": answer.request, "pages": answer.pages}) for cut, answer in answers.items()]
    return sha256("\n".join(said).encode()).hexdigest()
