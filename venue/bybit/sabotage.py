"""What a request fault does in Bybit's words: executed or not, and the client is told the truth, a lie, or nothing."""

from aiohttp import web

from venue.answers import Answer, misbehave
from venue.bybit.errors import BybitError
from venue.bybit.limits import TOO_MANY, TOO_OFTEN
from venue.bybit.visit import Visit, refusal_answer
from venue.coded_visit import answer_wrongly, status_of
from venue.faults import Fault

TIMEOUT = (10000, "Server Timeout")
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


async def sabotage(visit: Visit, fault: Fault) -> web.StreamResponse:
    return await misbehave(visit, fault, lambda: answer_wrongly(visit, fault, lambda fault: told(visit, fault)))


def told(visit: Visit, fault: Fault) -> Answer:
    """An account that asks too often has nothing left of this second."""
    error = ERRORS.get(fault.kind) or own_error(fault)
    answer = refusal_answer(error, visit.venue.clock.now_ms())
    if error.code == ERRORS["rate_limit"].code:
        answer.headers["X-Bapi-Limit-Status"] = "0"
    return answer


def own_error(fault: Fault) -> BybitError:
    return BybitError(fault.code, fault.msg, status_of(fault))
