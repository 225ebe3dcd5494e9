"""One request on its way through Bybit's door: HTTP 200, and a retCode."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from venue.answers import Answer
from venue.bybit.call import CATEGORY, Call
from venue.bybit.errors import BybitError, JsonObject, envelope, from_refusal
from venue.bybit.routes import Endpoint
from venue.coded_visit import CodedVisit
from venue.core.refusal import Refused
from venue.hub import Hub

if TYPE_CHECKING:
    from venue.venue import Venue

NEEDS_CATEGORY = re.compile(r"/v5/(order/(?!disconnected)|position/|execution/)")


@dataclass(slots=True, kw_only=True)
class Visit(CodedVisit):
    """One request on its way through."""

    CODE: ClassVar[str] = "retCode"
    TEXT: ClassVar[str] = "retMsg"

    call: Call
    endpoint: Endpoint

    @property
    def client_id(self) -> str:
        return self.call.params.get("orderLinkId", "")

    @property
    def hub(self) -> Hub:
        return self.venue.bybit.hub

    def perform(self) -> Answer:
        return perform(self.venue, self.call, self.endpoint)

    def headers(self) -> dict[str, str]:
        """What is left of the account's requests in this second."""
        account = self.call.account_or_none
        if account is None:
            return {}
        now = self.venue.clock.now_ms()
        return self.venue.bybit.limits.headers(account.name, self.call.path, self.endpoint.per_second, now)


def perform(venue: "Venue", call: Call, endpoint: Endpoint) -> Answer:
    """The handler's answer in its envelope; what it did is kept."""
    now = venue.clock.now_ms()
    try:
        result = answer_of(call, endpoint)
    except BybitError as error:
        return refusal_answer(error, now)
    except Refused as refusal:
        return refusal_answer(from_refusal(refusal), now)
    finally:
        if call.method != "GET":
            venue.commit(call.account_or_none)
    extra = result.pop("retExtInfo", {})
    return Answer(status=200, body={**envelope(result, now), "retExtInfo": extra})


def answer_of(call: Call, endpoint: Endpoint) -> JsonObject:
    """Only linear contracts are here: of the others there are none."""
    category = call.params.get("category", "" if NEEDS_CATEGORY.match(call.path) else CATEGORY)
    if category == CATEGORY:
        return endpoint.handler(call)
    if call.method == "GET" and category in ("spot", "inverse", "option"):
        return {"category": category, "list": [], "nextPageCursor": ""}
    raise BybitError(10001, "Illegal category")


def refusal_answer(error: BybitError, now_ms: int) -> Answer:
    return Answer(status=error.status, body=envelope({}, now_ms, error.code, error.text))
