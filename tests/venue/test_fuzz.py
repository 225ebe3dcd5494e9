"""Nonsense of every kind is answered, never a crash."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from venue.binance.call import Call
from venue.binance.errors import WireError, from_refusal
from venue.binance.routes import ROUTES
from venue.binance.sockets import answer_message
from venue.build import build
from venue.core.refusal import Reason, Refused
from venue.hub import Client
from venue.settings import read_settings

VENUE = build(read_settings(["--history", "20"]))
NAMES = (
    *("symbol", "side", "type", "quantity", "price", "timeInForce", "newClientOrderId", "reduceOnly", "positionSide"),
    *("orderId", "origClientOrderId", "limit", "startTime", "endTime", "interval", "leverage", "marginType"),
    *("dualSidePosition", "batchOrders", "algoType", "triggerPrice", "callbackRate", "activatePrice", "closePosition"),
    *("algoId", "clientAlgoId", "workingType", "countdownTime", "newOrderRespType", "orderIdList", "amount"),
)
VALUES = st.one_of(
    st.sampled_from(
        [
            "BTCUSDT",
            "BUY",
            "SELL",
            "LIMIT",
            "MARKET",
            "STOP_MARKET",
            "TRAILING_STOP_MARKET",
            "CONDITIONAL",
            "GTC",
            "GTX",
        ]
    ),
    st.sampled_from(
        ["0.01", "1", "60000", "0", "-1", "1e400", "NaN", "Infinity", "true", "false", "1m", "5m", "RESULT"]
    ),
    st.sampled_from(["[1,2]", '[{"symbol":"BTCUSDT","side":"BUY"}]', "[" * 500, "９", "\x00", "1.2.3", "9" * 40]),
    st.text(max_size=12),
)
REQUESTS = st.tuples(
    st.sampled_from(sorted(ROUTES)), st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=9), st.booleans()
)


@settings(max_examples=400, deadline=None)
@given(REQUESTS)
def test_any_parameters_get_an_answer_that_can_be_sent(asked):
    (method, path), params, is_symbol_right = asked
    if is_symbol_right:
        params = {**params, "symbol": "BTCUSDT"}
    account = VENUE.floor.accounts["account-1"]
    call = Call(venue=VENUE, method=method, path=path, params=params, account_or_none=account, key=account.key)

    try:
        answer = ROUTES[(method, path)].handler(call)
    except WireError as error:
        answer = error.body()
    except Refused as refusal:
        answer = from_refusal(refusal).body()

    json.dumps(answer)


def test_every_refusal_of_the_core_has_words():
    for reason in Reason:
        assert from_refusal(Refused(reason, limit=1, least=1, leverage=1)).code < 0


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.text(max_size=40),
        st.binary(max_size=40),
        st.fixed_dictionaries(
            {},
            optional={
                "method": st.sampled_from(["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "?", 5]),
                "params": st.one_of(st.lists(st.one_of(st.text(max_size=9), st.integers())), st.none(), st.integers()),
                "id": st.one_of(st.integers(), st.text(max_size=4), st.none(), st.lists(st.integers())),
            },
        ).map(json.dumps),
    )
)
def test_any_message_on_a_socket_gets_an_answer(data):
    client = Client(client_id=1, socket=None, transport=None, path="/ws", is_wrapped=False)

    answer = answer_message(VENUE, client, data)

    assert ("error" in answer) or ("result" in answer)
    json.dumps(answer)
