"""One request on its way through MEXC's door: HTTP 200, success or a code."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from venue.answers import Answer
from venue.coded_visit import CodedVisit
from venue.core.refusal import Refused
from venue.hub import Hub
from venue.mexc.call import Call
from venue.mexc.contracts import venue_symbol
from venue.mexc.errors import MexcError, failure, from_refusal, success
from venue.mexc.routes import Endpoint

if TYPE_CHECKING:
    from venue.venue import Venue


@dataclass(slots=True, kw_only=True)
class Visit(CodedVisit):
    """One request on its way through."""

    CODE: ClassVar[str] = "code"
    TEXT: ClassVar[str] = "message"

    call: Call
    endpoint: Endpoint

    @property
    def client_id(self) -> str:
        return self.call.params.get("externalOid", "")

    @property
    def symbol(self) -> str:
        """As the venue calls it, so that a fault aims at one instrument whatever the dialect."""
        named = self.call.params.get("symbol", "")
        return venue_symbol(named) if named else ""

    @property
    def hub(self) -> Hub:
        return self.venue.mexc.hub

    def perform(self) -> Answer:
        return perform(self.venue, self.call, self.endpoint)

    def headers(self) -> dict[str, str]:
        return {}


def perform(venue: "Venue", call: Call, endpoint: Endpoint) -> Answer:
    """The handler's answer in its envelope; what it did is kept."""
    try:
        return Answer(status=200, body=success(endpoint.handler(call)))
    except MexcError as error:
        return refusal_answer(error)
    except Refused as refusal:
        return refusal_answer(from_refusal(refusal))
    finally:
        if call.method != "GET":
            venue.commit(call.account_or_none)


def refusal_answer(error: MexcError) -> Answer:
    return Answer(status=error.status, body=failure(error.code, error.text))
