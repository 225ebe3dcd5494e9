"""Several orders in one request; each has its own answer, good or bad."""

import json
from dataclasses import replace

from venue.asking import as_text
from venue.bybit.call import Call
from venue.bybit.errors import BybitError, JsonObject, from_refusal, invalid
from venue.bybit.orders import amend_one, cancel_one, create
from venue.core.refusal import Refused

MOST_IN_BATCH = 20
VERBS = {"create-batch": create, "amend-batch": amend_one, "cancel-batch": cancel_one}


def batch(call: Call) -> JsonObject:
    """The codes go to retExtInfo, where the door puts them."""
    one = VERBS[call.path.rpartition("/")[2]]
    results: list[object] = []
    codes: list[object] = []
    for params in read_batch(call):
        own = replace(call, params={"category": call.params.get("category", ""), **params})
        answer: JsonObject = {"orderId": "", "orderLinkId": params.get("orderLinkId", "")}
        code: JsonObject = {"code": 0, "msg": "OK"}
        try:
            answer = one(own)
        except Refused as refusal:
            error = from_refusal(refusal)
            code = {"code": error.code, "msg": error.text}
        except BybitError as error:
            code = {"code": error.code, "msg": error.text}
        results.append({"category": "linear", "symbol": params.get("symbol", ""), **answer})
        codes.append(code)
    return {"list": results, "retExtInfo": {"list": codes}}


def read_batch(call: Call) -> list[dict[str, str]]:
    try:
        rows = json.loads(call.text("request"))
    except (ValueError, RecursionError):
        raise invalid("request") from None
    if not isinstance(rows, list) or not rows or not all(isinstance(r, dict) for r in rows):
        raise invalid("request")
    if len(rows) > MOST_IN_BATCH:
        raise BybitError(10001, "The number of orders in the request exceeds 20")
    return [{str(k): as_text(v) for k, v in row.items()} for row in rows]
