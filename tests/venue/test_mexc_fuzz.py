"""MEXC's face: nonsense is answered, every refusal has a code, numbers and ids mean what they say."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venue.builders import add_account, exchange
from venue.build import build
from venue.core.funding import settle_funding
from venue.core.orders import AlgoStatus, PositionSide, Status, TimeInForce, WorkingType
from venue.core.refusal import Reason
from venue.hub import Client
from venue.mexc.call import Call
from venue.mexc.contracts import number, venue_symbol, wire_symbol
from venue.mexc.door import read_json
from venue.mexc.errors import REFUSALS, MexcError
from venue.mexc.render import LIMIT_TYPES, PLAN_STATES, STATES, TRENDS
from venue.mexc.rounds import past_rounds, position_id, present_round
from venue.mexc.routes import ROUTES, endpoint_for
from venue.mexc.security import check_time
from venue.mexc.sockets import Guest, answer_message
from venue.mexc.visit import perform
from venue.settings import read_settings

VENUE = build(read_settings(["--history", "20"]))
ACCOUNT = VENUE.floor.accounts["account-1"]
NAMES = (
    *("symbol", "side", "type", "vol", "price", "openType", "leverage", "positionMode", "reduceOnly", "externalOid"),
    *("orderId", "order_id", "order_ids", "page_num", "page_size", "start_time", "end_time", "states", "positionId"),
    *("triggerPrice", "triggerType", "executeCycle", "trend", "orderType", "stopLossPrice", "takeProfitPrice"),
    *("stopPlanOrderId", "stop_order_id", "amount", "positionType", "interval", "start", "end", "limit", "currency"),
    *("is_finished", "isEnabled", "category", "lossTrend"),
)
VALUES = st.one_of(
    st.sampled_from(["BTC_USDT", "ETH_USDT", "1", "2", "3", "4", "5", "6", "Min1", "USDT", "ADD", "SUB", "1,2"]),
    st.sampled_from(["10", "60000", "0", "-1", "1e400", "1e5", "NaN", "true", "false", "8000000001", "2000001"]),
    st.sampled_from(["", "[" * 500, "９", "\x00", "1.2.3", "9" * 40, "1.0", "BTC_USDT_", "_"]),
    st.text(max_size=12),
)
ROWS = st.lists(st.one_of(VALUES, st.none(), st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6)), max_size=4)
REQUESTS = st.tuples(
    st.sampled_from(sorted(ROUTES)), st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=12), ROWS, st.booleans()
)
ORDER = {"symbol": "BTC_USDT", "side": "1", "type": "5", "vol": "10", "price": "60000", "orderType": "5"}
PLAN = {"triggerPrice": "90000", "triggerType": "1", "executeCycle": "1"}


@settings(max_examples=500, deadline=None)
@given(REQUESTS)
def test_any_parameters_get_an_answer_that_can_be_sent(asked):
    (method, path), params, rows, is_order = asked
    named = {**ORDER, **PLAN, **params} if is_order else params
    call = Call(venue=VENUE, method=method, path=path, params=named, rows=rows, account_or_none=ACCOUNT)

    answer = perform(VENUE, call, ROUTES[(method, path)])

    body = json.loads(answer.encode())
    assert body["success"] is (body["code"] == 0)
    assert set(body) <= {"success", "code", "data", "message"}
    assert answer.status == 200


MESSAGES = st.one_of(
    st.text(max_size=30),
    st.fixed_dictionaries(
        {
            "method": st.sampled_from(
                ["login", "personal.filter", "sub.ticker", "sub.kline", "unsub.deal", "ping", "", 5]
            )
        },
        optional={
            "param": st.one_of(
                st.none(),
                st.lists(VALUES, max_size=3),
                st.dictionaries(st.sampled_from([*NAMES, "filters", "apiKey", "reqTime", "signature"]), VALUES),
            ),
            "gzip": st.booleans(),
        },
    ).map(json.dumps),
)


@settings(max_examples=300, deadline=None)
@given(MESSAGES, st.booleans())
def test_any_message_on_the_socket_gets_an_answer(data, is_known):
    client = Client(client_id=1, socket=None, transport=None, path="/edge", is_wrapped=False)
    guest = Guest(venue=VENUE, client=client, account=ACCOUNT if is_known else None)

    reply = answer_message(guest, data)

    assert json.dumps(reply)
    assert reply["channel"] == "pong" or reply["channel"].startswith("rs.")


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=20), st.sampled_from(["[" * 9999, "5", "null", '"x"', "{", "[]", '{"a":NaN}'])))
def test_any_body_is_read_or_refused(body):
    try:
        named, rows = read_json(body)
    except MexcError:
        return
    assert isinstance(rows, list)
    assert all(isinstance(value, str) for value in named.values())


def test_every_refusal_of_the_core_has_a_code():
    assert set(REFUSALS) == set(Reason)


def test_every_word_of_the_core_has_a_number():
    assert set(STATES) == set(Status)
    assert set(PLAN_STATES) == set(AlgoStatus)
    assert set(LIMIT_TYPES) == set(TimeInForce)
    assert set(TRENDS) == set(WorkingType)


def test_numbers_in_a_body_are_read_exactly_as_written():
    assert read_json('{"price": 0.1000000000000000055, "vol": 10.0}')[0] == {
        "price": "0.1000000000000000055",
        "vol": "10.0",
    }


@pytest.mark.parametrize(
    ("value", "written"), [("60000", "60000"), ("0.10", "0.1"), ("1E+3", "1000"), ("0E-8", "0"), ("-0.5", "-0.5")]
)
def test_whole_numbers_have_no_point(value, written):
    assert json.dumps(number(Decimal(value))) == written


def test_symbols_have_one_bar():
    assert venue_symbol(wire_symbol("BTCUSDT")) == "BTCUSDT"
    for strange in ("BTCUSDT", "BTC_USD", "_USDT", "B_TC_USDT", ""):
        assert venue_symbol(strange) not in ("BTCUSDT", "USDT")


def test_a_path_says_what_it_is_about():
    endpoint, parts = endpoint_for("GET", "/api/v1/private/order/external/BTC_USDT/my-order")
    assert endpoint.route.endswith("/order/external/{symbol}/{externalOid}")
    assert parts == {"symbol": "BTC_USDT", "externalOid": "my-order"}
    assert endpoint_for("GET", "/api/v1/contract/funding_rate/history")[1] == {}
    assert endpoint_for("POST", "/api/v1/contract/ping") is None


@pytest.mark.parametrize(
    ("sent", "window", "is_right"),
    [(100_000, "", True), (89_999, "", False), (110_001, "", False), (40_000, "99", True), (39_999, "99", False)],
)
def test_a_request_may_be_ten_seconds_away_or_what_it_says_up_to_sixty(sent, window, is_right):
    if is_right:
        check_time(str(sent), window, 100_000)
        return
    with pytest.raises(MexcError, match="513"):
        check_time(str(sent), window, 100_000)


def ask(venue, account, method: str, path: str, **params: str) -> object:
    call = Call(venue=venue, method=method, path=path, params=params, account_or_none=account)
    body = perform(venue, call, ROUTES[(method, path)]).body
    assert body["success"], body
    return body.get("data")


def test_funding_that_was_paid_is_on_record():
    venue = build(read_settings(["--history", "20", "--funding-rate", "0.0001"]))
    account = venue.floor.accounts["account-1"]
    ask(venue, account, "POST", "/api/v1/private/order/create", **ORDER)
    settle_funding(venue.floor, Decimal("0.0001"))

    [row] = ask(venue, account, "GET", "/api/v1/private/position/funding_records")["resultList"]

    assert (row["symbol"], row["positionType"], row["rate"]) == ("BTC_USDT", 1, 0.0001)
    assert row["funding"] == float(account.funding) < 0
    assert row["positionValue"] == pytest.approx(0.01 * float(venue.floor.books["BTCUSDT"].mark))


def test_lists_go_back_a_week_unless_told_and_never_more_than_ninety_days():
    venue = build(read_settings(["--history", "20"]))
    account, day_ms = venue.floor.accounts["account-1"], 24 * 3_600_000
    ask(venue, account, "POST", "/api/v1/private/order/create", **ORDER)
    path, now = "/api/v1/private/order/list/history_orders", venue.clock.now_ms()
    next(iter(account.orders.values())).created_ms = now - 8 * day_ms

    assert ask(venue, account, "GET", path) == []
    assert len(ask(venue, account, "GET", path, start_time=str(now - 9 * day_ms))) == 1
    with pytest.raises(AssertionError, match="6003"):
        ask(venue, account, "GET", path, start_time=str(now - 91 * day_ms))


def test_each_life_of_a_position_has_a_number_and_sums_of_its_own():
    one = exchange()
    one.market("BUY", "0.01")
    one.market("BUY", "0.01")
    first = position_id(one.account, one.account.position("BTCUSDT"))
    one.market("SELL", "0.05")  # closes 0.02 and opens a short of 0.03
    turned = present_round(one.account, one.account.position("BTCUSDT"))
    one.market("BUY", "0.03")

    lives = list(past_rounds(one.account))

    assert [life.position_id for life in lives] == [first, turned.position_id]
    assert [(life.is_long, life.opened, life.closed) for life in lives] == [
        (True, Decimal("0.02"), Decimal("0.02")),
        (False, Decimal("0.03"), Decimal("0.03")),
    ]
    assert (turned.opened, turned.closed) == (Decimal("0.03"), 0)
    assert sum(life.realized for life in lives) == one.account.realized_pnl
    assert sum(life.fees for life in lives) == one.account.fees


def test_a_position_nobody_traded_for_has_a_number_too():
    one = exchange()
    other = add_account(one.floor, "account-2")
    position = other.position("BTCUSDT", PositionSide.BOTH)
    position.amount, position.entry_price = Decimal("0.5"), Decimal(60000)

    assert position_id(other, position) == position_id(other, position) > 0
