"""News of a saved check: told once, on every channel, to the right people, and nothing smuggled in by a bill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.check.result import Result
from finops.cli import main
from finops.config.settings import Owners
from finops.notify import ledger
from finops.notify.channels import CHANNELS
from finops.notify.ledger import Entry
from finops.notify.news import entries, headline, news
from finops.notify.saved import Event, Saved, read_saved
from finops.notify.slack import escaped, payload
from tests.hook_server import SECRET_PATH, Hooks
from tests.saved_check import AT, VARIABLE, over, posted, save, texts

Captured = pytest.CaptureFixture[str]
ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "tests" / "golden"
SCHEMA = json.loads((ROOT / "docs" / "schema" / "notify.schema.json").read_text(encoding="utf-8"))

ANOMALY = {
    "id": "1", "start": "2026-10-03", "end": "2026-10-05", "kind": "level shift", "impact": 120.5, "owner": "web",
    "cause": "AmazonEC2 m5.24xlarge", "service": "AmazonEC2", "account": "000000000009", "region": None, "key": "x",
}  # fmt: skip

# --- once per event ------------------------------------------------------------------------------


def test_an_event_is_told_once_and_told_again_when_it_is_over(hooks: Hooks, tmp_path: Path, capsys: Captured) -> None:
    saved = str(save(tmp_path / "check.json", over("prod (month)")))
    assert main(["notify", "slack", saved]) == 0
    assert main(["notify", "slack", saved]) == 0
    assert len(hooks.got) == 1
    assert "nothing new for slack; 1 told before still open" in capsys.readouterr().err
    save(tmp_path / "check.json", replace(over("prod (month)"), state="ok"))
    for _ in range(2):
        assert main(["notify", "slack", saved]) == 0
    assert len(hooks.got) == 2
    assert "Resolved: budget prod (month)" in texts(posted(hooks))
    save(tmp_path / "check.json", over("prod (month)"))
    assert main(["notify", "slack", saved]) == 0
    assert len(hooks.got) == 3


def test_only_what_is_new_is_told_and_the_rest_is_counted(hooks: Hooks, tmp_path: Path) -> None:
    main(["notify", "slack", str(save(tmp_path / "check.json", over("prod")))])
    main(["notify", "slack", str(save(tmp_path / "check.json", over("prod"), over("staging")))])
    said = texts(posted(hooks))
    assert said.startswith("finops check: 1 new problem, 1 still open\n")
    assert "budget staging" in said
    assert "budget prod" not in said


def test_each_channel_is_told_for_itself(hooks: Hooks, tmp_path: Path) -> None:
    saved = str(save(tmp_path / "check.json", over("prod")))
    assert [main(["notify", channel, saved]) for channel in ("slack", "webhook", "slack", "webhook")] == [0] * 4
    assert len(hooks.got) == 2


UNCHECKED = Result("budget", "", "could not check", "access denied", exit_code=4)


@pytest.mark.parametrize(
    "later",
    [
        pytest.param([UNCHECKED], id="its check could not be made"),
        pytest.param([Result("stale", "payer", "ok", "")], id="its check was not made"),
        pytest.param([replace(over("prod"), state="could not check")], id="it could not be checked itself"),
    ],
)
def test_nothing_is_called_resolved_that_nobody_looked_at(later: list[Result], tmp_path: Path) -> None:
    before = entries(news(read_saved(save(tmp_path / "a.json", over("prod"))), [], AT), "slack")
    told = news(read_saved(save(tmp_path / "b.json", *later)), before, AT)
    assert (told.over, told.still) == ((), 1)


def test_what_is_forgiven_goes_on_and_is_not_resolved(tmp_path: Path) -> None:
    before = entries(news(read_saved(save(tmp_path / "a.json", over("prod"))), [], AT), "slack")
    forgiven = read_saved(save(tmp_path / "b.json", over("prod"), reason="in the baseline"))
    assert (forgiven.open, bool(news(forgiven, before, AT))) == ((), False)


def test_what_is_gone_from_a_check_that_was_made_is_resolved(tmp_path: Path) -> None:
    before = entries(news(read_saved(save(tmp_path / "a.json", over("prod"))), [], AT), "slack")
    told = news(read_saved(save(tmp_path / "b.json", replace(over("staging"), state="ok"))), before, AT)
    assert [one.title for one in told.over] == ["budget prod"]


def test_what_was_sent_and_not_written_down_is_sent_again(hooks: Hooks, tmp_path: Path) -> None:
    """A process that dies at the moment the answer has come and nothing is written yet."""
    saved = save(tmp_path / "check.json", over("prod"))
    script = (
        "import os, signal, finops.notify.ledger as ledger\n"
        "ledger.append = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"from finops.cli import main; main(['notify', 'webhook', {str(saved)!r}])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert main(["notify", "webhook", str(saved)]) == 0
    assert main(["notify", "webhook", str(saved)]) == 0
    first, second = (json.loads(body) for _, _, body in hooks.got)
    assert first["digest"] == second["digest"]


def test_a_torn_line_of_the_ledger_is_no_line(tmp_path: Path) -> None:
    path = tmp_path / "sent.jsonl"
    entry = Entry("2026-10-23T06:00:00+00:00", "slack", "check", "open", "1", "budget", "budget prod")
    ledger.append(path, [entry, replace(entry, id="2")])
    path.write_bytes(path.read_bytes()[:-20])
    ledger.append(path, [replace(entry, id="3")])
    assert list(ledger.still_open(ledger.read(path, "slack", "check"))) == ["1", "3"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_damaged_ledger_is_said_with_its_line_and_nothing_is_sent(
    hooks: Hooks, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "sent.jsonl").write_text("what is this\n")
    saved = save(tmp_path / "check.json", over("prod"))
    assert main(["notify", "slack", str(saved), "--ledger", "sent.jsonl"]) == 3
    assert "sent.jsonl:1" in capsys.readouterr().err
    assert hooks.got == []


def test_a_ledger_that_cannot_be_written_stops_before_anything_is_sent(
    hooks: Hooks, tmp_path: Path, capsys: Captured
) -> None:
    saved = save(tmp_path / "check.json", over("prod"))
    assert main(["notify", "slack", str(saved), "--ledger", "no/folder/sent.jsonl"]) == 4
    assert "what is sent cannot be written down" in capsys.readouterr().err
    assert hooks.got == []


def test_two_runs_at_once_do_not_tell_the_same(hooks: Hooks, tmp_path: Path, capsys: Captured) -> None:
    saved = save(tmp_path / "check.json", over("prod"))
    with ledger.held(ledger.default_path(Path("finops.duckdb"))):
        assert main(["notify", "slack", str(saved)]) == 4
    assert "another finops notify" in capsys.readouterr().err
    assert hooks.got == []


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.sampled_from(["off", "fine", "unknown"])), max_size=8))
@settings(max_examples=60)
def test_whatever_the_days_bring_each_event_is_told_once_while_it_lasts(days: list[dict[str, str]]) -> None:
    told: list[Entry] = []
    heard: set[str] = set()
    for day in days:
        unsure = "unknown" in day.values()
        off = tuple(Event(name, "budget", name, "breach", name) for name, state in day.items() if state == "off")
        fine = frozenset(name for name, state in day.items() if state == "fine")
        saved = Saved("check", off, fine=fine, sure=frozenset() if unsure else frozenset({"budget"}))
        fresh = news(saved, told, AT)
        assert {one.id for one in fresh.opened} == {one.id for one in off} - heard
        over = {one.id for one in fresh.over}
        assert over == (heard & fine if unsure else heard - {one.id for one in off})
        heard = (heard | {one.id for one in fresh.opened}) - over
        told += entries(fresh, "slack")


# --- what is said --------------------------------------------------------------------------------


def test_a_message_says_what_how_much_who_and_what_next(tmp_path: Path) -> None:
    saved = save(
        tmp_path / "check.json",
        over("prod (month)", "12.5", owner="web", source_file="finops.toml", source_line=6),
        Result("stale", "000000000001", "could not check", "the newest charge is old", next_step="finops ingest x"),
    )
    owners = Owners(handles={"web": "<@U012AB3CD>"})
    said = texts(payload(news(read_saved(saved), [], AT, "https://ci.example.com/1?a=1&b=2"), owners))
    assert said.splitlines() == [
        "finops check: 1 new problem, 1 could not be checked",
        ":red_circle: *budget prod (month)* · impact 12.50 USD",
        "prod (month) cost 110.00 USD of 100.00",
        "Owner: <@U012AB3CD>",
        "Set in `finops.toml:6`",
        "Next: `finops variance --budgets`",
        ":warning: *stale 000000000001* · could not check",
        "the newest charge is old",
        "Next: `finops ingest x`",
        "<https://ci.example.com/1?a=1&amp;b=2|All results>",
    ]


@pytest.mark.parametrize(
    ("owner", "slack", "other"),
    [
        ("web", "Owner: <@U012AB3CD>", "Owner: web"),
        ("<@U012AB3CD>", "Owner: <@U012AB3CD>", "Owner: web"),
        ("Data", "Owner: @data-team", "Owner: data (@data-team)"),
        ("<!channel>", "Owner: &lt;!channel&gt;", "Owner: <!channel>"),
        ("<@U0EVIL>", "Owner: &lt;@U0EVIL&gt;", "Owner: <@U0EVIL>"),
    ],
)
def test_an_owner_is_called_by_the_handle_of_the_settings_and_by_nothing_from_the_bill(
    owner: str, slack: str, other: str, hooks: Hooks, tmp_path: Path, capsys: Captured
) -> None:
    saved = str(save(tmp_path / "check.json", over("prod", owner=owner)))
    assert main(["notify", "slack", saved, "--dry-run"]) == 0
    assert slack in texts(json.loads(capsys.readouterr().out))
    assert main(["notify", "email", saved, "--dry-run"]) == 0
    assert other in capsys.readouterr().out
    assert hooks.got == []


EVIL = 'a<!channel>&<https://evil.example|x>\r\nBcc: all@example.com\n\x1b[2J</p><script>alert("1")</script>'


def test_a_bill_can_neither_call_people_nor_make_links_in_slack(tmp_path: Path) -> None:
    saved = save(tmp_path / "check.json", replace(over(EVIL, owner=EVIL, next_step=EVIL), message=EVIL))
    said = json.dumps(payload(news(read_saved(saved), [], AT), Owners()))
    body = json.loads(said)
    assert all(sign not in texts(body).replace("finops", "") for sign in ("<", ">", "\x1b"))
    assert "<" not in body["text"]
    assert all(block["text"].get("verbatim", True) for block in body["blocks"])


def test_slacks_limits_are_kept_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    many = [replace(over("&<>" * 2000 + str(at)), message="<" * 9000) for at in range(70)]
    before = entries(news(read_saved(save(tmp_path / "a.json", *many)), [], AT), "slack")
    fresh = [replace(one, subject=one.subject + "new") for one in many]
    body = payload(news(read_saved(save(tmp_path / "b.json", *fresh)), before, AT, "https://ci.example.com"), Owners())
    assert len(body["blocks"]) <= 50
    assert max(len(block["text"]["text"]) for block in body["blocks"]) <= 3000
    assert len(body["blocks"][0]["text"]["text"]) <= 150
    assert "… and 50 more, all of them in the saved answer" in texts(body)
    assert "… and 50 more resolved" in texts(body)


@pytest.mark.parametrize(("text", "limit", "cut"), [("a&b", 7, "a&amp;b"), ("a&b", 6, "a…"), ("abcd", 3, "ab…")])
def test_a_text_is_never_cut_in_the_middle_of_an_entity(text: str, limit: int, cut: str) -> None:
    assert escaped(text, limit) == cut


def test_a_webhook_gets_every_event_with_exact_money_and_the_token(hooks: Hooks, tmp_path: Path) -> None:
    saved = save(tmp_path / "check.json", *(over(f"b{at}", "0.0000000001", owner="data") for at in range(60)))
    assert main(["notify", "webhook", str(saved), "--link", "https://ci.example.com/1"]) == 0
    path, headers, _ = hooks.got[0]
    body = posted(hooks)
    assert (path, headers["Authorization"]) == (SECRET_PATH, "Bearer token-secret")
    assert headers["Idempotency-Key"] == body["digest"]
    assert len(body["opened"]) == 60
    first = body["opened"][0]
    assert (first["impact"], first["currency"]) == (Decimal("0.0000000001"), "USD")
    jsonschema.validate(json.loads(hooks.got[0][2]), SCHEMA)
    assert (first["owner"], first["handle"], body["link"]) == ("data", "@data-team", "https://ci.example.com/1")


def test_saved_anomalies_are_told_with_their_days_and_cause(hooks: Hooks, tmp_path: Path) -> None:
    gone = ANOMALY | {"id": "2", "severity": "info", "service": "AmazonRDS"}
    path = tmp_path / "anomalies.json"
    path.write_text(json.dumps({"command": "anomalies", "currency": "USD", "rows": [ANOMALY, gone]}))
    assert main(["notify", "slack", str(path)]) == 0
    said = texts(posted(hooks))
    assert "AmazonRDS" not in said
    assert "*anomaly AmazonEC2 000000000009* · impact 120.50 USD" in said
    assert "level shift, 2026-10-03 to 2026-10-04: AmazonEC2 m5.24xlarge" in said
    path.write_text(json.dumps({"command": "anomalies", "currency": "USD", "rows": []}))
    assert main(["notify", "slack", str(path)]) == 0
    assert "Resolved: anomaly AmazonEC2" in texts(posted(hooks))


def test_a_report_is_told_once_by_its_title_and_first_words(hooks: Hooks, tmp_path: Path, capsys: Captured) -> None:
    report = GOLDEN / "report_weekly.md"
    for _ in range(2):
        assert main(["notify", "slack", str(report), "--link", "https://ci.example.com/1"]) == 0
    assert len(hooks.got) == 1
    said = texts(posted(hooks)).splitlines()
    assert said[0] == report.read_text().splitlines()[0].removeprefix("# ")
    assert said[1].startswith("Amortized cost in USD, estimated. Spend of")
    assert said[1].endswith("come to $12.00 more.")
    assert said[2:] == ["<https://ci.example.com/1|All results>"]
    assert main(["notify", "email", str(report), "--dry-run"]) == 0
    assert "AmazonKinesis rose most" in capsys.readouterr().out


def test_a_report_keeps_its_words_and_loses_its_marks(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text("# Weekly: a\\_b\n\n> **Note:** 1 \\* 2\n\nSpend \\<x\\>.\n\n| a |\n| --- |\n| not this |\n")
    (event,) = read_saved(path).open
    assert (event.title, event.message) == ("Weekly: a_b", "Note: 1 * 2 Spend <x>.")


def test_the_headline_counts(tmp_path: Path) -> None:
    saved = read_saved(save(tmp_path / "check.json", over("a"), over("b")))
    before = entries(news(replace(saved, open=saved.open[:1]), [], AT), "slack")
    assert headline(news(saved, before, AT)) == "finops check: 1 new problem, 1 still open"


@pytest.mark.parametrize(("channel", "end"), [("slack", "json"), ("webhook", "json"), ("email", "eml")])
def test_the_message_of_a_known_check_is_known(
    channel: str, end: str, hooks: Hooks, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINOPS_TODAY", "2026-10-23")
    words = ["--dry-run", "--link", "https://ci.example.com/run/1"]
    assert main(["notify", channel, str(GOLDEN / "check.json"), *words]) == 0
    printed, golden = capsys.readouterr().out, GOLDEN / f"notify_{channel}.{end}"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(printed, encoding="utf-8")
    assert printed == golden.read_text(encoding="utf-8")
    if channel == "webhook":
        jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(printed))


@pytest.mark.parametrize("broken", [{"opened": [{}]}, {"resolved": [{"id": 1}]}, {"more": 1}, {"command": "spend"}])
def test_the_schema_of_the_webhook_refuses_what_is_none(broken: dict[str, object]) -> None:
    known = json.loads((GOLDEN / "notify_webhook.json").read_text())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(known | broken, SCHEMA)


# --- a dry run, and what is refused --------------------------------------------------------------


@pytest.mark.parametrize("channel", list(CHANNELS))
def test_a_dry_run_prints_the_message_sends_nothing_and_needs_no_secret(
    channel: str, hooks: Hooks, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    saved = save(tmp_path / "check.json", over("prod"))
    for _ in range(2):
        capsys.readouterr()
        assert main(["notify", channel, str(saved), "--dry-run"]) == 0
        assert "budget prod" in capsys.readouterr().out
    assert hooks.got == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["check.json", "finops.toml"]


def test_what_is_posted_is_what_the_dry_run_prints(hooks: Hooks, tmp_path: Path, capsys: Captured) -> None:
    saved = str(save(tmp_path / "check.json", over("prod é")))
    main(["notify", "slack", saved, "--dry-run"])
    printed = json.loads(capsys.readouterr().out)
    assert main(["notify", "slack", saved]) == 0
    assert posted(hooks) == printed


NO_AMOUNT, NO_NUMBER, NO_DAY = (
    json.dumps({"command": "anomalies", "currency": "USD", "rows": [ANOMALY | wrong]})
    for wrong in ({"impact": "much"}, {"impact": float("nan")}, {"end": "later"})
)
NO_ANSWERS = ["", "[]", "{}", '{"command": "spend"}', '{"command": "check", "rows": [1]}', "\udc80"]


@pytest.mark.parametrize("content", [*NO_ANSWERS, NO_AMOUNT, NO_NUMBER, NO_DAY])
def test_a_file_that_is_no_answer_is_refused(content: str, hooks: Hooks, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    assert main(["notify", "slack", str(path)]) == 2
    assert "no answer that can be told" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["no.json"], ["check.json", "--link", "javascript:alert(1)"], ["check.json", "--link", "https://a|b"]]
)
def test_a_slip_is_2(words: list[str], hooks: Hooks, tmp_path: Path) -> None:
    save(tmp_path / "check.json", over("prod"))
    assert main(["notify", "slack", *words]) == 2
    assert hooks.got == []
