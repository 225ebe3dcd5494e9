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
    yield made
    await made.close_connection()


async def test_reading(client):
    assert (await client.futures_exchange_info())["symbols"][0]["symbol"] == "BTCUSDT"
    assert len(await client.futures_klines(**BTC, interval="1m", limit=5)) == 5
    assert float((await client.futures_account())["totalWalletBalance"]) > 0
    assert (await client.futures_position_information(**BTC)) is not None
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
