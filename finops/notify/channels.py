"""The ways to tell news: how each looks, and how it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from finops.config.notify import Webhook, secret
from finops.config.settings import Settings
from finops.errors import ConfigError
from finops.notify import mail, slack, smtp, webhook
from finops.notify.news import News
from finops.notify.post import checked_address, post
from finops.output.as_json import encode

Sleep = Callable[[float], None]
Send = Callable[[News, Sleep], Sequence[str]]
"""Sends news. Returns whom they did not reach, where others were; raises EngineError when they reached nobody."""

Table = TypeVar("Table")


@dataclass(frozen=True)
class Channel:
    """`shown` is the exact message; `sender` reads what is secret, before anything is sent.

    Both raise ConfigError for settings that are not there.
    """

    shown: Callable[[News, Settings], str]
    sender: Callable[[Settings], Send]


def _slack_shown(news: News, settings: Settings) -> str:
    return json.dumps(slack.payload(news, settings.owners), indent=1, ensure_ascii=False) + "\n"


def _slack_sender(settings: Settings) -> Send:
    table = _set_up(settings.notify.slack, "slack", 'url_env = "SLACK_WEBHOOK_URL"', settings)
    setting = "[notify.slack] url_env"
    address = checked_address(secret(table.url_env, setting), table.url_env, setting)

    def send(news: News, sleep: Sleep) -> Sequence[str]:
        body = json.dumps(slack.payload(news, settings.owners))
        post(address, body, {}, f"[notify.slack] {table.url_env}", news.at, sleep)
        return ()

    return send


def _webhook_shown(news: News, settings: Settings) -> str:
    return encode(webhook.payload(news, settings.owners)) + "\n"


def _webhook_sender(settings: Settings) -> Send:
    table = _set_up(settings.notify.webhook, "webhook", 'url_env = "FINOPS_WEBHOOK_URL"', settings)
    setting = "[notify.webhook] url_env"
    address = checked_address(secret(table.url_env, setting), table.url_env, setting)
    headers = _authorization(table)

    def send(news: News, sleep: Sleep) -> Sequence[str]:
        sent = {**headers, "Idempotency-Key": news.digest}
        post(address, _webhook_shown(news, settings), sent, f"[notify.webhook] {table.url_env}", news.at, sleep)
        return ()

    return send


def _authorization(table: Webhook) -> dict[str, str]:
    if not table.token_env:
        return {}
    setting = "[notify.webhook] token_env"
    token = secret(table.token_env, setting)
    if not token.isascii() or not token.isprintable():
        raise ConfigError(f"{table.token_env} holds what no header can carry", where=setting)
    return {"Authorization": f"Bearer {token}"}


def _email_shown(news: News, settings: Settings) -> str:
    table = _set_up(settings.notify.email, "email", _EMAIL, settings)
    return mail.message(news, table, settings.owners).as_string().replace("\r\n", "\n").rstrip("\n") + "\n"


def _email_sender(settings: Settings) -> Send:
    table = _set_up(settings.notify.email, "email", _EMAIL, settings)
    login = smtp.credentials(table)
    deliver = partial(smtp.deliver, email=table, login=login)

    def send(news: News, sleep: Sleep) -> Sequence[str]:
        return deliver(mail.message(news, table, settings.owners), sleep=sleep)

    return send


def _set_up(table: Table | None, name: str, example: str, settings: Settings) -> Table:
    if table is not None:
        return table
    where = str(settings.path or "finops.toml")
    raise ConfigError(f"{name} is not set up", where=where, fix=f"[notify.{name}] {example}")


_EMAIL = 'host = "smtp.example.com", from = "finops@example.com", to = ["team@example.com"]'
CHANNELS: Mapping[str, Channel] = {
    "slack": Channel(_slack_shown, _slack_sender),
    "webhook": Channel(_webhook_shown, _webhook_sender),
    "email": Channel(_email_shown, _email_sender),
}
