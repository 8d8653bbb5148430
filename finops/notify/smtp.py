"""One mail to one mail server. What logs in is a secret: no error repeats it."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from typing import TYPE_CHECKING

from finops.config.notify import Email, secret
from finops.errors import ConfigError, EngineError
from finops.notify.patience import TIMEOUT, Again, patiently
from finops.notify.words import line

if TYPE_CHECKING:
    from smtplib import SMTP

SETTING = "[notify.email]"
_FIX = "check from, to and the log-in of [notify.email]"
_HERE = ("localhost", "127.0.0.1", "::1")


def credentials(email: Email) -> tuple[str, str] | None:
    """User and password, None where nobody logs in.

    Raises ConfigError when a variable is not set, and when they would travel in the clear.
    """
    if not email.user_env:
        return None
    if email.security == "none" and email.host not in _HERE:
        what = "user and password would be readable on their way to the mail server"
        raise ConfigError(what, where=f"{SETTING} security", fix='security = "starttls" or "tls"')
    if not email.password_env:
        raise ConfigError("a user needs a password", where=f"{SETTING} user_env", fix='password_env = "SMTP_PASSWORD"')
    return secret(email.user_env, f"{SETTING} user_env"), secret(email.password_env, f"{SETTING} password_env")


def deliver(
    message: EmailMessage, email: Email, login: tuple[str, str] | None, sleep: Callable[[float], None]
) -> list[str]:
    """Hand the mail over, again where the server is busy. Returns the addresses it refused, never all of them.

    Raises EngineError when it took the mail for nobody.
    """
    where = f"{SETTING} {email.host}:{email.port}"
    return patiently(lambda: _once(message, email, login, where), where, sleep)


def _once(message: EmailMessage, email: Email, login: tuple[str, str] | None, where: str) -> list[str]:
    import smtplib
    from ssl import SSLCertVerificationError

    try:
        with _connected(email) as server:
            if login:
                server.login(*login)
            return sorted(server.send_message(message, email.sender, list(email.to)))
    except smtplib.SMTPRecipientsRefused as error:
        raise _refused(*max(error.recipients.values()), login, where) from None
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, error.smtp_error, login, where) from None
    except smtplib.SMTPNotSupportedError:
        what = "nobody was told: the mail server offers no STARTTLS, or no log-in"
        raise EngineError(what, where, 'security = "tls"') from None
    except SSLCertVerificationError as error:
        said = f"its certificate is not trusted: {error.verify_message}"
        raise EngineError(f"nobody was told: {said}", where, "SSL_CERT_FILE names the authorities to trust") from None
    except OSError as error:
        raise Again(f"the mail server cannot be reached: {_reason(error)}") from None


def _connected(email: Email) -> SMTP:
    from smtplib import SMTP, SMTP_SSL
    from ssl import create_default_context

    if email.security == "tls":
        return SMTP_SSL(email.host, email.port, timeout=TIMEOUT, context=create_default_context())
    server = SMTP(email.host, email.port, timeout=TIMEOUT)
    if email.security == "starttls":
        try:
            server.starttls(context=create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _refused(code: int, said: bytes | str, login: tuple[str, str] | None, where: str) -> Exception:
    text = line(said.decode("utf-8", "replace") if isinstance(said, bytes) else said)
    for word in login or ():
        text = text.replace(word, "***")
    what = f"the mail server answered {code} {text}"[:200]
    # RFC 5321, section 4.2.1: 4yz may work later, 5yz never will
    return Again(what) if code // 100 == 4 else EngineError(f"nobody was told: {what}", where, _FIX)


def _reason(error: OSError) -> str:
    return "it closed the connection" if "Disconnected" in type(error).__name__ else (error.strerror or str(error))
