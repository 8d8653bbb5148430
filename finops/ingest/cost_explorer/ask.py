"""Asking Cost Explorer: page after page, each kept as soon as it is here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from finops.aws import aws_errors
from finops.errors import EngineError
from finops.ingest.cost_explorer import cache
from finops.ingest.cost_explorer.cache import Answer
from finops.ingest.cost_explorer.plan import Cut, Span, request

# What of a response is kept: the rest is about its transport.
_KEPT = ("GroupDefinitions", "ResultsByTime", "DimensionValueAttributes")


@dataclass(frozen=True)
class Asker:
    """What every request needs: a client behind the door, where answers are kept, whose they are, and the clock.

    With `refresh` nothing is used that was not `asked` by this very one.
    """

    client: Any
    store: Path
    account: str
    clock: Callable[[], datetime]
    refresh: bool = False
    asked: set[Path] = field(default_factory=set)

    def held(self, span: Span, cut: Cut) -> Answer | None:
        """What is on disk of an answer, whole or in part, as far as it still stands."""
        path = self.path(span, cut)
        answer = cache.read(path)
        if answer is None or (self.refresh and path not in self.asked):
            return None
        return answer if cache.is_fresh(answer, self.clock()) else None

    def path(self, span: Span, cut: Cut) -> Path:
        """Where the answer is kept."""
        return cache.path_of(self.store, self.account, request(span, cut))

    def answer(self, span: Span, cut: Cut) -> Answer:
        """The whole answer, from disk or from AWS.

        Raises EngineError at the limit of requests and when AWS fails; the pages got so far are kept.
        """
        held = self.held(span, cut) or self._nothing(span, cut)
        with aws_errors(f"Cost Explorer, {span.month} by {cut.title}"):
            return held if held.complete else self._pages(held, self.path(span, cut))

    def _nothing(self, span: Span, cut: Cut) -> Answer:
        return Answer(self.account, request(span, cut), cache.stamp(self.clock()))

    def _pages(self, held: Answer, path: Path) -> Answer:
        refused = self.client.exceptions
        try:
            return self._remaining(held, path)
        except (refused.InvalidNextTokenException, refused.RequestChangedException):
            # A token that is too old, or of data that changed meanwhile: the pages would not fit together.
            return self._remaining(Answer(self.account, held.request, cache.stamp(self.clock())), path)

    def _remaining(self, answer: Answer, path: Path) -> Answer:
        self.asked.add(path)
        while not answer.complete:
            token = {"NextPageToken": answer.next_token} if answer.next_token else {}
            page = self.client.get_cost_and_usage(**answer.request, **token)
            following = page.get("NextPageToken") or None
            if following and following == answer.next_token:
                raise EngineError("Cost Explorer gives the same page token again and again", "GetCostAndUsage")
            kept = {key: page[key] for key in _KEPT if key in page}
            answer = replace(answer, pages=[*answer.pages, kept], next_token=following)
            cache.write(path, answer)
        return answer
