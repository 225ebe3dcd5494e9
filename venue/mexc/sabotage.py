"""What a request fault does in MEXC's words: executed or not, and the client is told the truth, a lie, or nothing."""

from typing import TYPE_CHECKING

from aiohttp import web

from venue.answers import BAD_GATEWAY, FORBIDDEN, PAGE, Answer, misbehave, page
from venue.faults import Fault
from venue.mexc.errors import MexcError, failure
from venue.mexc.limits import TOO_OFTEN
from venue.mexc.security import LATE

if TYPE_CHECKING:
    from venue.mexc.door import Visit

TIMEOUT = MexcError(504, "Gateway Time-out")
DEFAULT_STATUS = 400  # of a fault that says nothing of its status: MEXC's errors come with 200
ERRORS = {
    "rate_limit": MexcError(510, TOO_OFTEN),
    "ban": MexcError(403, "Access Denied", status=403),
    "server_error": MexcError(500, "Internal error"),
    "throttled_503": MexcError(501, "System busy, please try again later"),
    "status_unknown": TIMEOUT,
    "late_accept": TIMEOUT,
    "clock_skew": MexcError(513, LATE),
    "maintenance": MexcError(801, "System under maintenance, please try again later", status=503),
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
    error = ERRORS.get(fault.kind) or own_error(fault)
    answer = Answer(status=error.status, body=failure(error.code, error.text))
    visit.done(answer)
    return answer.response()


def own_error(fault: Fault) -> MexcError:
    return MexcError(fault.code, fault.msg, 200 if fault.status == DEFAULT_STATUS else fault.status)
