"""What a request fault does in MEXC's words: executed or not, and the client is told the truth, a lie, or nothing."""

from aiohttp import web

from venue.answers import Answer, misbehave
from venue.coded_visit import answer_wrongly, status_of
from venue.faults import Fault
from venue.mexc.errors import MexcError
from venue.mexc.limits import TOO_OFTEN
from venue.mexc.security import LATE
from venue.mexc.visit import Visit, refusal_answer

TIMEOUT = MexcError(504, "Gateway Time-out")
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


async def sabotage(visit: Visit, fault: Fault) -> web.StreamResponse:
    return await misbehave(visit, fault, lambda: answer_wrongly(visit, fault, told))


def told(fault: Fault) -> Answer:
    return refusal_answer(ERRORS.get(fault.kind) or own_error(fault))


def own_error(fault: Fault) -> MexcError:
    return MexcError(fault.code, fault.msg, status_of(fault))
