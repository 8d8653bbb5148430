"""One JSON document to one address by HTTP. The address is a secret: no error repeats it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from finops import __version__
from finops.errors import ConfigError, EngineError
from finops.notify.patience import TIMEOUT, Again, patiently

if TYPE_CHECKING:
    from email.message import Message

# The receiver is busy or broken for now; anything else is refused for good.
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_PLAIN = re.compile(r"[\x21-\x7e]+")
# A word such as invalid_payload says what is wrong; a page of HTML does not, and may repeat the address.
_WORD = re.compile(rb"\s*([a-z_]{3,60})\s*")


def checked_address(address: str, variable: str, setting: str) -> str:
    """The address as it is. Raises ConfigError, which names the variable alone, for one that is no http(s) address."""
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        good = good and parts.username is None and _PLAIN.fullmatch(address) is not None
    except ValueError:
        good = False
    if not good:
        fix = "https://HOST/PATH; a token has a variable of its own, token_env"
        raise ConfigError(f"{variable} holds no http or https address", where=setting, fix=fix)
    return address


def post(
    address: str, body: str, headers: Mapping[str, str], where: str, now: datetime, sleep: Callable[[float], None]
) -> None:
    """Send the JSON text, again where the receiver is busy. `where` is what errors call the place.

    Certificates are verified and no redirect is followed. Raises EngineError when it was not taken.
    """
    from urllib.request import Request

    sent = {"Content-Type": "application/json; charset=utf-8", "User-Agent": f"finops/{__version__}", **headers}
    request = Request(address, body.encode(), sent, method="POST")
    opener = _opener()
    patiently(lambda: _once(opener, request, where, now), where, sleep)


def _opener() -> Any:
    from urllib.request import HTTPRedirectHandler, build_opener

    class Stay(HTTPRedirectHandler):
        """Whoever answers for another host would get what was meant for this one."""

        def redirect_request(self, *_: Any) -> None:
            return None

    return build_opener(Stay)


def _once(opener: Any, request: Any, where: str, now: datetime) -> None:
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError

    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            answer.read(1)
    except HTTPError as error:
        with error:
            raise _refused(error.code, error.headers, error.read(200), where, now) from None
    except URLError as error:
        raise _unreachable(error.reason, where) from None
    except (OSError, HTTPException, UnicodeError) as error:
        raise _unreachable(error, where) from None


def _refused(code: int, headers: Message, body: bytes, where: str, now: datetime) -> Exception:
    word = _WORD.fullmatch(body)
    said = f"it answered {code}{f' {word[1].decode()}' if word else ''}"
    if code in _LATER:
        return Again(said, _retry_after(headers.get("Retry-After") or "", now))
    if code in range(300, 400):
        return EngineError(f"nobody was told: {said}, a redirect", where, "use the address it leads to")
    return EngineError(f"nobody was told: {said}", where, "check the address and what it takes")


def _retry_after(text: str, now: datetime) -> float:
    """Seconds from now, of a Retry-After header in either of its forms (RFC 9110, section 10.2.3); 0 for neither."""
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def _unreachable(error: object, where: str) -> Exception:
    from ssl import SSLCertVerificationError

    if isinstance(error, SSLCertVerificationError):
        said = f"its certificate is not trusted: {error.verify_message}"
        return EngineError(f"nobody was told: {said}", where, "SSL_CERT_FILE names the authorities to trust")
    if isinstance(error, TimeoutError):
        return Again(f"no answer in {TIMEOUT} seconds")
    reason = getattr(error, "strerror", None) or type(error).__name__
    return Again(f"it cannot be reached: {str(reason).lower()}")
