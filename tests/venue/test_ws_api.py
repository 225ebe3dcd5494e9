"""Orders over a socket, through ccxt.pro and raw."""

import json

import aiohttp
import ccxt
import pytest

pytestmark = pytest.mark.processes
S = "BTC/USDT:USDT"


async def test_ccxt_places_and_cancels_orders_over_a_socket(exchange, paused_venue):
    price = (await exchange.fetch_ticker(S))["last"]

    filled = await exchange.create_order_ws(S, "market", "buy", 0.1, None, {"clientOrderId": "by-socket"})
    resting = await exchange.create_order_ws(S, "limit", "buy", 0.1, round(price * 0.97, 1))
    canceled = await exchange.cancel_order_ws(resting["id"], S)

    assert (filled["status"], filled["filled"], filled["clientOrderId"]) == ("closed", 0.1, "by-socket")
    assert (resting["status"], canceled["status"]) == ("open", "canceled")
    assert len(paused_venue.truth(kind="order.accepted", client_id="by-socket")) == 1


async def test_refusals_over_a_socket_have_the_same_codes(exchange):
    with pytest.raises(ccxt.ExchangeError, match="-4164"):
        await exchange.create_order_ws(S, "market", "buy", 0.001)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nonsense", -1000),
        ('{"id": 1, "method": "order.place"}', -2014),
        ('{"id": 1, "method": "order.place", "params": {"apiKey": "no"}}', -2015),
        ('{"id": 1, "method": "order.place", "params": {"apiKey": "predator-local-key"}}', -1102),
        ('{"id": 1, "method": "dance"}', -1130),
        ("[]", -1130),
    ],
)
async def test_nonsense_over_a_socket_is_answered(paused_venue, text, code):
    url = f"http://127.0.0.1:{paused_venue.port}/ws-fapi/v1"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.send_str(text)
        answer = json.loads((await socket.receive(timeout=5)).data)

    assert (answer["status"] >= 400, answer["error"]["code"]) == (True, code)
