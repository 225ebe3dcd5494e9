"""binance-futures-connector, the older official client: `pip install binance-futures-connector==4.2.0` (it clashes)."""

import time

import pytest
from binance.error import ClientError
from binance.um_futures import UMFutures
from binance.websocket.um_futures.websocket_client import UMFuturesWebsocketClient

pytestmark = [pytest.mark.processes, pytest.mark.filterwarnings("ignore")]
BTC = {"symbol": "BTCUSDT"}


@pytest.fixture
def client(venue):
    key, secret = "predator-local-key-3", "predator-local-secret-3"
    made = UMFutures(key=key, secret=secret, base_url=f"http://127.0.0.1:{venue.port}", show_limit_usage=True)
    yield made
    made.session.close()


def test_reading(client):
    answers = [
        client.exchange_info(),
        client.klines(**BTC, interval="1m", limit=5),
        client.depth(**BTC, limit=5),
        client.mark_price(**BTC),
        client.account(),
        client.balance(),
        client.get_position_risk(**BTC),
        client.leverage_brackets(**BTC),
        client.get_orders(**BTC),
        client.get_account_trades(**BTC),
        client.get_income_history(),
    ]
    assert all(answer["limit_usage"]["x-mbx-used-weight-1m"] for answer in answers)


def test_orders_and_the_refusal_of_stops_at_the_old_place(client):
    order = client.new_order(**BTC, side="BUY", type="MARKET", quantity=0.01, newOrderRespType="RESULT")["data"]
    assert order["status"] == "FILLED"
    with pytest.raises(ClientError) as caught:
        client.new_order(**BTC, side="SELL", type="STOP_MARKET", quantity=0.01, stopPrice=30000)
    assert caught.value.error_code == -4120


def test_klines_and_user_events_arrive(client, venue):
    told = []
    stream = UMFuturesWebsocketClient(
        stream_url=f"ws://127.0.0.1:{venue.port}", on_message=lambda _, message: told.append(message)
    )
    stream.kline(symbol="btcusdt", interval="1m")
    stream.user_data(listen_key=client.new_listen_key()["data"]["listenKey"])
    time.sleep(0.7)

    client.new_order(**BTC, side="BUY", type="MARKET", quantity=0.01)

    time.sleep(0.7)
    stream.stop()
    stream.socket_manager.ws.sock.close()  # which it forgets
    assert any('"kline"' in message for message in told)
    assert any("ORDER_TRADE_UPDATE" in message for message in told)
