"""News as a mail: text, and the same in HTML."""

from __future__ import annotations

from collections.abc import Iterator
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape

from finops.config.notify import Email
from finops.config.settings import Owners
from finops.notify.news import News, headline
from finops.notify.people import person
from finops.notify.saved import REPORT, Event
from finops.notify.words import amount, line, more

_EVENTS = 50
_SUBJECT = 150
_PAGE = """\
<!doctype html>
<html lang="en">
<body style="font-family: sans-serif; max-width: 40em">
<p><strong>{headline}</strong></p>
{body}
</body>
</html>
"""


def message(news: News, email: Email, owners: Owners) -> EmailMessage:
    """The mail. The same news make the same mail, with the same Message-ID."""
    made = EmailMessage(policy=SMTP)
    made["From"] = Address("finops", addr_spec=email.sender)
    made["To"] = ", ".join(email.to)
    made["Subject"] = _subject(news)
    made["Date"] = news.at
    made["Message-ID"] = f"<finops.{news.digest}@{email.sender.partition('@')[2]}>"
    # no answering machine answers this
    made["Auto-Submitted"] = "auto-generated"
    made.set_content("\n".join(_text(news, owners)) + "\n", cte="quoted-printable")
    page = news.page or _PAGE.format(headline=escape(headline(news)), body="\n".join(_html(news, owners)))
    made.add_alternative(page, "html", cte="quoted-printable")
    made.set_boundary(f"=_{news.digest}")
    return made


def _subject(news: News) -> str:
    first = f": {news.opened[0].title}" if news.opened and news.command != REPORT else ""
    text = line(headline(news) + first)
    return text if len(text) <= _SUBJECT else text[: _SUBJECT - 1] + "…"


def _text(news: News, owners: Owners) -> Iterator[str]:
    yield headline(news)
    for event in news.opened[:_EVENTS]:
        yield ""
        yield from (line(text) if at == 0 else f"  {line(text)}" for at, text in enumerate(_lines(event, owners)))
    yield from ("", *_rest(news)) if _rest(news) else ()
    if news.over:
        yield ""
        yield from (f"Resolved: {line(one.title)}" for one in news.over)
    if news.link:
        yield ""
        yield f"All results: {news.link}"


def _html(news: News, owners: Owners) -> Iterator[str]:
    for event in news.opened[:_EVENTS]:
        first, *others = (escape(line(text)) for text in _lines(event, owners))
        bold = first if event.state == REPORT else f"<strong>{first}</strong>"
        yield "<p>" + "<br>\n".join([bold, *others]) + "</p>"
    yield from (f"<p>{text}</p>" for text in _rest(news))
    if news.over:
        yield "<ul>" + "".join(f"<li>Resolved: {escape(line(one.title))}</li>" for one in news.over) + "</ul>"
    if news.link:
        yield f'<p><a href="{escape(news.link)}">All results</a></p>'


def _lines(event: Event, owners: Owners) -> Iterator[str]:
    """The title with the amount, what was found, who, where and what next; nothing escaped yet."""
    if event.state != REPORT:
        yield f"{event.title}: {amount(event)}" if amount(event) else event.title
    yield event.message
    who = person(event.owner, owners)
    named = {"Owner": who.shown if who else "", "Set in": event.source, "Next": event.next_step}
    yield from (f"{label}: {text}" for label, text in named.items() if text)


def _rest(news: News) -> list[str]:
    left = more(_EVENTS, len(news.opened))
    return [f"… {left}, all of them in the saved answer"] if left else []
