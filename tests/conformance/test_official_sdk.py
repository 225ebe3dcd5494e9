"""The exchange's own Python SDK: `pip install binance-sdk-derivatives-trading-usds-futures==18.0.1`."""

import asyncio

import pytest
from binance_common.configuration import ConfigurationRestAPI, ConfigurationWebSocketStreams
from binance_common.errors import BadRequestError
from binance_sdk_derivatives_trading_usds_futures import derivatives_trading_usds_futures as sdk

pytestmark = [pytest.mark.processes, pytest.mark.filterwarnings("ignore")]
BTC = {"symbol": "BTCUSDT"}
ORDER = {**BTC, "side": "BUY", "type": "MARKET", "quantity": 0.01}
STOP = {
    **BTC,
    "algo_type": "CONDITIONAL",
    "side": "SELL",
    "type": "STOP_MARKET",
    "quantity": 0.01,
    "reduce_only": "true",
}
CALLS = [
    *[
        (name, {})
        for name in ("exchange_information", "check_server_time", "symbol_price_ticker", "account_information_v2")
    ],
    *[(name, {}) for name in ("account_information_v3", "futures_account_balance_v2", "futures_account_balance_v3")],
    *[(name, {}) for name in ("position_information_v2", "position_information_v3", "symbol_configuration")],
    *[(name, {}) for name in ("notional_and_leverage_brackets", "get_current_position_mode", "get_income_history")],
    *[(name, {}) for name in ("query_user_rate_limit", "position_adl_quantile_estimation", "users_force_orders")],
    *[(name, BTC) for name in ("ticker24hr_price_change_statistics", "symbol_order_book_ticker", "mark_price")],
    *[(name, BTC) for name in ("recent_trades_list", "compressed_aggregate_trades_list", "get_funding_rate_history")],
    *[(name, BTC) for name in ("user_commission_rate", "open_interest", "all_orders", "account_trade_list")],
    *[(name, BTC) for name in ("current_all_open_orders", "query_all_algo_orders", "cancel_all_open_orders")],
    ("kline_candlestick_data", {**BTC, "interval": "1m", "limit": 3}),
    ("order_book", {**BTC, "limit": 5}),
    ("change_initial_leverage", {**BTC, "leverage": 15}),
    ("test_order", ORDER),
    ("auto_cancel_all_open_orders", {**BTC, "countdown_time": 0}),
]


@pytest.fixture
def client(venue):
    key, secret, base = "predator-local-key", "predator-local-secret", f"//127.0.0.1:{venue.port}"
    return sdk.DerivativesTradingUsdsFutures(
        config_rest_api=ConfigurationRestAPI(api_key=key, api_secret=secret, base_path=f"http:{base}"),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=f"ws:{base}"),
    )


@pytest.mark.parametrize(("name", "parameters"), CALLS)
def test_a_call_is_answered_as_the_sdk_expects(client, name, parameters):
    assert getattr(client.rest_api, name)(**parameters).data() is not None


def test_orders_and_conditional_orders(client):
    rest = client.rest_api
    order = rest.new_order(**ORDER, new_order_resp_type="RESULT").data()
    stop = rest.new_algo_order(**STOP, trigger_price=30000).data()

    assert (order.status, order.executed_qty) == ("FILLED", "0.010")
    assert [a.algo_id for a in rest.current_all_algo_open_orders().data()] == [stop.algo_id]
    rest.cancel_algo_order(algo_id=stop.algo_id)
    assert rest.current_all_algo_open_orders().data() == []


def test_a_refusal_has_its_code(client):
    with pytest.raises(BadRequestError, match="-4164"):
        client.rest_api.new_order(**{**ORDER, "quantity": 0.001})


async def test_klines_and_user_events_arrive(client):
    kinds = []
    connection = await client.websocket_streams.create_connection()
    for stream in (
        await connection.kline_candlestick_streams(symbol="btcusdt", interval="1m"),
        await connection.user_data(client.rest_api.start_user_data_stream().data().listen_key),
    ):
        stream.on("message", lambda message: kinds.append(type(message).__name__))
    await asyncio.sleep(0.7)

    await asyncio.to_thread(client.rest_api.new_order, **ORDER)

    await asyncio.sleep(0.7)
    await connection.close_connection(close_session=True)
    assert {"KlineCandlestickStreamsResponse", "UserDataStreamEventsResponse"} <= set(kinds)
