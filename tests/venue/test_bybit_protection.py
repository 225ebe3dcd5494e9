"""What protects a position of Bybit's: trailing stops, parts, what orders bring; through unmodified ccxt."""

import re

import ccxt
import pytest

from tests.venue.processes import start

S = "BTC/USDT:USDT"
BTC = {"category": "linear", "symbol": "BTCUSDT"}


async def refused(call, **parameters) -> int:
    with pytest.raises(ccxt.BaseError) as caught:
        await call(parameters)
    return int(re.search(r'"retCode":\s*(\d+)', str(caught.value))[1])


def at(paused_venue, price: float) -> None:
    paused_venue.control("POST", "market/BTCUSDT", {"price": f"{price:.1f}"})


def waiting(paused_venue) -> list[dict[str, object]]:
    return paused_venue.control("GET", "accounts/account-1?brief=1")["open_algo_orders"]


async def position(bybit) -> dict[str, object]:
    return (await bybit.fetch_positions([S]))[0]["info"]


@pytest.fixture
async def last(bybit, paused_venue):
    """A long of 0.4, and the price at which everything begins."""
    paused_venue.control("POST", "step", {"candles": 1})
    await bybit.create_order(S, "market", "buy", 0.4)
    return (await bybit.fetch_ticker(S))["last"]


async def test_a_trailing_stop_follows_the_price_at_its_distance(bybit, paused_venue, last):
    stop = bybit.private_post_v5_position_trading_stop
    await stop({**BTC, "trailingStop": "100"})
    shown = await position(bybit)
    assert await refused(stop, **BTC, trailingStop="100") == 34040
    at(paused_venue, last + 300)
    at(paused_venue, last + 210)
    still = await position(bybit)
    at(paused_venue, last + 199)
    gone = await position(bybit)

    assert (shown["trailingStop"], still["size"], gone["size"]) == ("100", "0.4", "0")
    assert waiting(paused_venue) == []


async def test_a_trailing_stop_sleeps_until_its_active_price_and_is_taken_away_by_zero(bybit, paused_venue, last):
    stop = bybit.private_post_v5_position_trading_stop
    assert await refused(stop, **BTC, trailingStop="100", activePrice=f"{last - 50:.1f}") == 10001
    await stop({**BTC, "trailingStop": "100", "activePrice": f"{last + 500:.1f}"})
    at(paused_venue, last - 200)
    slept = await position(bybit)
    await stop({**BTC, "trailingStop": "0"})

    assert slept["size"] == "0.4"
    assert (await position(bybit))["trailingStop"] == "0"
    assert waiting(paused_venue) == []


async def test_ccxts_own_trailing_order_is_accepted(bybit, paused_venue, last):
    await bybit.create_order(S, "market", "sell", 0.4, None, {"trailingAmount": 150, "reduceOnly": True})

    assert (await position(bybit))["trailingStop"] == "150"


async def test_parts_of_a_position_have_their_own_stops_and_limits(bybit, paused_venue, last):
    stop = bybit.private_post_v5_position_trading_stop
    part = {**BTC, "tpslMode": "Partial"}
    limit = {"tpOrderType": "Limit", "tpLimitPrice": f"{last + 250:.1f}"}
    await stop({**part, "takeProfit": f"{last + 200:.1f}", "tpSize": "0.1", **limit})
    await stop({**part, "takeProfit": f"{last + 400:.1f}", "tpSize": "0.2"})
    await stop({**part, "stopLoss": f"{last - 300:.1f}", "slSize": "0.3"})
    assert await refused(stop, **part, stopLoss=f"{last - 300:.1f}", slSize="0.5") == 10001
    kinds = [o["info"]["stopOrderType"] for o in await bybit.fetch_open_orders(S)]
    at(paused_venue, last + 200)
    at(paused_venue, last + 260)
    after_limit = await position(bybit)
    at(paused_venue, last + 401)
    after_both = await position(bybit)
    at(paused_venue, last - 301)

    assert sorted(kinds) == ["PartialStopLoss", "PartialTakeProfit", "PartialTakeProfit"]
    assert (after_limit["size"], after_both["size"], (await position(bybit))["size"]) == ("0.3", "0.1", "0")
    assert waiting(paused_venue) == []


