"""pymexc: `tox -e conformance-pymexc` (pymexc 1.2.14) reads the venue as MEXC futures, signed and not, and hears it.

Later ones can't: 1.3.0 takes messages of the futures socket for another protocol's, 1.3.1 can't be imported.
"""

import time

import pytest
from pymexc import base_websocket
from pymexc.futures import HTTP, WebSocket

pytestmark = [pytest.mark.processes, pytest.mark.filterwarnings("ignore")]
BTC = "BTC_USDT"
ACCOUNT = "accounts/account-6"
KEYS = {"api_key": "predator-local-key-6", "api_secret": "predator-local-secret-6"}


@pytest.fixture
def client(venue):
    made = HTTP(**KEYS, ignore_ad=True)
    made.base_url = f"http://127.0.0.1:{venue.port}"
    yield made
    made.session.close()


@pytest.fixture
def address(venue, monkeypatch):
    """It stands in a module."""
    monkeypatch.setattr(base_websocket, "FUTURES", f"ws://127.0.0.1:{venue.port}/edge")


def wait_until(is_so, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def buy(venue, name: str) -> None:
    """By hand: how this client signs what it posts is not what the exchange documents."""
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01", "client_order_id": name}
    venue.control("POST", f"{ACCOUNT}/order", order)


def test_reading_the_market(client):
    answers = [
        client.ping(),
        client.detail(BTC),
        client.support_currencies(),
        client.get_depth(BTC, limit=5),
        client.depth_commits(BTC, 5),
        client.index_price(BTC),
        client.fair_price(BTC),
        client.funding_rate(BTC),
        client.funding_rate_history(BTC),
        client.kline(BTC, interval="Min5"),
        client.kline_index_price(BTC, interval="Min5"),
        client.kline_fair_price(BTC, interval="Min5"),
        client.deals(BTC),
        client.ticker(),
    ]
    assert all(answer["success"] and "data" in answer for answer in answers)
    assert len(answers[3]["data"]["asks"]) == 5
    assert client.ticker(BTC)["data"]["lastPrice"] > 0


def test_reading_the_account(client, venue):
    buy(venue, "pymexc-1")
    answers = [
        client.assets(),
        client.asset("USDT"),
        client.open_positions(BTC),
        client.history_positions(BTC),
        client.funding_records(BTC),
        client.open_orders(BTC),
        client.history_orders(BTC, states="3"),
        client.order_deals(BTC),
        client.get_trigger_orders(BTC),
        client.get_stop_limit_orders(BTC),
        client.risk_limit(BTC),
        client.tiered_fee_rate(BTC),
        client.get_leverage(BTC),
        client.get_position_mode(),
        client.transfer_record(),
    ]
    assert all(answer["success"] and "data" in answer for answer in answers)
    assert answers[2]["data"][0]["holdVol"] == 10
    order = client.get_order_external(BTC, "pymexc-1")["data"]
    assert answers[6]["data"][0] == order
    assert [deal["orderId"] for deal in client.deal_details(order["orderId"])["data"]] == [order["orderId"]]
    venue.control("POST", f"{ACCOUNT}/close", {"symbol": "BTCUSDT"})


def test_refusals(client):
    """This client hands them on as they come."""
    assert client.get_order_external(BTC, "nobody")["code"] == 2040
    assert client.get_leverage("NOPE_USDT")["code"] == 1001
    assert client.change_position_mode(2)["code"] == 602  # it signs sorted fields; documented is the body
    client.api_secret = "wrong"
    assert client.assets() == {"success": False, "code": 602, "message": "Signature verification failed!"}


def test_the_market_is_heard(address):
    heard: dict[str, list[dict]] = {}
    socket = WebSocket()

    def keep(message: dict) -> None:
        heard.setdefault(message["channel"], []).append(message)

    socket.tickers_stream(keep)
    socket.ticker_stream(keep, BTC)
    socket.deal_stream(keep, BTC)
    socket.depth_stream(keep, BTC)
    socket.depth_full_stream(keep, BTC, 5)
    socket.kline_stream(keep, BTC, "Min1")
    socket.funding_rate_stream(keep, BTC)
    socket.index_price_stream(keep, BTC)
    socket.fair_price_stream(keep, BTC)
    names = ("tickers", "ticker", "deal", "depth", "depth.full", "kline", "funding.rate", "index.price", "fair.price")
    wait_until(lambda: {f"push.{name}" for name in names} <= set(heard))
    socket.exit()


def test_ones_own_events_are_heard(address, venue):
    heard: list[dict] = []
    socket = WebSocket(**KEYS, personal_callback=heard.append)
    listens = lambda: "user:account-6:order" in str(venue.control("GET", "status")["streams"])  # noqa: E731
    wait_until(listens)

    buy(venue, "pymexc-2")

    wanted = {f"push.personal.{name}" for name in ("order", "order.deal", "position", "asset")}
    wait_until(lambda: wanted <= {message["channel"] for message in heard})
    deal = next(m["data"] for m in heard if m["channel"] == "push.personal.order.deal")
    assert (deal["externalOid"], deal["vol"], deal["symbol"]) == ("pymexc-2", 10, BTC)
    socket.exit()
    venue.control("POST", f"{ACCOUNT}/close", {"symbol": "BTCUSDT"})
