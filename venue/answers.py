"""Answers over HTTP, and the ways of giving none or a strange one. No dialect: what is said comes from a visit."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from venue.faults import MAY_EXECUTE, Fault
from venue.nonsense import nonsense

LATE_MS = 1_000
HANG_MS = 60_000
PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
BAD_GATEWAY, FORBIDDEN = PAGE.format("502 Bad Gateway"), PAGE.format("403 Forbidden")
STRANGE = ("answer_twice", "execute_twice", "delay", "slow_drip", "stale_read", "nonsense")


@dataclass(slots=True, kw_only=True)
class Answer:
    """What goes back: a status and a JSON body, or raw text."""

    status: int
    body: object
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    content_type: str = "application/json"

    def encode(self) -> bytes:
        return (json.dumps(self.body, separators=(",", ":")) if self.text is None else self.text).encode()

    def response(self) -> web.Response:
        return web.Response(
            status=self.status, body=self.encode(), content_type=self.content_type, headers=self.headers
        )


class Visitor(Protocol):
    """One request on its way through a dialect's door."""

    request: web.Request

    def execute(self) -> Answer:
        """Does what was asked, for good."""
        ...

    async def honestly(self) -> Answer:
        """Executes, and tells the truth once the account's events are on their way."""
        ...

    def stale(self) -> Answer | None:
        """What the same question was answered last time."""
        ...

    def done(self, answer: Answer | None) -> None: ...


async def misbehave(
    visit: Visitor, fault: Fault, answer_wrongly: Callable[[], web.StreamResponse]
) -> web.StreamResponse:
    """What a request fault does; an error is told in the dialect's words, executed or not is another matter."""
    if fault.kind in ("lose_response", "timeout_after", "timeout_before"):
        return await lose(visit, fault)
    if fault.kind in STRANGE:
        return await answer_strangely(visit, fault)
    if fault.kind == "late_accept":
        asyncio.get_running_loop().call_later(fault.delay_s(LATE_MS), visit.execute)
    if fault.executes and fault.kind in MAY_EXECUTE:
        visit.execute()
    return answer_wrongly()


async def go_silent(visit: Visitor, seconds: float) -> web.StreamResponse:
    """No answer, and then no connection."""
    await asyncio.sleep(seconds)
    visit.done(None)
    if visit.request.transport is not None:
        visit.request.transport.abort()
    return web.Response(status=500)  # nobody is there to read it


async def lose(visit: Visitor, fault: Fault) -> web.StreamResponse:
    """Executed (or not, `timeout_before`), and nobody is told."""
    if fault.kind != "timeout_before":
        visit.execute()
    return await go_silent(visit, 0.0 if fault.kind == "lose_response" else fault.delay_s(HANG_MS))


def page(visit: Visitor, status: int, html: str) -> web.StreamResponse:
    answer = Answer(status=status, body=None, text=html, content_type="text/html")
    visit.done(answer)
    return answer.response()


async def answer_strangely(visit: Visitor, fault: Fault) -> web.StreamResponse:
    """The right answer in a wrong way."""
    stale = visit.stale() if fault.kind == "stale_read" else None
    if stale is not None:
        visit.done(None)
        return stale.response()
    if fault.kind == "execute_twice":
        visit.execute()
    answer = await visit.honestly()
    if fault.kind == "nonsense":
        answer.body = nonsense(answer.body, fault.way_now())
    if fault.kind == "delay":
        await asyncio.sleep(fault.delay_s(LATE_MS))
    if fault.kind == "slow_drip":
        return await drip(visit, answer, fault.delay_s(LATE_MS))
    if fault.kind == "answer_twice":
        return await repeat(visit, answer)
    return answer.response()


async def drip(visit: Visitor, answer: Answer, seconds: float) -> web.StreamResponse:
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


async def repeat(visit: Visitor, answer: Answer) -> web.StreamResponse:
    """The same answer once more on the same connection, unasked."""
    response = answer.response()
    await response.prepare(visit.request)
    await response.write_eof()
    body, transport = answer.encode(), visit.request.transport
    if transport is not None:
        head = f"HTTP/1.1 {answer.status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        transport.write(head.encode() + body)
    return response
