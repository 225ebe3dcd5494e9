"""What a request fault does: the request is executed or not, and the client is told the truth, a lie, or nothing."""

from aiohttp import web

from venue.answers import BAD_GATEWAY, FORBIDDEN, misbehave, page
from venue.binance.errors import WireError
from venue.binance.visit import Visit, refusal_answer
from venue.binance.weights import banned, too_many_requests
from venue.faults import Fault
from venue.visit import refuse_visit

UNKNOWN = "Unknown error, please check your request or try again later."
THROTTLED = "Server is currently overloaded with other requests. Please try again in a few minutes."
STATUS_UNKNOWN = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."


async def sabotage(visit: Visit, fault: Fault) -> web.StreamResponse:
    return await misbehave(visit, fault, lambda: answer_wrongly(visit, fault))


def answer_wrongly(visit: Visit, fault: Fault) -> web.StreamResponse:
    now = visit.venue.clock.now_ms()
    match fault.kind:
        case "rate_limit":
            return told(visit, too_many_requests(visit.venue.limits.weight_limit or 2400, 5))
        case "ban":
            return told(visit, banned(now + int(fault.delay_s(120_000) * 1000), now))
        case "server_error":
            return told(
                visit, WireError(-1001, "Internal error; unable to process your request. Please try again.", 500)
            )
        case "bad_gateway":
            return page(visit, 502, BAD_GATEWAY)
        case "forbidden":
            return page(visit, 403, FORBIDDEN)
        case "unknown_503":
            return told(visit, WireError(-1000, UNKNOWN, 503))
        case "throttled_503":
            return told(visit, WireError(-1008, THROTTLED, 503))
        case "status_unknown" | "late_accept":
            return told(visit, WireError(-1007, STATUS_UNKNOWN, 408))
        case "clock_skew":
            return told(visit, WireError(-1021, "Timestamp for this request is outside of the recvWindow."))
        case "maintenance":
            return told(visit, WireError(-1016, "This service is no longer available.", 503))
        case _:
            return told(visit, WireError(fault.code, fault.msg, fault.status))


def told(visit: Visit, error: WireError) -> web.StreamResponse:
    return refuse_visit(visit, refusal_answer(error))
