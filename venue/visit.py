"""One request on its way through a dialect's door: whom a fault could hit, what the truth log is told, the answer."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web

from venue.answers import Answer
from venue.asking import Asking
from venue.faults import REQUEST_KINDS, Fault, Target
from venue.hub import Hub

if TYPE_CHECKING:
    from venue.venue import Venue

OneVisit = TypeVar("OneVisit", bound="Visit")


@dataclass(slots=True, kw_only=True)
class Visit(ABC):
    venue: "Venue"
    request: web.Request
    call: Asking
    number: int

    @property
    @abstractmethod
    def client_id(self) -> str:
        """The client's own name of the order in question; empty when there is none."""

    @property
    @abstractmethod
    def hub(self) -> Hub:
        """Where this dialect's customers listen."""

    @property
    @abstractmethod
    def is_signed(self) -> bool: ...

    @property
    @abstractmethod
    def is_order_entry(self) -> bool: ...

    @abstractmethod
    def headers(self) -> dict[str, str]: ...

    @abstractmethod
    def execute(self) -> Answer:
        """Does what was asked, for good; refusals become answers."""

    @abstractmethod
    def code_of(self, answer: Answer) -> int | None:
        """The code of a refusal; None when all is well or it has none."""

    @property
    def symbol(self) -> str:
        """In the venue's own words."""
        return self.call.params.get("symbol", "")

    @property
    def account_name(self) -> str:
        account = self.call.account_or_none or self.venue.floor.account_by_key(self.call.key)
        return account.name if account else ""

    def target(self) -> Target:
        return Target(
            endpoint=self.call.path,
            method=self.call.method,
            symbol=self.symbol,
            client_id=self.client_id,
            account=self.account_name,
        )

    def tell(self, kind: str, **facts: object) -> None:
        self.venue.truth.tell(
            kind,
            request=self.number,
            account=self.account_name,
            method=self.call.method,
            path=self.call.path,
            symbol=self.symbol,
            client_order_id=self.client_id,
            **facts,
        )

    def received(self) -> None:
        if self.is_order_entry:
            self.tell("order.received")

    def refused(self, code: int, text: str) -> None:
        if self.is_order_entry:
            self.tell("order.refused", code=code, msg=text)

    def done(self, answer: Answer | None) -> None:
        """Signed requests are worth a line: what the client was told (nothing, when the answer was lost)."""
        if self.is_signed:
            told = None if answer is None else answer.status
            self.tell("request", status=told, code=None if answer is None else self.code_of(answer))

    def stale(self) -> Answer | None:
        """What the same question was answered last time."""
        body = self.venue.remembered(self.call)
        return None if body is None else Answer(status=200, body=body, headers=self.headers())

    async def honestly(self) -> Answer:
        """Executes, waits until the account's events are on their way, and answers."""
        answer = self.execute()
        if self.call.account_or_none is not None:
            await self.hub.flush_user(self.call.account.name)
        answer.headers |= self.headers()
        self.done(answer)
        if not self.code_of(answer):
            self.venue.remember(self.call, answer.body, answer.status)
        return answer


async def answer_visit(
    visit: OneVisit, sabotage: Callable[[OneVisit, Fault], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Honestly, unless a fault is meant for it."""
    fault = visit.venue.faults.meet(REQUEST_KINDS, visit.target()) if visit.venue.faults.active else None
    if fault is not None:
        return await sabotage(visit, fault)
    return (await visit.honestly()).response()


def refuse_visit(visit: Visit, answer: Answer) -> web.StreamResponse:
    """It does not come past the door."""
    answer.headers |= visit.headers()
    visit.done(answer)
    return answer.response()
