"""The state file: a venue killed at any moment goes on as if nothing had happened."""

import asyncio
import json
import tempfile
from decimal import Decimal

import ccxt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venue.builders import SYMBOL, exchange
from tests.venue.conftest import bybit_client, client, close
from tests.venue.processes import run_to_end, start
from venue.build import build
from venue.core.conditional import cancel_algo, place_algo
from venue.core.matching import place
from venue.core.orders import AlgoOrder, AlgoRequest, Kind, Order, OrderRequest, Side, Trade
from venue.freeze import freeze, thaw
from venue.settings import read_settings

S = "BTC/USDT:USDT"


@given(st.integers(1, 500), st.sampled_from(["BUY", "SELL"]))
def test_orders_and_trades_survive_being_frozen(thousandths, side):
    venue = exchange()
    order = venue.market(side, f"{thousandths / 1000 + 0.002:.3f}")
    algo = venue.algo("TRAILING_STOP_MARKET", side, "1", callback_rate=order.quantity)

    assert thaw(Order, json.loads(json.dumps(freeze(order)))) == order
    assert thaw(AlgoOrder, json.loads(json.dumps(freeze(algo)))) == algo
    assert [thaw(Trade, json.loads(json.dumps(freeze(t)))) for t in venue.account.trades] == venue.account.trades
    assert freeze(order)["request"]["symbol"] == SYMBOL


async def trade_something(port: int) -> str:
    """A position, a resting order, a stop and a trailing stop; the listen key."""
    made = client(port)
    try:
        await made.load_markets()
        price = (await made.fetch_ticker(S))["last"]
        await made.set_leverage(7, S)
        await made.create_order(S, "market", "buy", 0.2)
        await made.create_order(S, "market", "sell", 0.05)
        await made.create_order(S, "limit", "buy", 0.1, round(price * 0.97, 1), {"clientOrderId": "rests"})
        stop = {"stopLossPrice": round(price * 0.99, 1), "reduceOnly": True, "clientOrderId": "stop"}
        await made.create_order(S, "market", "sell", 0.15, None, stop)
        await made.create_order(S, "market", "sell", 0.01, None, {"trailingPercent": 2, "reduceOnly": True})
        return (await made.fapiPrivatePostListenKey())["listenKey"]
    finally:
        await close(made)


async def listen_key(port: int) -> str:
    made = client(port)
    try:
        return (await made.fapiPrivatePostListenKey())["listenKey"]
    finally:
        await close(made)


@pytest.mark.processes
async def test_a_killed_venue_goes_on_where_it_was(tmp_path):
    arguments = ("--speed", "0", "--state-file", str(tmp_path / "state"))
    venue = start(tmp_path, *arguments)
    venue.control("POST", "step", {"candles": 3})
    key = await trade_something(venue.port)
    before = venue.control("GET", "accounts/account-1"), venue.control("GET", "status")["symbols"]
    venue.kill()
    with (tmp_path / "state").open("a") as torn:
        torn.write('{"order": {"order_id": 80')

    venue = start(tmp_path, *arguments)
    after = venue.control("GET", "accounts/account-1"), venue.control("GET", "status")["symbols"]
    same_key = await listen_key(venue.port)
    price = float(after[1]["BTCUSDT"]["last"]) * 0.98
    venue.control("POST", "market/BTCUSDT", {"price": f"{price:.1f}"})
    stopped = venue.control("GET", "accounts/account-1")
    venue.stop()

    assert after == before
    assert same_key == key
    assert [p["quantity"] for p in before[0]["positions"]] == ["0.15"]
    assert stopped["positions"] == []
    assert [o["client_order_id"] for o in stopped["open_orders"]] == ["rests"]
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


@pytest.mark.processes
def test_a_state_file_of_another_market_is_refused_or_forgotten_on_request(tmp_path):
    state = tmp_path / "state"
    start(tmp_path, "--speed", "0", "--state-file", str(state), "--seed", "1").stop()

    refused = run_to_end("--port", "0", "--state-file", str(state), "--seed", "2")
    assert refused.returncode == 2
    assert "seed" in refused.stderr
    start(tmp_path, "--speed", "0", "--state-file", str(state), "--seed", "2", "--fresh").stop()
    state.write_text("nonsense\n")
    damaged = run_to_end("--port", "0", "--state-file", str(state))
    assert damaged.returncode == 2
    assert "line 1" in damaged.stderr


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 60), st.booleans())
def test_a_market_interrupted_anywhere_plays_the_same_candles(steps, has_trailing_stop):
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["--history", "30", "--seed", "4"]
        whole = build(read_settings(arguments))
        first = build(read_settings([*arguments, "--state-file", f"{folder}/state"]))
        if has_trailing_stop:
            request = AlgoRequest(
                symbol=SYMBOL,
                side=Side.SELL,
                kind=Kind.TRAILING_STOP_MARKET,
                quantity=Decimal(1),
                client_algo_id="trails",
                callback_rate=Decimal(10),
            )
            place_algo(first.floor, first.floor.accounts["account-1"], request)
        for _ in range(steps):
            whole.market.advance(4)
            first.market.advance(4)
            first.commit(first.floor.accounts["account-1"])
        second = build(read_settings([*arguments, "--state-file", f"{folder}/state"]))
        for _ in range(20):
            whole.market.advance(4)
            second.market.advance(4)
        first.state.close()
        second.state.close()

    ours, theirs = second.market.lanes[SYMBOL], whole.market.lanes[SYMBOL]
    assert ours.history.minutes == theirs.history.minutes
    assert (ours.history.forming, ours.book.last) == (theirs.history.forming, theirs.book.last)
    old, new = (list(venue.floor.accounts["account-1"].algos.values()) for venue in (first, second))
    assert len(old) == len(new) == has_trailing_stop


