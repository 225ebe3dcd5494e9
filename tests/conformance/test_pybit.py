"""pybit, the official Bybit SDK: `tox -e conformance-pybit` (pybit 5.17.0) lets it trade on the venue."""

import time
from uuid import uuid4

import pytest
from pybit import _websocket_trading, unified_trading
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP, WebSocket, WebSocketTrading

pytestmark = [pytest.mark.processes, pytest.mark.filterwarnings("ignore")]
BTC = {"category": "linear", "symbol": "BTCUSDT"}
KEYS = {"api_key": "predator-local-key-6", "api_secret": "predator-local-secret-6"}


@pytest.fixture
def client(venue):
    made = HTTP(**KEYS)
    made.endpoint = f"http://127.0.0.1:{venue.port}"
    yield made
    made.cancel_all_orders(**BTC)
    made.client.close()


@pytest.fixture
def sockets(venue, monkeypatch):
    """Its addresses stand in modules, with a scheme that can't be chosen."""
    here = f"ws://127.0.0.1:{venue.port}/v5"
    monkeypatch.setattr(unified_trading, "PUBLIC_WSS", f"{here}/public/{{CHANNEL_TYPE}}")
    monkeypatch.setattr(unified_trading, "PRIVATE_WSS", f"{here}/private")
    monkeypatch.setattr(_websocket_trading, "TRADE_WSS", f"{here}/trade")


def wait_until(is_so, seconds: float = 5.0) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def last_price(client) -> float:
    return float(client.get_tickers(**BTC)["result"]["list"][0]["lastPrice"])


def test_reading(client):
    answers = [
        client.get_server_time(),
        client.get_instruments_info(category="linear"),
        client.get_kline(**BTC, interval=1, limit=5),
        client.get_orderbook(**BTC, limit=5),
        client.get_public_trade_history(**BTC),
        client.get_funding_rate_history(**BTC),
        client.get_risk_limit(**BTC),
        client.get_wallet_balance(accountType="UNIFIED"),
        client.get_account_info(),
        client.get_api_key_information(),
        client.get_fee_rates(**BTC),
        client.get_positions(**BTC),
        client.get_open_orders(**BTC),
        client.get_order_history(**BTC),
        client.get_executions(**BTC),
        client.get_closed_pnl(**BTC),
        client.get_transaction_log(accountType="UNIFIED"),
        client.get_internal_transfer_records(),
        client.get_coins_balance(accountType="FUND"),
        client.get_mark_price_kline(**BTC, interval=1, limit=5),
        client.get_index_price_kline(**BTC, interval=1, limit=5),
        client.get_open_interest(**BTC, intervalTime="5min"),
        client.get_tickers(category="linear"),
        client.query_dcp_info(),
        client.get_smp_group(),
    ]
    assert [a["retCode"] for a in answers] == [0] * len(answers)


def test_an_order_from_placing_to_its_execution(client):
    order = client.place_order(**BTC, side="Buy", orderType="Market", qty="0.01", orderLinkId=f"pybit-{time.time_ns()}")
    order_id = order["result"]["orderId"]

    done = client.get_open_orders(**BTC, orderId=order_id)["result"]["list"][0]
    assert (done["orderStatus"], done["cumExecQty"]) == ("Filled", "0.01")
    assert client.get_executions(**BTC, orderId=order_id)["result"]["list"][0]["execQty"] == "0.01"
    price = last_price(client)
    client.set_trading_stop(**BTC, positionIdx=0, tpslMode="Full", stopLoss=f"{price * 0.8:.0f}")
    assert client.get_positions(**BTC)["result"]["list"][0]["stopLoss"] == f"{price * 0.8:.0f}"
    client.place_order(**BTC, side="Sell", orderType="Market", qty="0.01", reduceOnly=True)
    assert client.get_positions(category="linear", settleCoin="USDT")["result"]["list"] == []
    assert client.get_open_orders(**BTC)["result"]["list"] == []


