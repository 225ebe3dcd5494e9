"""A visit in a dialect that says no with HTTP 200 and a code in the body; 0 is yes."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from aiohttp import web

from venue.answers import BAD_GATEWAY, FORBIDDEN, PAGE, Answer, page
from venue.faults import Fault
from venue.visit import Visit

PAGES = {
    "bad_gateway": (502, BAD_GATEWAY),
    "forbidden": (403, FORBIDDEN),
    "unknown_503": (503, PAGE.format("503 Service Temporarily Unavailable")),
}
PLAIN_STATUS = 400  # of a fault that says nothing of its status: these dialects' errors come with 200


class Endpoint(Protocol):
    @property
    def is_signed(self) -> bool: ...

    @property
    def is_order_entry(self) -> bool: ...


@dataclass(slots=True, kw_only=True)
class CodedVisit(Visit):
    CODE: ClassVar[str]  # the field of the body that holds the code
    TEXT: ClassVar[str]

    endpoint: Endpoint
    payload: str

    @abstractmethod
    def perform(self) -> Answer:
        """The handler's answer in its envelope; what it did is kept."""

    @property
    def is_signed(self) -> bool:
        return self.endpoint.is_signed

    @property
    def is_order_entry(self) -> bool:
        return self.endpoint.is_order_entry

    def execute(self) -> Answer:
        answer = self.perform()
        if self.code_of(answer):
            self.refused(self.code_of(answer), self._text_of(answer))
        return answer

    def code_of(self, answer: Answer) -> int:
        code = answer.body.get(self.CODE, 0) if isinstance(answer.body, dict) else 0
        assert isinstance(code, int), f"a {self.CODE} is a number, not {code!r}"
        return code

    def _text_of(self, answer: Answer) -> str:
        return str(answer.body.get(self.TEXT, "")) if isinstance(answer.body, dict) else ""


def answer_wrongly(visit: Visit, fault: Fault, say: Callable[[Fault], Answer]) -> web.StreamResponse:
    """A page of some proxy, or what the dialect would `say`."""
    if fault.kind in PAGES:
        return page(visit, *PAGES[fault.kind])
    answer = say(fault)
    answer.headers |= visit.headers() | answer.headers
    visit.done(answer)
    return answer.response()


def status_of(fault: Fault) -> int:
    """Of an error whose code a fault names."""
    return 200 if fault.status == PLAIN_STATUS else fault.status
