"""python-binance: `pip install python-binance==1.0.37` (it clashes with binance-futures-connector)."""

import asyncio

import pytest
from binance import AsyncClient, BinanceSocketManager
from binance.exceptions import BinanceAPIException

pytestmark = [pytest.mark.processes, pytest.mark.filterwarnings("ignore")]
BTC = {"symbol": "BTCUSDT"}


@pytest.fixture
async def client(venue):
    made = AsyncClient("predator-local-key-2", "predator-local-secret-2")
    made.FUTURES_URL = f"http://127.0.0.1:{venue.port}/fapi"
    made.FUTURES_DATA_URL = f"http://127.0.0.1:{venue.port}/futures/data"
    yield made
    await made.close_connection()


async def test_reading(client):
    assert (await client.futures_exchange_info())["symbols"][0]["symbol"] == "BTCUSDT"
    assert len(await client.futures_klines(**BTC, interval="1m", limit=5)) == 5
    assert float((await client.futures_account())["totalWalletBalance"]) > 0
    assert (await client.futures_position_information(**BTC)) is not None
    assert await client.futures_get_open_orders(**BTC) == []


READ = {
    **{key: {} for key in ("ping", "time", "exchange_info", "account", "account_balance", "account_config")},
    **{key: {} for key in ("v1_get_fee_burn", "get_multi_assets_mode", "get_position_mode", "v1_get_rate_limit_order")},
    **{key: {} for key in ("index_info", "v1_get_funding_info", "income_history", "api_trading_status")},
    **{key: {} for key in ("liquidation_orders", "adl_quantile_estimate", "v1_get_asset_index", "leverage_bracket")},
    **dict.fromkeys(("order_book", "recent_trades", "historical_trades", "aggregate_trades", "mark_price"), BTC),
    **dict.fromkeys(("funding_rate", "ticker", "symbol_ticker", "orderbook_ticker", "open_interest"), BTC),
    **dict.fromkeys(("account_trades", "get_all_orders", "commission_rate", "symbol_config", "rpi_depth"), BTC),
    **dict.fromkeys(("index_price_constituents", "symbol_adl_risk", "position_margin_history"), BTC),
    **dict.fromkeys(("get_open_algo_orders", "get_all_algo_orders", "get_open_orders"), BTC),
    **{key: {**BTC, "period": "5m"} for key in ("open_interest_hist", "global_longshort_ratio")},
    **{key: {**BTC, "period": "5m"} for key in ("top_longshort_account_ratio", "top_longshort_position_ratio")},
    **{key: {**BTC, "interval": "1m"} for key in ("mark_price_klines", "premium_index_klines")},
    "index_price_klines": {"pair": "BTCUSDT", "interval": "1m"},
    "continuous_klines": {"pair": "BTCUSDT", "contractType": "PERPETUAL", "interval": "1m"},
    "v1_get_pm_account_info": {"asset": "USDT"},
}


@pytest.mark.parametrize("name", sorted(READ))
async def test_every_reading_call_is_answered(client, name):
    assert await getattr(client, f"futures_{name}")(**READ[name]) is not None


async def test_what_the_key_may_not_do(client):
    for call in (client.futures_v1_get_income_asyn, client.futures_v1_post_convert_get_quote):
        with pytest.raises(BinanceAPIException, match="-2015"):
            await call()


async def test_orders_rest_are_amended_and_go(client):
    price = str(int(float((await client.futures_mark_price(**BTC))["markPrice"]) * 0.97))
    limit = {**BTC, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": price}
    order = await client.futures_create_order(**limit)
    named = {**BTC, "orderId": order["orderId"]}
    await client.futures_modify_order(**named, side="BUY", quantity="0.02", price=price)
    assert (await client.futures_get_order(**named))["origQty"] == "0.020"
    assert len(await client.futures_v1_get_order_amendment(**named)) == 1
    assert (await client.futures_cancel_order(**named))["status"] == "CANCELED"
    await client.futures_create_order(**limit)
    await client.futures_countdown_cancel_all(**BTC, countdownTime=100)
    for _ in range(30):
        await asyncio.sleep(0.1)
        if not await client.futures_get_open_orders(**BTC):
            break
    assert await client.futures_get_open_orders(**BTC) == []


async def test_orders_stops_and_refusals(client):
    order = await client.futures_create_order(
        **BTC, side="BUY", type="MARKET", quantity="0.01", newOrderRespType="RESULT"
    )
    stop = await client.futures_create_order(
        **BTC, side="SELL", type="STOP_MARKET", quantity="0.01", triggerPrice="30000", reduceOnly="true"
    )
    assert (order["status"], stop["algoStatus"]) == ("FILLED", "NEW")
    with pytest.raises(BinanceAPIException, match="-4164"):
        await client.futures_create_order(**BTC, side="BUY", type="MARKET", quantity="0.001")


async def test_klines_and_user_events_arrive(client, venue):
    manager = BinanceSocketManager(client)
    manager.FSTREAM_URL = f"ws://127.0.0.1:{venue.port}/"
    async with manager.kline_futures_socket("BTCUSDT", interval="1m") as socket:
        assert (await asyncio.wait_for(socket.recv(), 5))["e"] == "continuous_kline"
    async with manager.futures_user_socket() as socket:
        await client.futures_create_order(**BTC, side="BUY", type="MARKET", quantity="0.01")
        assert (await asyncio.wait_for(socket.recv(), 5))["e"] == "ORDER_TRADE_UPDATE"