def test_resting_and_conditional_orders_are_amended_and_cancelled(client):
    low = f"{last_price(client) * 0.97:.0f}"
    resting = client.place_order(**BTC, side="Buy", orderType="Limit", qty="0.01", price=low)["result"]
    client.amend_order(**BTC, orderId=resting["orderId"], qty="0.02")
    trigger = {"triggerPrice": f"{last_price(client) * 0.9:.0f}", "triggerDirection": 2}
    waiting = client.place_order(**BTC, side="Sell", orderType="Market", qty="0.01", **trigger)["result"]

    rows = {r["orderId"]: r for r in client.get_open_orders(**BTC)["result"]["list"]}

    assert rows[resting["orderId"]]["qty"] == "0.02"
    assert rows[waiting["orderId"]]["orderStatus"] == "Untriggered"
    client.cancel_order(**BTC, orderId=waiting["orderId"])
    assert len(client.cancel_all_orders(**BTC)["result"]["list"]) == 1


def test_protection_and_transfers(client):
    last = last_price(client)
    client.place_order(**BTC, side="Buy", orderType="Market", qty="0.02")
    client.set_trading_stop(**BTC, trailingStop="500", positionIdx=0)
    part = {**BTC, "positionIdx": 0, "tpslMode": "Partial"}
    client.set_trading_stop(**part, takeProfit=str(int(last * 1.05)), tpSize="0.01")
    held = client.get_positions(**BTC)["result"]["list"][0]
    client.place_order(**BTC, side="Sell", orderType="Market", qty=held["size"], reduceOnly=True)
    closed = client.get_closed_pnl(**BTC)["result"]["list"][0]
    way = {"coin": "USDT", "amount": "10"}
    client.create_internal_transfer(transferId=str(uuid4()), fromAccountType="UNIFIED", toAccountType="FUND", **way)
    client.create_internal_transfer(transferId=str(uuid4()), fromAccountType="FUND", toAccountType="UNIFIED", **way)

    assert held["trailingStop"] == "500"
    assert closed["closedSize"] == held["size"]
    assert client.get_open_orders(**BTC)["result"]["list"] == []
    assert [m["amount"] for m in client.get_internal_transfer_records()["result"]["list"][:2]] == ["10", "10"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"qty": "99"}, 110007), ({"reduceOnly": True}, 110017), ({"qty": "0.00001"}, 10001), ({"symbol": "NO"}, 10001)],
)
def test_refusals_are_errors_with_their_code(client, changes, code):
    order = {**BTC, "side": "Sell", "orderType": "Market", "qty": "0.01"}
    with pytest.raises(InvalidRequestError) as caught:
        client.place_order(**{**order, **changes})
    assert caught.value.status_code == code


def test_market_topics_arrive(sockets):
    told = {}
    stream = WebSocket(testnet=False, channel_type="linear")
    stream.kline_stream(1, "BTCUSDT", lambda m: told.setdefault("kline", m))
    stream.ticker_stream("BTCUSDT", lambda m: told.setdefault("ticker", m))
    stream.orderbook_stream(50, "BTCUSDT", lambda m: told.update(book=m))
    stream.trade_stream("BTCUSDT", lambda m: told.setdefault("trade", m))

    wait_until(lambda: set(told) == {"kline", "ticker", "book", "trade"})

    stream.exit()
    assert told["kline"]["data"][0]["interval"] == "1"
    assert len(told["book"]["data"]["b"]) == 50  # pybit keeps the whole book from snapshots and deltas
    assert told["trade"]["data"][0]["s"] == "BTCUSDT"


def test_private_topics_and_the_trade_socket(client, sockets):
    told, replies = [], []
    stream = WebSocket(testnet=False, channel_type="private", **KEYS)
    for listen in (stream.order_stream, stream.execution_stream, stream.position_stream, stream.wallet_stream):
        listen(lambda m: told.append(m["topic"]))
    desk = WebSocketTrading(testnet=False, **KEYS)

    desk.place_order(replies.append, **BTC, side="Buy", orderType="Market", qty="0.01")

    wait_until(lambda: replies and {"order", "execution", "position", "wallet"} <= set(told))
    assert replies[0]["data"]["orderId"]
    stream.exit()
    desk.exit()
    client.place_order(**BTC, side="Sell", orderType="Market", qty="0.01", reduceOnly=True)