@pytest.mark.processes
async def test_a_killed_venue_remembers_what_bybit_keeps_beside_the_orders(tmp_path):
    arguments = ("--speed", "0", "--state-file", str(tmp_path / "state"))
    venue = start(tmp_path, *arguments)
    venue.control("POST", "step", {"candles": 1})
    made = bybit_client(venue.port)
    await made.load_markets()
    price = (await made.fetch_ticker(S))["last"]
    protected = {"stopLoss": {"triggerPrice": round(price * 0.9, 1)}, "takeProfit": {"triggerPrice": price + 900}}
    await made.create_order(S, "limit", "buy", 0.1, round(price * 0.97, 1), protected)
    await made.cancel_all_orders_after(60_000)
    await close(made)
    venue.kill()

    venue = start(tmp_path, *arguments)
    venue.control("POST", "market/BTCUSDT", {"price": f"{price * 0.96:.1f}"})
    made = bybit_client(venue.port)
    await made.load_markets()
    position = (await made.fetch_positions([S]))[0]
    info = (await made.private_get_v5_account_info())["result"]
    await close(made)
    venue.stop()

    assert position["contracts"] == 0.1
    assert (position["stopLossPrice"], position["takeProfitPrice"]) == (round(price * 0.9, 1), round(price + 900, 1))
    assert (info["dcpStatus"], info["timeWindow"]) == ("ON", 60)


def test_a_long_state_file_is_written_anew_and_says_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("venue.state_file.LONG", 20_000)
    arguments = ["--history", "30", "--state-file", str(tmp_path / "state")]
    first = build(read_settings(arguments))
    account = first.floor.accounts["account-1"]
    sizes = []
    for number in range(60):
        request = OrderRequest(
            symbol=SYMBOL,
            side=Side.SELL if number % 2 else Side.BUY,
            kind=Kind.MARKET,
            quantity=Decimal("0.01"),
            client_order_id=f"order-{number}",
        )
        place(first.floor, account, request)
        first.commit(account)
        sizes.append((tmp_path / "state").stat().st_size)
    first.state.close()

    second = build(read_settings(arguments))
    second.state.close()

    again = second.floor.accounts["account-1"]
    assert sizes != sorted(sizes)  # it became shorter at least once
    assert (again.orders, again.trades, again.incomes) == (account.orders, account.trades, account.incomes)
    assert again.wallet == account.wallet
    assert second.floor.books[SYMBOL].taken == first.floor.books[SYMBOL].taken


def test_what_is_long_over_is_forgotten_with_its_trades(monkeypatch):
    monkeypatch.setattr("venue.core.account.MOST_DONE", 20)
    monkeypatch.setattr("venue.core.account.SLACK", 5)
    venue = exchange()
    resting = venue.limit("BUY", "1", "59000")
    for number in range(100):
        venue.market("SELL" if number % 2 else "BUY", "0.01")
        cancel_algo(venue.floor, venue.account, venue.algo("STOP_MARKET", "SELL", "1", "50000"))

    account = venue.account
    assert len(account.orders) <= 26 + 1
    assert len(account.algos) <= 26
    assert resting.order_id in account.orders
    assert {t.order_id for t in account.trades} <= set(account.orders)
    assert {o.order_id for o in account.order_names.values()} == set(account.orders)
    assert {a.algo_id for a in account.algo_names.values()} == set(account.algos)


async def trade_until_it_dies(port: int, done: list[str], enough: asyncio.Event) -> None:
    """Orders, one after the other, each noted once the venue has answered; says when it is in the midst of it."""
    made = client(port)
    await made.load_markets()
    price = (await made.fetch_ticker(S))["last"]
    try:
        for number in range(500):
            side, name = ("buy", "sell")[number % 2], f"order-{number}"
            await made.create_order(S, "market", side, 0.01, None, {"clientOrderId": name})
            await made.create_order(S, "limit", "buy", 0.01, round(price * 0.97, 1), {"clientOrderId": f"rest-{name}"})
            done += [name, f"rest-{name}"]
            if len(done) >= 30:
                enough.set()
    except ccxt.NetworkError:
        return
    finally:
        await close(made)


@pytest.mark.processes
async def test_a_venue_killed_while_it_trades_forgot_nothing_it_had_answered(tmp_path):
    """The market moves at 600 x meanwhile; every fill adds up to the position and the balance."""
    arguments = ("--state-file", str(tmp_path / "state"), "--order-limit", "0", "--weight-limit", "0")
    venue = start(tmp_path, "--speed", "600", *arguments)
    done: list[str] = []
    enough = asyncio.Event()
    trading = asyncio.create_task(trade_until_it_dies(venue.port, done, enough))
    await enough.wait()
    venue.kill()
    await trading

    venue = start(tmp_path, "--speed", "0", *arguments)
    account = venue.control("GET", "accounts/account-1")
    venue.stop()

    assert set(done) <= {o["client_order_id"] for o in account["orders"]}
    signed = [Decimal(t["quantity"]) * (1 if t["side"] == "BUY" else -1) for t in account["trades"]]
    assert sum(signed) == sum(Decimal(p["quantity"]) for p in account["positions"])
    paid = sum(Decimal(t["realized_pnl"]) - Decimal(t["fee"]) for t in account["trades"])
    assert Decimal(account["balance"]) == 100_000 + paid
    filled = {o["order_id"]: Decimal(o["filled"]) for o in account["orders"] if Decimal(o["filled"])}
    by_order = {n: sum(Decimal(t["quantity"]) for t in account["trades"] if t["order_id"] == n) for n in filled}
    assert by_order == filled
