from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from play_builders import INSTRUMENT, a_play, entering, made

from engine.errors import MarketDataGap
from engine.protection import ExitReason
from plays.backtest import Backtest, Fees
from plays.errors import BacktestError
from plays.loading import library_plays, load_play

CASH = Decimal(1_000_000)
W1 = """
protection: {stoploss: 0.02, take_profit: 0.04}
"""


def w1_play():
    return a_play(
        W1, entry="{long: ewma(20) crosses above ewma(50)}", exit="{long: ewma(20) crosses below ewma(50)}",
        sizing="{notional: 10000}",
    )  # fmt: skip


def reference(candles, fast=20, slow=50, warm_up=200):
    """The same workload by hand, in floats: (entry bar, exit bar, reason) of every closed trade; the final equity."""
    a, b = 2 / (fast + 1), 2 / (slow + 1)
    f = s = candles.close[0]
    cash, held, stop, target, due, size, trades = float(CASH), 0.0, 0.0, 0.0, 0, 0.0, []
    for i, bar in enumerate(candles.bars()):
        if due == 1:
            held, stop, target, entry = size, bar.open * 0.98, bar.open * 1.04, i
            cash -= held * bar.open * 1.00055
        elif due == -1:
            cash, held = cash + held * bar.open * (1 - 0.00055), 0.0
            trades.append((entry, i, "exit_signal"))
        due = 0
        if held:
            price, why = 0.0, ""
            if bar.open <= stop or bar.open >= target:
                price, why = bar.open, "stop_loss" if bar.open <= stop else "take_profit"
            elif bar.low <= stop or bar.high >= target:
                price, why = (stop, "stop_loss") if bar.low <= stop else (target, "take_profit")
            if why:
                cash, held = cash + held * price * (1 - 0.00055), 0.0
                trades.append((entry, i, why))
        before, f, s = (f, s), f + a * (bar.close - f), s + b * (bar.close - s)
        if i >= warm_up and not held and before[0] <= before[1] and f > s:
            due, size = 1, np.floor(10_000 / bar.close / 1e-6) * 1e-6
        elif i >= warm_up and held and before[0] >= before[1] and f < s:
            due = -1
    return trades, cash + held * candles.close[-1]