async def test_an_order_brings_protection_for_what_filled_of_it(bybit, paused_venue, last):
    price = round(last - 100, 1)
    params = {"stopLoss": f"{last - 500:.1f}", "takeProfit": f"{last + 500:.1f}", "tpslMode": "Partial"}
    await bybit.create_order(S, "limit", "buy", 0.2, price, params)
    assert waiting(paused_venue) == []
    at(paused_venue, price - 1)

    found = {(a["type"], a["quantity"], a["close_position"]) for a in waiting(paused_venue)}
    assert found == {("STOP_MARKET", "0.2", False), ("TAKE_PROFIT_MARKET", "0.2", False)}


async def test_closed_profit_and_the_transaction_log_add_up_to_the_balance(bybit, paused_venue, last):
    before = (await bybit.fetch_balance())["USDT"]["total"]
    at(paused_venue, last + 100)
    await bybit.create_order(S, "market", "sell", 0.3, None, {"reduceOnly": True})
    closed = (await bybit.private_get_v5_position_closed_pnl({**BTC}))["result"]["list"][0]
    log = (await bybit.private_get_v5_account_transaction_log({"category": "linear"}))["result"]["list"]
    history = await bybit.fetch_positions_history([S])
    ledger = await bybit.fetch_ledger("USDT", None, 5)
    after = (await bybit.fetch_balance())["USDT"]["total"]

    entry, out = float(closed["avgEntryPrice"]), float(closed["avgExitPrice"])
    fees = float(closed["openFee"]) + float(closed["closeFee"])
    assert closed["closedSize"] == "0.3"
    assert float(closed["closedPnl"]) == pytest.approx((out - entry) * 0.3 - fees)
    assert float(log[0]["cashBalance"]) == pytest.approx(float((await wallet(bybit))["walletBalance"]))
    assert float(log[0]["change"]) == pytest.approx(float(log[0]["cashFlow"]) - float(log[0]["fee"]))
    assert float(log[0]["cashBalance"]) - float(log[0]["change"]) == pytest.approx(float(log[1]["cashBalance"]))
    assert (len(history) >= 1, len(ledger) >= 2, after < before + 100) == (True, True, True)


async def wallet(bybit) -> dict[str, object]:
    answer = await bybit.private_get_v5_account_wallet_balance({"accountType": "UNIFIED"})
    return answer["result"]["list"][0]["coin"][0]


async def test_money_moves_between_wallets_and_never_more_than_there_is(bybit):
    transfer = bybit.private_post_v5_asset_transfer_inter_transfer
    way = {"transferId": "11111111-1111-1111-1111-111111111111", "coin": "USDT"}
    out = {**way, "fromAccountType": "UNIFIED", "toAccountType": "FUND"}
    assert await refused(transfer, **out, amount="99999999") == 131212
    await bybit.transfer("USDT", 250, "unified", "fund")
    in_vault = (await bybit.fetch_balance({"type": "fund"}))["USDT"]["total"]
    await bybit.transfer("USDT", 250, "fund", "unified")
    moved = (await bybit.private_get_v5_asset_transfer_query_inter_transfer_list({}))["result"]["list"]

    assert in_vault == 250
    assert [(m["fromAccountType"], float(m["amount"])) for m in moved[:2]] == [("FUND", 250), ("UNIFIED", 250)]
    assert (await bybit.fetch_balance({"type": "fund"}))["USDT"]["total"] == 0


@pytest.mark.processes
async def test_funding_is_an_execution_of_no_order(tmp_path):
    from tests.venue.conftest import bybit_client, close

    venue = start(tmp_path, "--speed", "0", "--funding-rate", "0.0001", "--history", "479")
    made = bybit_client(venue.port)
    await made.load_markets()
    await made.create_order(S, "market", "buy", 0.4)
    venue.control("POST", "step", {"candles": 2})
    paid = (await made.fetch_funding_history(S))[0]
    rows = (await made.private_get_v5_execution_list({**BTC}))["result"]["list"]
    trades = await made.fetch_my_trades(S)
    log = (await made.private_get_v5_account_transaction_log({"type": "SETTLEMENT"}))["result"]["list"]
    account = venue.control("GET", "accounts/account-1")
    await close(made)
    venue.stop()

    funding = next(r for r in rows if r["execType"] == "Funding")
    assert (funding["execQty"], float(funding["feeRate"])) == ("0.4", 0.0001)
    assert float(funding["execFee"]) == -float(account["funding"]) == -float(log[0]["funding"]) == abs(paid["amount"])
    assert len(trades) == len([r for r in rows if r["execType"] == "Trade"])
