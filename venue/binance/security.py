"""Who is asking? API key, timestamp and signature, refused as Binance refuses them."""

import hashlib
import hmac
from enum import Enum, auto

from venue.binance.errors import WireError, missing
from venue.core.account import Account
from venue.core.floor import Floor

DEFAULT_WINDOW_MS = 5000
LARGEST_WINDOW_MS = 60_000
AHEAD_MS = 1000


class Security(Enum):
    NONE = auto()
    KEY = auto()
    SIGNED = auto()


def account_for(floor: Floor, key: str | None) -> Account:
    """Whose key this is."""
    if not key:
        raise WireError(-2014, "API-key format invalid.", status=401)
    account = floor.account_by_key(key)
    if account is None:
        raise WireError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
    return account


def check_signed(account: Account, params: dict[str, str], payload: str, now_ms: int) -> None:
    """`payload` is query string and body as they were sent, joined without a sign between them."""
    check_time(params, now_ms)
    check_signature(account, params, payload)


def check_time(params: dict[str, str], now_ms: int) -> None:
    sent, window = params.get("timestamp", ""), params.get("recvWindow") or str(DEFAULT_WINDOW_MS)
    if not (sent.isascii() and sent.isdigit() and len(sent) < 20):
        raise missing("timestamp")
    if not (window.isascii() and window.isdigit() and len(window) < 20):
        raise missing("recvWindow")
    if int(window) > LARGEST_WINDOW_MS:
        raise WireError(-1131, "recvWindow must be less than 60000")
    if int(sent) > now_ms + AHEAD_MS:
        raise WireError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if int(sent) < now_ms - int(window):
        raise WireError(-1021, "Timestamp for this request is outside of the recvWindow.")


def check_signature(account: Account, params: dict[str, str], payload: str) -> None:
    given = params.get("signature")
    if not given:
        raise missing("signature")
    if not hmac.compare_digest(sign(account.secret, unsigned(payload)).encode(), given.lower().encode()):
        raise WireError(-1022, "Signature for this request is not valid.")


def unsigned(payload: str) -> str:
    """The payload without its signature, wherever it stands."""
    head, found, tail = payload.partition("signature=")
    if not found:
        return payload
    rest = tail.partition("&")[2]
    return head + rest if rest else head.removesuffix("&")


def sign(secret: str, payload: str) -> str:
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
