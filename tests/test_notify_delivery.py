"""How news are delivered: patiently, to the right place, and without a secret in any error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from finops.cli import main
from finops.config import load_settings
from finops.errors import EngineError
from finops.notify.channels import CHANNELS
from finops.notify.news import news
from finops.notify.saved import read_saved
from tests.hook_server import Answer, Hooks, hook_server, own_certificate
from tests.mail_server import PASSWORD, USER, Mails, mail_server
from tests.saved_check import AT, VARIABLE, over, save

Captured = pytest.CaptureFixture[str]


def sent(hooks: Hooks, *answers: Answer) -> list[float]:
    """Send one event against these answers; the seconds that were waited."""
    hooks.answers.extend(answers)
    waited: list[float] = []
    saved = read_saved(save(Path("check.json"), over("prod")))
    CHANNELS["slack"].sender(load_settings())(news(saved, [], AT), waited.append)
    return waited


@pytest.mark.parametrize(
    ("answers", "waited"),
    [
        ([], []),
        ([Answer(500)], [1]),
        ([Answer(0), Answer(503)], [1, 2]),
        ([Answer(429, headers={"Retry-After": "7"}), Answer(500), Answer(502)], [7, 2, 4]),
        ([Answer(429, headers={"Retry-After": "Fri, 23 Oct 2026 06:00:30 GMT"})], [30]),
        ([Answer(429, headers={"Retry-After": "soon"})], [1]),
    ],
    ids=["at once", "a failure", "cut off, then busy", "as long as it asks", "until then", "nonsense"],
)
def test_a_busy_receiver_is_tried_again_after_a_while(hooks: Hooks, answers: list[Answer], waited: list[float]) -> None:
    assert sent(hooks, *answers) == waited
    assert len(hooks.got) == len(answers) + 1


REFUSALS = {
    "always busy": ([Answer(500)] * 4, "answered 500, 4 times", 4),
    "too patient": ([Answer(429, headers={"Retry-After": "3600"})], "3600 seconds", 1),
    "refused": ([Answer(404, b"no_service")], "answered 404 no_service", 1),
    "a page": ([Answer(403, b"<p>/services/T0SECRET/B0SECRET/tokensecret is closed</p>")], "answered 403", 1),
    "a redirect": ([Answer(307, headers={"Location": "http://localhost:1/elsewhere"})], "a redirect", 1),
}


@pytest.mark.parametrize("case", list(REFUSALS))
def test_what_was_not_delivered_is_4_says_why_and_repeats_no_secret(
    case: str, hooks: Hooks, tmp_path: Path, capsys: Captured
) -> None:
    answers, why, times = REFUSALS[case]
    with pytest.raises(EngineError, match=why) as refused:
        sent(hooks, *answers)
    assert (refused.value.exit_code, len(hooks.got)) == (4, times)
    assert "tokensecret" not in str(refused.value)
    assert refused.value.__cause__ is None
    if times == 1:
        hooks.answers.extend(answers)
        saved = str(tmp_path / "check.json")
        assert main(["--debug", "notify", "slack", saved]) == 4
        assert "SECRET" not in capsys.readouterr().err
        assert main(["notify", "slack", saved]) == 0
        assert main(["notify", "slack", saved]) == 0
        assert len(hooks.got) == 3


@pytest.mark.parametrize(
    "address",
    ["ftp://host/tokensecret", "file:///tokensecret", "tokensecret", "http://", "http://u:tokensecret@host/",
     "http://host/a b/tokensecret", "http://host:tokensecret/", "http://[tokensecret", "http://höst/tokensecret"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_repeating_it(
    address: str, hooks: Hooks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv(VARIABLE, address)
    assert main(["--debug", "notify", "slack", str(save(tmp_path / "check.json", over("prod")))]) == 2
    said = capsys.readouterr().err
    assert f"{VARIABLE} holds no http or https address" in said
    assert "tokensecret" not in said


@pytest.mark.parametrize("channel", ["slack", "webhook"])
def test_a_variable_that_is_not_set_is_named(
    channel: str, hooks: Hooks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.delenv(VARIABLE)
    assert main(["notify", channel, str(save(tmp_path / "check.json"))]) == 2
    assert f"the environment variable {VARIABLE} is not set" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ('[notify.slack]\nurl_env = "https://h.example/tokensecret"', "the name of an environment variable"),
        ('[notify.slack]\nurl = "https://h.example/tokensecret"', "did you mean url_env?"),
        ('[notify.email]\nhost = "h"\nfrom = "a@b.c"\nto = ["d@e.f"]\npassword = "tokensecret"', "password_env"),
        ('[notify.email]\nhost = "h"\nfrom = "a@b.c\\nBcc: x@y.z"\nto = ["d@e.f"]', "a mail address"),
        ('[notify.email]\nhost = "h"\nfrom = "a@b.c"\nto = []', "a list of mail addresses"),
    ],
)  # fmt: skip
def test_a_secret_in_the_settings_is_refused_and_not_repeated(
    setting: str, says: str, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "finops.toml").write_text(setting)
    saved = save(tmp_path / "check.json")
    assert main(["notify", "slack", str(saved), "--config", str(tmp_path / "finops.toml")]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert "tokensecret" not in said


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    hooks: Hooks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    certificate = own_certificate(tmp_path / "own.pem")
    saved = str(save(tmp_path / "check.json", over("prod")))
    with hook_server(certificate) as secure:
        monkeypatch.setenv(VARIABLE, secure.address)
        assert main(["notify", "slack", saved]) == 4
        assert "its certificate is not trusted" in capsys.readouterr().err
        assert secure.got == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert main(["notify", "slack", saved]) == 0
        assert len(secure.got) == 1


# --- mail ------------------------------------------------------------------------------------------

MAIL = """
[owners]
handles = {{ data = "@data-team" }}
[notify.email]
host = "127.0.0.1"
port = {port}
security = "{security}"
from = "finops@example.com"
to = ["team@example.com", "boss@example.com"]
{more}
"""
LOGIN = 'user_env = "FINOPS_TEST_USER"\npassword_env = "FINOPS_TEST_PASSWORD"'
EVIL = "prod\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>"


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the name and password of whoever sends."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FINOPS_TEST_USER", USER)
    monkeypatch.setenv("FINOPS_TEST_PASSWORD", PASSWORD)
    return tmp_path


def settings_for(mails: Mails, security: str = "none", more: str = "") -> None:
    Path("finops.toml").write_text(MAIL.format(port=mails.port, security=security, more=more))


def test_a_mail_has_text_and_html_and_comes_once(inbox: Path) -> None:
    saved = str(save(inbox / "check.json", over("prod (month)", "12.5", owner="data"), over("<b>")))
    with mail_server() as mails:
        settings_for(mails)
        assert main(["notify", "email", saved, "--link", "https://ci.example.com/1?a=1&b=2"]) == 0
        assert main(["notify", "email", saved]) == 0
    ((mail, to),) = mails.got
    assert to == ["team@example.com", "boss@example.com"]
    assert mail["Subject"] == "finops check: 2 new problems: budget prod (month)"
    assert mail["From"] == "finops <finops@example.com>"
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "budget prod (month): impact 12.50 USD" in text
    assert "Owner: data (@data-team)" in text
    assert "<strong>budget &lt;b&gt;: impact 10.00 USD</strong>" in html
    assert 'href="https://ci.example.com/1?a=1&amp;b=2"' in html


def test_what_is_over_comes_by_mail_too(inbox: Path) -> None:
    with mail_server() as mails:
        settings_for(mails)
        assert main(["notify", "email", str(save(inbox / "check.json", over("prod")))]) == 0
        assert main(["notify", "email", str(save(inbox / "check.json", replace(over("staging"), state="ok")))]) == 0
    first, second = (mail for mail, _ in mails.got)
    assert second["Subject"] == "finops check: 1 resolved"
    assert "Resolved: budget prod" in second.get_body(("plain",)).get_content()
    assert first["Message-ID"] != second["Message-ID"]


def test_a_bill_writes_no_header_and_no_html(inbox: Path) -> None:
    saved = str(save(inbox / "check.json", over(EVIL, owner=EVIL, next_step=EVIL)))
    with mail_server() as mails:
        settings_for(mails)
        assert main(["notify", "email", saved]) == 0
    ((mail, to),) = mails.got
    assert to == ["team@example.com", "boss@example.com"]
    assert mail["Bcc"] is None
    assert "Bcc: all@example.com" in mail["Subject"]
    assert "<script>" not in mail.get_body(("html",)).get_content()


def test_many_events_are_cut_short_and_counted(inbox: Path, capsys: Captured) -> None:
    saved = str(save(inbox / "check.json", *(over(f"b{at}" + "x" * 300) for at in range(70))))
    with mail_server() as mails:
        settings_for(mails)
        assert main(["notify", "email", saved]) == 0
    ((mail, _),) = mails.got
    assert len(mail["Subject"]) <= 150
    for kind in ("plain", "html"):
        assert "… and 20 more, all of them in the saved answer" in mail.get_body((kind,)).get_content()


def test_a_mail_is_sent_encrypted_with_the_password(
    inbox: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    certificate = own_certificate(inbox / "own.pem")
    saved = str(save(inbox / "check.json", over("prod")))
    with mail_server(certificate, login=True) as mails:
        settings_for(mails, "starttls", LOGIN)
        assert main(["notify", "email", saved]) == 4
        assert "its certificate is not trusted" in capsys.readouterr().err
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        monkeypatch.setenv("FINOPS_TEST_PASSWORD", "tokensecret")
        assert main(["--debug", "notify", "email", saved]) == 4
        said = capsys.readouterr().err
        assert "the mail server answered 535" in said
        assert "tokensecret" not in said
        assert mails.got == []
        monkeypatch.setenv("FINOPS_TEST_PASSWORD", PASSWORD)
        assert main(["notify", "email", saved]) == 0
    assert len(mails.got) == 1


def test_a_connection_may_be_encrypted_from_its_first_word(
    inbox: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    certificate = own_certificate(inbox / "own.pem")
    saved = str(save(inbox / "check.json", over("prod")))
    with mail_server(certificate, implicit=True) as mails:
        settings_for(mails, "tls")
        assert main(["notify", "email", saved]) == 4
        assert "its certificate is not trusted" in capsys.readouterr().err
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert main(["notify", "email", saved]) == 0
    assert len(mails.got) == 1


def test_a_server_that_cannot_encrypt_gets_nothing(inbox: Path, capsys: Captured) -> None:
    saved = str(save(inbox / "check.json", over("prod")))
    with mail_server() as mails:
        settings_for(mails, "starttls")
        assert main(["notify", "email", saved]) == 4
    assert "offers no STARTTLS" in capsys.readouterr().err
    assert mails.got == []


def test_a_password_never_travels_in_the_clear(inbox: Path, capsys: Captured) -> None:
    saved = str(save(inbox / "check.json", over("prod")))
    Path("finops.toml").write_text(MAIL.replace("127.0.0.1", "h.example").format(port=25, security="none", more=LOGIN))
    assert main(["notify", "email", saved]) == 2
    assert "readable on their way" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answers", "waited"), [(["451 later"], [1]), (["421 busy", "450 later"], [1, 2])], ids=["once", "twice"]
)
def test_a_busy_mail_server_is_tried_again(inbox: Path, answers: list[str], waited: list[float]) -> None:
    with mail_server() as mails:
        settings_for(mails)
        mails.answers.extend(answers)
        assert mailed() == ([], waited)
    assert len(mails.got) == 1


def mailed() -> tuple[list[str], list[float]]:
    """Send one event: whom it did not reach, and the seconds that were waited."""
    waited: list[float] = []
    told = news(read_saved(save(Path("check.json"), over("prod"))), [], AT)
    return list(CHANNELS["email"].sender(load_settings())(told, waited.append)), waited


def test_a_mail_server_that_is_not_there_is_tried_four_times(inbox: Path) -> None:
    with mail_server() as mails:
        settings_for(mails)
    with pytest.raises(EngineError, match=r"the mail server cannot be reached: .*, 4 times"):
        mailed()


def test_a_mail_that_is_refused_is_4_at_once(inbox: Path, capsys: Captured) -> None:
    saved = str(save(inbox / "check.json", over("prod")))
    with mail_server() as mails:
        settings_for(mails)
        mails.answers.append("554 no thanks")
        assert main(["notify", "email", saved]) == 4
        assert "answered 554 no thanks" in capsys.readouterr().err
        mails.refused.update({"team@example.com", "boss@example.com"})
        assert main(["notify", "email", saved]) == 4
        assert "answered 550 no such mailbox" in capsys.readouterr().err
    assert mails.got == []


def test_one_reader_who_is_refused_is_named_and_the_others_are_not_told_twice(inbox: Path, capsys: Captured) -> None:
    saved = str(save(inbox / "check.json", over("prod")))
    with mail_server() as mails:
        settings_for(mails)
        mails.refused.add("boss@example.com")
        assert main(["notify", "email", saved]) == 4
        assert "boss@example.com" in capsys.readouterr().err
        assert main(["notify", "email", saved]) == 0
    assert [to for _, to in mails.got] == [["team@example.com"]]
