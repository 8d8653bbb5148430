"""News as Block Kit, for an incoming webhook of Slack.

Slack takes 50 blocks, 3,000 characters in a section and 150 in a header; nobody reads that much on a phone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from finops.config.settings import Owners
from finops.notify.news import News, headline
from finops.notify.people import person
from finops.notify.saved import REPORT, UNCHECKED, Event
from finops.notify.words import amount, line, more

# Of 50 blocks: a header, what is new, a section of what is over, how many more, the link.
_EVENTS = 20
_OVER = 20
_HEADER = 150
_PUSH = 300
_TITLE, _MESSAGE, _SHORT = 200, 1200, 300
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def payload(news: News, owners: Owners) -> dict[str, Any]:
    """What is posted: `text` is what a phone shows, `blocks` the message."""
    first = [f"{event.title}: {event.message}" if event.state != REPORT else event.message for event in news.opened[:1]]
    return {
        "text": escaped(": ".join([headline(news), *first]), _PUSH),
        "blocks": list(_blocks(news, owners)),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def escaped(text: str, limit: int) -> str:
    """Text that Slack shows as it is, at most `limit` characters once it is escaped; what is cut ends in dots."""
    pieces = [_ENTITIES.get(character, character) for character in line(text)]
    if sum(map(len, pieces)) <= limit:
        return "".join(pieces)
    size, kept = 1, []
    for piece in pieces:
        size += len(piece)
        if size > limit:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + "…"


def _blocks(news: News, owners: Owners) -> Iterator[dict[str, Any]]:
    header = {"type": "plain_text", "text": headline(news)[:_HEADER], "emoji": False}
    yield {"type": "header", "text": header}
    for event in news.opened[:_EVENTS]:
        yield _section(_event(event, owners))
    if left := more(_EVENTS, len(news.opened)):
        yield _section(f"… {left}, all of them in the saved answer")
    if news.over:
        yield _section(_over(news))
    if news.link:
        yield _section(f"<{_address(news.link)}|All results>")


def _event(event: Event, owners: Owners) -> str:
    parts = [*_title(event), escaped(event.message, _MESSAGE)]
    who = person(event.owner, owners)
    if who:
        parts.append(f"Owner: {who.mention or escaped(who.handle or who.name, _SHORT)}")
    if event.source:
        parts.append(f"Set in {_code(event.source)}")
    if event.next_step:
        parts.append(f"Next: {_code(event.next_step)}")
    return "\n".join(parts)


def _title(event: Event) -> Iterator[str]:
    if event.state != REPORT:
        mark = ":warning:" if event.state == UNCHECKED else ":red_circle:"
        much = f" · {amount(event)}" if amount(event) else ""
        yield f"{mark} *{_bold(event.title)}*{much}"


def _over(news: News) -> str:
    lines = [f":white_check_mark: Resolved: {escaped(one.title, 100)}" for one in news.over[:_OVER]]
    left = more(_OVER, len(news.over))
    return "\n".join([*lines, *([f"… {left} resolved"] if left else [])])


def _bold(text: str) -> str:
    return escaped(text.replace("*", "\u2217"), _TITLE)


def _code(text: str) -> str:
    return f"`{escaped(text.replace('`', chr(39)), _SHORT)}`"


def _address(link: str) -> str:
    return link.replace("&", "&amp;")


def _section(text: str) -> dict[str, Any]:
    # verbatim: an address or a name in a bill becomes no link
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
