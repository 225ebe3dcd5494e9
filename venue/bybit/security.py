"""Who is asking? Key, timestamp and signature in the headers of a request, or in the auth message of a socket."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from venue.bybit.errors import BybitError
from venue.core.account import Account
from venue.core.floor import Floor

DEFAULT_WINDOW_MS = 5000
AHEAD_MS = 1000
BAD_SIGN = "error sign! please check your signature generation algorithm"


def account_for(floor: Floor, key: str) -> Account:
    account = floor.account_by_key(key) if key else None
    if account is None:
        raise BybitError(10003, "API key is invalid.")
    return account


def check_signed(account: Account, headers: Mapping[str, str], payload: str, now_ms: int) -> None:
    """`payload` is the query string or the body, as it was sent. Time is looked at first, as Bybit does."""
    sent, window = headers.get("X-BAPI-TIMESTAMP", ""), headers.get("X-BAPI-RECV-WINDOW", "")
    check_time(sent, window, now_ms)
    given = headers.get("X-BAPI-SIGN", "").lower()
    head = f"{sent}{account.key}{window}"
    if not any(is_signature(account, head + text, given) for text in (payload, unquote(payload))):
        raise BybitError(10004, BAD_SIGN)


def check_time(sent: str, window: str, now_ms: int) -> None:
    """Not older than the window, not more than a second ahead."""
    if not (is_whole(sent) and is_whole(window or "0")):
        raise BybitError(10001, "params error: timestamp or recv_window invalid")
    allowed = int(window) if window else DEFAULT_WINDOW_MS
    if not now_ms - allowed <= int(sent) < now_ms + AHEAD_MS:
        text = "invalid request, please check your server timestamp or recv_window param. "
        raise BybitError(10002, f"{text}req_timestamp[{sent}],server_timestamp[{now_ms}],recv_window[{allowed}]")


def is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20


def is_signature(account: Account, payload: str, given: str) -> bool:
    right = hmac.new(account.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(right.encode(), given.encode())


def account_of_socket(floor: Floor, args: Sequence[object], now_ms: int) -> Account:
    """{"op": "auth", "args": [key, expires, signature of "GET/realtime" + expires]}."""
    if len(args) != 3:
        raise BybitError(10001, "Params Error")
    key, expires, signature = (str(a) for a in args)
    account = account_for(floor, key)
    if not is_whole(expires) or int(expires) <= now_ms:
        raise BybitError(10004, "Request expired, or invalid expires")
    if not is_signature(account, f"GET/realtime{expires}", signature.lower()):
        raise BybitError(10004, BAD_SIGN)
    return account
