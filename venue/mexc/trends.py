"""Which price a conditional order looks at: 1 the last, 2 the fair (mark) price, 3 the index, here the last."""

from venue.core.orders import WorkingType
from venue.mexc.call import Call
from venue.mexc.errors import MexcError

WORKING_TYPES = {"1": WorkingType.CONTRACT_PRICE, "2": WorkingType.MARK_PRICE, "3": WorkingType.CONTRACT_PRICE}


def read_trend(call: Call, name: str) -> WorkingType:
    value = call.maybe(name) or "1"
    if value not in WORKING_TYPES:
        raise MexcError(3001, "Trigger price type error")
    return WORKING_TYPES[value]
