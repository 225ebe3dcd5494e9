"""As much of MEXC's spot interface as a client asks for before it trades futures: there are no spot markets here."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import web

from venue.answers import Answer
from venue.core.account import Account
from venue.mexc.security import is_signature, is_whole

if TYPE_CHECKING:
    from venue.venue import Venue

LARGEST_WINDOW_MS = 60_000


class SpotError(Exception):
    """Spot says no in its own way: HTTP 400, `code`, `msg`."""

    def __init__(self, code: int, text: str, status: int = 400) -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text, self.status = code, text, status


def serve_spot(venue: "Venue", request: web.Request) -> web.StreamResponse:
    try:
        return Answer(status=200, body=answer(venue, request)).response()
    except SpotError as error:
        return Answer(status=error.status, body={"code": error.code, "msg": error.text}).response()


def answer(venue: "Venue", request: web.Request) -> object:
    now = venue.clock.now_ms()
    match (request.method, request.path):
        case ("GET", "/api/v3/ping"):
            return {}
        case ("GET", "/api/v3/time"):
            return {"serverTime": now}
        case ("GET", "/api/v3/exchangeInfo"):
            return {"timezone": "UTC", "serverTime": now, "rateLimits": [], "exchangeFilters": [], "symbols": []}
        case ("GET", "/api/v3/capital/config/getall"):
            check_signed(venue, request, now)
            return [{"coin": "USDT", "name": "Tether", "networkList": []}]
        case _:
            raise SpotError(404, "Not Found", 404)


def check_signed(venue: "Venue", request: web.Request, now_ms: int) -> None:
    """The query string without its last part, the signature, is what was signed. Raises SpotError."""
    account: Account | None = venue.floor.account_by_key(request.headers.get("X-MEXC-APIKEY", ""))
    if account is None:
        raise SpotError(10072, "Api key info invalid")
    query, _, signature = request.rel_url.raw_query_string.rpartition("&signature=")
    sent = dict(parse_qsl(query))
    check_time(sent.get("timestamp", ""), sent.get("recvWindow", "5000"), now_ms)
    if not is_signature(account, query, signature):
        raise SpotError(700002, "Signature for this request is not valid.")


def check_time(sent: str, window: str, now_ms: int) -> None:
    if not (is_whole(sent) and is_whole(window)):
        raise SpotError(700004, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.")
    if int(window) > LARGEST_WINDOW_MS:
        raise SpotError(700005, "recvWindow must less than 60000")
    if abs(now_ms - int(sent)) > int(window):
        raise SpotError(700003, "Timestamp for this request is outside of the recvWindow.")
