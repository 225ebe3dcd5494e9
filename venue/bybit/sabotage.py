"""What a request fault does in Bybit's words: executed or not, and the client is told the truth, a lie, or nothing."""

from typing import TYPE_CHECKING

from aiohttp import web

from venue.answers import BAD_GATEWAY, FORBIDDEN, PAGE, misbehave, page
from venue.bybit.errors import BybitError
from venue.bybit.limits import TOO_MANY, TOO_OFTEN
from venue.faults import Fault

if TYPE_CHECKING:
    from venue.bybit.door import Visit

TIMEOUT = (10000, "Server Timeout")
DEFAULT_STATUS = 400  # of a fault that says nothing of its status: Bybit's errors come with 200
ERRORS = {
    "rate_limit": BybitError(10006, TOO_MANY),
    "ban": BybitError(10018, TOO_OFTEN, status=403),
    "server_error": BybitError(10016, "Server error."),
    "throttled_503": BybitError(10429, "System level frequency protection"),
    "status_unknown": BybitError(*TIMEOUT),
    "late_accept": BybitError(*TIMEOUT),
    "clock_skew": BybitError(10002, "invalid request, please check your server timestamp or recv_window param."),
    "maintenance": BybitError(10016, "System maintenance. Please try again later.", status=503),
}
PAGES = {
    "bad_gateway": (502, BAD_GATEWAY),
    "forbidden": (403, FORBIDDEN),
    "unknown_503": (503, PAGE.format("503 Service Temporarily Unavailable")),
}


async def sabotage(visit: "Visit", fault: Fault) -> web.StreamResponse:
    return await misbehave(visit, fault, lambda: answer_wrongly(visit, fault))


def answer_wrongly(visit: "Visit", fault: Fault) -> web.StreamResponse:
    if fault.kind in PAGES:
        return page(visit, *PAGES[fault.kind])
    return told(visit, ERRORS.get(fault.kind) or own_error(fault))


def own_error(fault: Fault) -> BybitError:
    return BybitError(fault.code, fault.msg, 200 if fault.status == DEFAULT_STATUS else fault.status)


def told(visit: "Visit", error: BybitError) -> web.StreamResponse:
    from venue.bybit.door import refusal_answer

    answer = refusal_answer(error, visit.venue.clock.now_ms())
    answer.headers |= visit.headers()
    if error.code == ERRORS["rate_limit"].code:
        answer.headers |= {"X-Bapi-Limit-Status": "0"}
    visit.done(answer)
    return answer.response()
