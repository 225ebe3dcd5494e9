"""The exchange's own Python SDK: `pip install binance-sdk-derivatives-trading-usds-futures==18.0.1`."""

import asyncio

import pytest
from binance_common.configuration import ConfigurationRestAPI, ConfigurationWebSocketAPI, ConfigurationWebSocketStreams
from binance_common.errors import BadRequestError, UnauthorizedError
from binance_sdk_derivatives_trading_usds_futures import derivatives_trading_usds_futures as sdk

pytestmark = [pytest.mark.processes, pytest.mark.filterwarnings("ignore")]
BTC = {"symbol": "BTCUSDT"}
PAIR = {"pair": "BTCUSDT"}
ORDER = {**BTC, "side": "BUY", "type": "MARKET", "quantity": 0.01}
STOP = {
    **BTC,
    "algo_type": "CONDITIONAL",
    "side": "SELL",
    "type": "STOP_MARKET",
    "quantity": 0.01,
    "reduce_only": "true",
}
LIMIT = {**BTC, "side": "BUY", "type": "LIMIT", "time_in_force": "GTC", "quantity": 0.01}
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
    *[(name, {}) for name in ("test_connectivity", "symbol_price_ticker_v2", "get_funding_rate_info", "adl_risk")],
    *[(name, {}) for name in ("futures_account_configuration", "get_bnb_burn_status", "get_current_multi_assets_mode")],
    *[(name, {}) for name in ("trading_schedule", "asset_index", "composite_index_symbol_information")],
    *[(name, {}) for name in ("query_insurance_fund_balance_snapshot", "current_all_algo_open_orders")],
    *[(name, {}) for name in ("futures_trading_quantitative_rules_indicators",)],
    *[(name, BTC) for name in ("old_trades_lookup", "rpi_order_book", "query_index_price_constituents", "adl_risk")],
    *[(name, BTC) for name in ("get_position_margin_change_history", "cancel_all_algo_open_orders")],
    *[(name, {**BTC, "period": "5m"}) for name in ("long_short_ratio", "open_interest_statistics")],
    *[(name, {**BTC, "period": "5m"}) for name in ("taker_buy_sell_volume", "top_trader_long_short_ratio_accounts")],
    ("top_trader_long_short_ratio_positions", {**BTC, "period": "5m"}),
    ("basis", {**PAIR, "contract_type": "PERPETUAL", "period": "5m"}),
    ("quarterly_contract_settlement_price", PAIR),
    ("continuous_contract_kline_candlestick_data", {**PAIR, "contract_type": "PERPETUAL", "interval": "5m"}),
    ("index_price_kline_candlestick_data", {**PAIR, "interval": "1m"}),
    ("mark_price_kline_candlestick_data", {**BTC, "interval": "1m"}),
    ("premium_index_kline_data", {**BTC, "interval": "1m"}),
    ("classic_portfolio_margin_account_information", {"asset": "USDT"}),
    ("toggle_bnb_burn_on_futures_trade", {"fee_burn": "true"}),
    ("auto_cancel_all_open_orders", {**BTC, "countdown_time": 0}),
]


