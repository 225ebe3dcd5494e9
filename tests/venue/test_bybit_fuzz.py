"""Bybit's face: nonsense is answered, every refusal has a code, ids and numbers mean what they say."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venue.build import build
from venue.bybit.call import Call
from venue.bybit.entries import by_id, entry_of_order, id_text
from venue.bybit.errors import REFUSALS, BybitError
from venue.bybit.render import plain
from venue.bybit.routes import ROUTES
from venue.bybit.security import check_time
from venue.bybit.sockets import Guest, answer_message
from venue.bybit.visit import perform
from venue.core.refusal import Reason
from venue.hub import Client
from venue.settings import read_settings

VENUE = build(read_settings(["--history", "20"]))
ACCOUNT = VENUE.floor.accounts["account-1"]
NAMES = (
    *("symbol", "side", "orderType", "qty", "price", "timeInForce", "orderLinkId", "reduceOnly", "positionIdx"),
    *("orderId", "limit", "cursor", "startTime", "endTime", "interval", "buyLeverage", "sellLeverage", "mode"),
    *("triggerPrice", "triggerDirection", "triggerBy", "takeProfit", "stopLoss", "tpslMode", "settleCoin", "request"),
    *("tradeMode", "timeWindow", "accountType", "openOnly", "orderFilter", "execType", "category", "setMarginMode"),
)
VALUES = st.one_of(
    st.sampled_from(
        ["BTCUSDT", "Buy", "Sell", "Limit", "Market", "GTC", "PostOnly", "FOK", "linear", "USDT", "UNIFIED"]
    ),
    st.sampled_from(["0.01", "1", "2", "3", "60000", "0", "-1", "1e400", "NaN", "true", "false", "D", "StopOrder"]),
    st.sampled_from(["[1,2]", '[{"symbol":"BTCUSDT","side":"Buy"}]', "[" * 500, "９", "\x00", "1.2.3", "9" * 40]),
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
        params = {**params, "symbol": "BTCUSDT", "category": "linear"}
    call = Call(venue=VENUE, method=method, path=path, params=params, account_or_none=ACCOUNT)

    answer = perform(VENUE, call, ROUTES[(method, path)])

    body = json.loads(answer.encode())
    assert set(body) == {"retCode", "retMsg", "result", "retExtInfo", "time"}
    assert answer.status == 200


MESSAGES = st.one_of(
    st.text(max_size=30),
    st.fixed_dictionaries(
        {"op": st.sampled_from(["auth", "subscribe", "unsubscribe", "ping", "", 5])},
        optional={"args": st.one_of(st.none(), st.lists(VALUES, max_size=4), st.just("x")), "req_id": VALUES},
    ).map(json.dumps),
)


@settings(max_examples=200, deadline=None)
@given(MESSAGES, st.booleans())
def test_any_message_on_a_socket_gets_an_answer(data, is_private):
    client = Client(client_id=1, socket=None, transport=None, path="/v5/private", is_wrapped=False)
    guest = Guest(venue=VENUE, client=client, is_private=is_private)

    reply, topics = answer_message(guest, data)

    assert json.dumps(reply)
    assert topics == [] or reply["success"] is True


def test_every_refusal_of_the_core_has_a_code():
    assert set(REFUSALS) == set(Reason)


def test_an_id_leads_back_to_its_order():
    call = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}
    made = Call(venue=VENUE, method="POST", path="/v5/order/create", params=call, account_or_none=ACCOUNT)
    body = perform(VENUE, made, ROUTES[("POST", "/v5/order/create")]).body

    found = by_id(ACCOUNT, body["result"]["orderId"])

    assert found is not None
    assert found.id == entry_of_order(ACCOUNT, found.order).id == body["result"]["orderId"]
    assert by_id(ACCOUNT, id_text(1, is_conditional=True)) is None
    assert by_id(ACCOUNT, "no id") is None


@pytest.mark.parametrize(("value", "text"), [("60000", "60000"), ("0.10", "0.1"), ("1E+3", "1000"), ("0E-8", "0")])
def test_numbers_have_no_exponent_and_no_trailing_zeros(value, text):
    assert plain(Decimal(value)) == text


@pytest.mark.parametrize(
    ("sent", "is_right"), [(10_000, True), (5_000, True), (4_999, False), (10_999, True), (11_000, False)]
)
def test_a_timestamp_may_be_as_old_as_the_window_and_a_second_ahead(sent, is_right):
    if is_right:
        check_time(str(sent), "5000", 10_000)
        return
    with pytest.raises(BybitError, match="10002"):
        check_time(str(sent), "5000", 10_000)
