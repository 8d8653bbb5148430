"""News as JSON, for whatever takes it. Money is exact; nothing is cut."""

from __future__ import annotations

from typing import Any

from finops.config.settings import Owners
from finops.notify.news import News, headline
from finops.notify.people import person
from finops.notify.saved import Event

SCHEMA_VERSION = 1


def payload(news: News, owners: Owners) -> dict[str, Any]:
    """What is posted. `digest` is the same when the same news come twice."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": news.command,
        "at": news.at,
        "digest": news.digest,
        "headline": headline(news),
        "link": news.link or None,
        "opened": [_opened(event, owners) for event in news.opened],
        "resolved": [{"id": one.id, "check": one.check, "title": one.title, "told_at": one.at} for one in news.over],
        "still_open": news.still,
    }


def _opened(event: Event, owners: Owners) -> dict[str, Any]:
    who = person(event.owner, owners)
    return {
        "id": event.id,
        "check": event.check,
        "title": event.title,
        "state": event.state,
        "message": event.message,
        "impact": event.impact,
        "currency": event.currency or None,
        "limit": event.limit or None,
        "owner": who.name if who else None,
        "handle": (who.handle or None) if who else None,
        "next_step": event.next_step or None,
        "source": event.source or None,
    }
