"""Who is asking? Key, time and signature in the headers of a request, or in the login message of a socket."""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import unquote

from venue.core.account import Account
from venue.core.floor import Floor
from venue.mexc.errors import MexcError

DEFAULT_WINDOW_S, LARGEST_WINDOW_S = 10, 60
NOT_LOGGED_IN = "Not logged in or login has expired"
LATE = "Invalid request, the request time is outside of the time window"


def account_for(floor: Floor, key: str) -> Account:
    account = floor.account_by_key(key) if key else None
    if account is None:
        raise MexcError(401, NOT_LOGGED_IN)
    return account


def check_signed(account: Account, headers: Mapping[str, str], payload: str, now_ms: int) -> None:
    """`payload` is the query string or the body, as it was sent; signed are key, time and payload, in this order.

    A query is signed in the order of its names, in whichever order it is sent.
    """
    sent = headers.get("Request-Time", "")
    check_time(sent, headers.get("Recv-Window", ""), now_ms)
    given, head = headers.get("Signature", "").lower(), f"{account.key}{sent}"
    texts = {payload, "&".join(sorted(payload.split("&")))}
    if not any(is_signature(account, head + text, given) for text in texts | {unquote(text) for text in texts}):
        raise MexcError(602, "Signature verification failed!")


def check_time(sent: str, window: str, now_ms: int) -> None:
    """At most the window (seconds) away, on either side."""
    if not is_whole(sent) or not is_whole(window or "0"):
        raise MexcError(513, LATE)
    allowed_s = min(int(window), LARGEST_WINDOW_S) if window else DEFAULT_WINDOW_S
    if abs(now_ms - int(sent)) > allowed_s * 1000:
        raise MexcError(513, LATE)


def is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def is_signature(account: Account, text: str, given: str) -> bool:
    expected = hmac.new(account.secret.encode(), text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def account_of_login(floor: Floor, param: Mapping[str, object], now_ms: int) -> Account:
    """The account of a login message; a socket signs key and time. Raises MexcError."""
    account = account_for(floor, str(param.get("apiKey", "")))
    sent = str(param.get("reqTime", ""))
    check_time(sent, "", now_ms)
    if not is_signature(account, account.key + sent, str(param.get("signature", "")).lower()):
        raise MexcError(602, "Signature verification failed!")
    return account
