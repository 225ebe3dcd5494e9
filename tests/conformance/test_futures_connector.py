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


READ = {
    **{key: {} for key in ("ping", "time", "funding_info", "index_info", "get_position_mode", "get_multi_asset_mode")},
    **{key: {} for key in ("query_user_rate_limit", "futures_account_configuration", "get_bnb_burn", "adl_quantile")},
    **{key: {} for key in ("force_orders", "api_trading_status", "asset_Index")},
    **dict.fromkeys(("trades", "historical_trades", "agg_trades", "funding_rate", "ticker_24hr_price_change"), BTC),
    **dict.fromkeys(("ticker_price", "book_ticker", "open_interest", "get_all_orders", "commission_rate"), BTC),
    **dict.fromkeys(("index_price_constituents", "symbol_configuration", "get_position_margin_history"), BTC),
    **{key: {**BTC, "period": "5m"} for key in ("long_short_account_ratio", "top_long_short_account_ratio")},
    **{key: {**BTC, "period": "5m"} for key in ("open_interest_hist", "taker_long_short_ratio")},
    "mark_price_klines": {**BTC, "interval": "1m"},
    "index_price_klines": {"pair": "BTCUSDT", "interval": "1m"},
    "continuous_klines": {"pair": "BTCUSDT", "contractType": "PERPETUAL", "interval": "1m"},
    "quarterly_contract_settlement_price": {"pair": "BTCUSDT"},
}


@pytest.mark.parametrize("name", sorted(READ))
def test_every_reading_call_is_answered(client, name):
    assert getattr(client, name)(**READ[name])["data"] is not None


def test_what_the_key_may_not_do(client):
    with pytest.raises(ClientError) as caught:
        client.send_quote_request(fromAsset="USDT", toAsset="BTC", fromAmount=1)
    assert caught.value.error_code == -2015


def test_orders_rest_and_go(client):
    price = int(float(client.mark_price(**BTC)["data"]["markPrice"]) * 0.97)
    order = client.new_order(**BTC, side="BUY", type="LIMIT", timeInForce="GTC", quantity=0.01, price=price)["data"]
    client.modify_order(**BTC, side="BUY", quantity=0.02, price=price, orderId=order["orderId"])
    assert client.query_order(**BTC, orderId=order["orderId"])["data"]["origQty"] == "0.020"
    assert client.countdown_cancel_order(**BTC, countdownTime=0)["data"]["countdownTime"] == "0"
    assert client.cancel_open_orders(**BTC)["data"]["code"] == 200


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