@pytest.fixture
def client(venue):
    key, secret, base = "predator-local-key", "predator-local-secret", f"//127.0.0.1:{venue.port}"
    return sdk.DerivativesTradingUsdsFutures(
        config_rest_api=ConfigurationRestAPI(api_key=key, api_secret=secret, base_path=f"http:{base}"),
        config_ws_api=ConfigurationWebSocketAPI(api_key=key, api_secret=secret, stream_url=f"ws:{base}/ws-fapi/v1"),
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


def test_resting_orders_are_amended_found_and_cancelled_one_by_one_and_together(client):
    rest, price = client.rest_api, far_below(client)
    order = rest.new_order(**LIMIT, price=price).data()
    rest.modify_order(**BTC, side="BUY", quantity=0.02, price=price, order_id=order.order_id)
    found = rest.query_current_open_order(**BTC, order_id=order.order_id).data()
    history = rest.get_order_modify_history(**BTC, order_id=order.order_id).data()
    cancelled = rest.cancel_order(**BTC, order_id=order.order_id).data()
    batch = [{**BTC, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": str(price)}] * 2
    made = rest.place_multiple_orders(batch_orders=batch).data()
    changes = [{**BTC, "side": "BUY", "orderId": o.order_id, "quantity": "0.02", "price": str(price)} for o in made]
    changed = rest.modify_multiple_orders(batch_orders=changes).data()
    rest.cancel_multiple_orders(**BTC, order_id_list=[o.order_id for o in made])

    assert (found.orig_qty, cancelled.status) == ("0.020", "CANCELED")
    assert [(h.amendment.orig_qty.before, h.amendment.orig_qty.after) for h in history] == [("0.010", "0.020")]
    assert [o.orig_qty for o in changed] == ["0.020", "0.020"]
    assert {rest.query_order(**BTC, order_id=o.order_id).data().status for o in made} == {"CANCELED"}


def far_below(client) -> int:
    return int(float(client.rest_api.mark_price(**BTC).data().actual_instance.mark_price) * 0.97)


def test_a_listen_key_is_kept_alive_and_closed(client):
    rest = client.rest_api
    key = rest.start_user_data_stream().data().listen_key
    assert rest.keepalive_user_data_stream().data().listen_key == key
    rest.close_user_data_stream()
    with pytest.raises(BadRequestError, match="-1125"):
        rest.keepalive_user_data_stream()


def test_modes_change_and_change_back(client):
    rest = client.rest_api
    for mode in ("true", "false"):
        assert rest.change_multi_assets_mode(multi_assets_margin=mode).data().code == 200
    rest.new_order(**{**ORDER, "side": "SELL"}, reduce_only="true")
    for mode in ("true", "false"):
        assert rest.change_position_mode(dual_side_position=mode).data().code == 200
    for margin_type in ("ISOLATED", "CROSSED"):
        assert rest.change_margin_type(**BTC, margin_type=margin_type).data().code == 200


def test_what_the_key_may_not_do_is_told_as_the_exchange_does(client):
    rest = client.rest_api
    for call in (rest.list_all_convert_pairs, rest.futures_tradfi_perps_contract):
        with pytest.raises(UnauthorizedError, match="-2015"):
            call()
    with pytest.raises(UnauthorizedError, match="-2015"):
        rest.get_download_id_for_futures_order_history(start_time=1, end_time=2)


STREAMS = {
    "aggregate_trade_streams": {"symbol": "btcusdt"},
    "all_book_tickers_stream": {},
    "all_market_mini_tickers_stream": {},
    "all_market_tickers_streams": {},
    "continuous_contract_kline_candlestick_streams": {
        "pair": "btcusdt",
        "contract_type": "perpetual",
        "interval": "1m",
    },
    "diff_book_depth_streams": {"symbol": "btcusdt"},
    "individual_symbol_book_ticker_streams": {"symbol": "btcusdt"},
    "individual_symbol_mini_ticker_stream": {"symbol": "btcusdt"},
    "individual_symbol_ticker_streams": {"symbol": "btcusdt"},
    "mark_price_stream": {"symbol": "btcusdt"},
    "mark_price_stream_for_all_market": {},
    "partial_book_depth_streams": {"symbol": "btcusdt", "levels": 5},
    "rpi_diff_book_depth_streams": {"symbol": "btcusdt"},
}


async def test_every_market_stream_tells_something(client):
    connection, heard = await client.websocket_streams.create_connection(), set()
    for name, parameters in STREAMS.items():
        stream = await getattr(connection, name)(**parameters)
        stream.on("message", lambda message, name=name: heard.add(name))
    for _ in range(40):
        await asyncio.sleep(0.1)
        if heard == set(STREAMS):
            break
    await connection.close_connection(close_session=True)

    assert heard == set(STREAMS)


async def test_orders_over_the_sdks_socket(client):
    connection = await client.websocket_api.create_connection()
    try:
        order = (await connection.new_order(**LIMIT, price=far_below(client))).data().result
        found = (await connection.query_order(**BTC, order_id=order.order_id)).data().result
        gone = (await connection.cancel_order(**BTC, order_id=order.order_id)).data().result
        answers = [
            await call()
            for call in (
                connection.account_information,
                connection.account_information_v2,
                connection.futures_account_balance,
                connection.futures_account_balance_v2,
                connection.position_information,
                connection.position_information_v2,
                connection.start_user_data_stream,
            )
        ]
    finally:
        await connection.close_connection(close_session=True)

    assert (found.status, gone.status) == ("NEW", "CANCELED")
    assert all(answer.data().status == 200 for answer in answers)


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