def test_w1_the_trades_are_those_of_the_loop_written_by_hand():
    candles = made(60_000)
    expected, equity = reference(candles)

    result = Backtest(w1_play(), candles, INSTRUMENT, CASH).run()

    start, minute = int(candles.open_time_ns[0]), 60_000_000_000
    assert [
        ((one.entry_time_ns - start) // minute, (one.exit_time_ns - start) // minute, one.exit_reason.value)
        for one in result.trades
    ] == expected
    assert len(expected) > 500
    # levels stand on whole ticks here: each of the few stop exits may be a tick (0.01 x 0.3 units) off
    assert abs(float(result.final_equity) - equity) < 0.005 * len(expected)


@pytest.mark.parametrize("name", sorted(library_plays()))
def test_slices_of_any_size_give_the_same_run(name):
    play, candles = load_play(library_plays()[name]), made(5_000)
    whole = Backtest(play, candles, INSTRUMENT, CASH).run()

    sliced = Backtest(play, candles, INSTRUMENT, CASH)
    sizes = iter([1, 7, 113, 2, 999] * 1_000)
    while not sliced.run_slice(next(sizes)).is_done:
        pass

    assert sliced.result().trades_hash == whole.trades_hash
    assert sliced.result().final_equity == whole.final_equity
    assert len(whole.trades) > 20


@pytest.mark.parametrize("name", sorted(library_plays()))
def test_b5_the_hashes_are_equal_run_to_run(name):
    play, candles = load_play(library_plays()[name]), made(3_000)

    first, second = (Backtest(play, candles, INSTRUMENT, CASH).run() for _ in range(2))

    assert (first.signals_hash, first.trades_hash) == (second.signals_hash, second.trades_hash)


@pytest.mark.parametrize("bars", [2_000, 2_001, 2_013, 2_040])
def test_d2_equity_trades_and_open_position_agree_exactly(bars):
    result = Backtest(load_play(library_plays()["ma_cross"]), made(bars), INSTRUMENT, CASH).run()

    open_pnl = result.open_trade.pnl if result.open_trade else 0
    assert result.final_equity == CASH + sum(trade.pnl for trade in result.trades) + open_pnl
    assert result.equity_curve[-1] == pytest.approx(float(result.final_equity), abs=1e-7)
    assert result.equity_curve[0] == float(CASH)


def test_every_trade_is_worth_what_its_prices_say():
    result = Backtest(load_play(library_plays()["breakout"]), made(4_000), INSTRUMENT, CASH).run()

    for trade in result.trades:
        sign = 1 if trade.side == "long" else -1
        fees = sum((trade.quantity * price * INSTRUMENT.taker_fee).quantize(Decimal("1e-8"), "ROUND_HALF_UP")
                   for price in (trade.entry_price, trade.exit_price))  # fmt: skip
        assert trade.fees == fees
        assert trade.pnl == sign * trade.quantity * (trade.exit_price - trade.entry_price) - fees


def test_slippage_worsens_fills_at_market_only():
    play, candles = load_play(library_plays()["ma_cross"]), made(4_000)
    exact, worse = (
        Backtest(play, candles, INSTRUMENT, CASH, Fees(taker=Decimal(0), slippage=Decimal(share))).run()
        for share in ("0", "0.001")
    )

    assert worse.final_equity < exact.final_equity
    first, slipped = exact.trades[0], worse.trades[0]
    assert (slipped.entry_price - first.entry_price) * (1 if first.side == "long" else -1) > 0


def test_an_entry_below_the_minimum_is_denied_and_counted():
    result = Backtest(entering("close > open"), made(200), INSTRUMENT, Decimal(4)).run()

    assert result.trades == ()
    assert result.denied_entries > 50


def test_an_account_that_has_lost_everything_trades_no_more():
    play = a_play("leverage: 100\n", entry="{long: close > open}", exit="{long: close < open}",
                  sizing="{percent_of_equity: 10000}")  # fmt: skip

    result = Backtest(play, made(5_000), INSTRUMENT, Decimal(1_000)).run()

    assert result.final_equity < 100
    assert result.metrics.final_equity == pytest.approx(float(result.final_equity))


def test_too_few_candles_gaps_and_a_wrong_tick_are_refused_with_the_remedy():
    candles, play = made(100), entering("ema(50) > close on 5m")

    with pytest.raises(BacktestError, match="needs more than 254 bars to warm up, there are 100"):
        Backtest(play, candles, INSTRUMENT, CASH)
    with pytest.raises(MarketDataGap):
        Backtest(entering("close > open"), candles.take(np.r_[0:50, 51:100]), INSTRUMENT, CASH)
    coarse = replace(INSTRUMENT, tick_size=Decimal(100_000))
    with pytest.raises(BacktestError, match="check the instrument's tick size"):
        Backtest(entering("close > open"), candles, coarse, CASH)


def test_an_exit_comes_before_the_levels_of_its_bar():
    flat = made(40)
    prices = np.full(40, 100.0)
    lows = prices.copy()
    lows[20] = 50.0  # the bar whose open executes the exit falls through the stop later on
    volume = np.ones(40)
    volume[10], volume[19] = 3.0, 2.0
    candles = replace(flat, open=prices, high=prices, low=lows, close=prices, volume=volume)
    play = a_play("protection: {stoploss: 0.1}\n", entry="{long: volume > 2.5}", exit="{long: volume == 2}")

    (trade,) = Backtest(play, candles, INSTRUMENT, CASH).run().trades

    assert (trade.exit_reason, trade.exit_price) == (ExitReason.EXIT_SIGNAL, Decimal(100))
