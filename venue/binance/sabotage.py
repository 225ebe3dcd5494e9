"""What a request fault does: the request is executed or not, and the client is told the truth, a lie, or nothing."""

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from venue.binance.errors import WireError
from venue.binance.weights import banned, too_many_requests
from venue.faults import MAY_EXECUTE, Fault

if TYPE_CHECKING:
    from venue.binance.door import Answer, Visit

HANG_MS = 60_000
LATE_MS = 1_000
PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
BAD_GATEWAY, FORBIDDEN = PAGE.format("502 Bad Gateway"), PAGE.format("403 Forbidden")
UNKNOWN = "Unknown error, please check your request or try again later."
THROTTLED = "Server is currently overloaded with other requests. Please try again in a few minutes."
STATUS_UNKNOWN = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."


async def sabotage(visit: "Visit", fault: Fault) -> web.StreamResponse:
    match fault.kind:
        case "lose_response" | "timeout_after":
            visit.execute()
            return await go_silent(visit, 0.0 if fault.kind == "lose_response" else fault.delay_s(HANG_MS))
        case "timeout_before":
            return await go_silent(visit, fault.delay_s(HANG_MS))
        case "late_accept":
            asyncio.get_running_loop().call_later(fault.delay_s(LATE_MS), visit.execute)
            return told(visit, WireError(-1007, STATUS_UNKNOWN, 408))
        case "answer_twice" | "execute_twice" | "delay" | "slow_drip" | "stale_read":
            return await answer_strangely(visit, fault)
        case _:
            return answer_wrongly(visit, fault)


async def go_silent(visit: "Visit", seconds: float) -> web.StreamResponse:
    """No answer, and then no connection."""
    await asyncio.sleep(seconds)
    visit.done(None)
    if visit.request.transport is not None:
        visit.request.transport.abort()
    return web.Response(status=500)  # nobody is there to read it


def answer_wrongly(visit: "Visit", fault: Fault) -> web.StreamResponse:
    """An error is told; whether the request was executed is another matter."""
    if fault.executes and fault.kind in MAY_EXECUTE:
        visit.execute()
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
        case "status_unknown":
            return told(visit, WireError(-1007, STATUS_UNKNOWN, 408))
        case "clock_skew":
            return told(visit, WireError(-1021, "Timestamp for this request is outside of the recvWindow."))
        case "maintenance":
            return told(visit, WireError(-1016, "This service is no longer available.", 503))
        case _:
            return told(visit, WireError(fault.code, fault.msg, fault.status))


def told(visit: "Visit", error: WireError) -> web.StreamResponse:
    from venue.binance.door import refusal_answer

    answer = refusal_answer(error)
    answer.headers |= visit.headers()
    visit.done(answer)
    return answer.response()


def page(visit: "Visit", status: int, html: str) -> web.StreamResponse:
    from venue.binance.door import Answer

    answer = Answer(status=status, body=None, text=html, content_type="text/html")
    visit.done(answer)
    return answer.response()


async def answer_strangely(visit: "Visit", fault: Fault) -> web.StreamResponse:
    """The right answer in a wrong way."""
    from venue.binance.door import answer_honestly

    stale = visit.venue.remembered(visit.call) if fault.kind == "stale_read" else None
    if stale is not None:
        visit.done(None)
        return web.json_response(stale, headers=visit.headers())
    if fault.kind == "execute_twice":
        visit.execute()
    answer = await answer_honestly(visit)
    if fault.kind == "delay":
        await asyncio.sleep(fault.delay_s(LATE_MS))
    if fault.kind == "slow_drip":
        return await drip(visit, answer, fault.delay_s(LATE_MS))
    if fault.kind == "answer_twice":
        return await repeat(visit, answer)
    return answer.response()


async def drip(visit: "Visit", answer: "Answer", seconds: float) -> web.StreamResponse:
    """The body comes byte by byte, over `seconds`."""
    body = answer.encode()
    response = web.StreamResponse(status=answer.status, headers={**answer.headers, "Content-Type": "application/json"})
    response.content_length = len(body)
    await response.prepare(visit.request)
    pieces = [body[i : i + max(1, len(body) // 20)] for i in range(0, len(body), max(1, len(body) // 20))]
    for piece in pieces:
        await asyncio.sleep(seconds / len(pieces))
        await response.write(piece)
    await response.write_eof()
    return response


async def repeat(visit: "Visit", answer: "Answer") -> web.StreamResponse:
    """The same answer once more on the same connection, unasked."""
    response = answer.response()
    await response.prepare(visit.request)
    await response.write_eof()
    body, transport = answer.encode(), visit.request.transport
    if transport is not None:
        head = f"HTTP/1.1 {answer.status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        transport.write(head.encode() + body)
    return response
