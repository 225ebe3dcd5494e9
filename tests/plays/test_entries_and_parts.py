"""Plays that say more than market entries and whole exits: waiting entries, partial exits, volatility, finer bars."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from play_builders import INSTRUMENT, START_NS, a_play, made

from engine.backtest.layout import TRADE
from engine.candles import Candles
from engine.protection import ExitReason
from plays.backtest import Backtest, Fees, usual_fees
from plays.batch import aggregated
from plays.errors import BacktestError, PlayError
from plays.evaluator import Evaluator, batch
from plays.full_input import term_in_ticks
from plays.loading import parse_play
from plays.parity import first_difference, lookahead, parity, stepped_arrays
from plays.portfolio import Portfolio
from plays.timeline import span_of, timeline_over

D = Decimal
CASH = D(100_000)
WAITING = "entry_order: {limit: {long: close - 0.5 * atr(14)}, bars: 5}\n"
PARTED = "protection: {stoploss: 0.02, take_profit: 0.02, partial_exits: {0.004: 0.5, 0.008: 0.25}}\n"
VOLATILE = "{volatility_percent: 0.1, volatility: atr(14) on 5m}"


def run(play, candles, fees=None, **more):
    return Backtest(play, candles, INSTRUMENT, CASH, fees, **more).run()


def walked(*closes, spread=0.0):
    """Candles that open where the last closed and reach `spread` beyond both."""
    close = np.array(closes, float)
    opened = np.concatenate((close[:1], close[:-1]))
    high, low = np.maximum(opened, close) + spread, np.minimum(opened, close) - spread
    return replace(made(len(closes)), open=opened, high=high, low=low, close=close, volume=np.ones(len(closes)))


def test_a_limit_order_waits_fills_at_its_price_as_maker_and_lapses():
    play = a_play(
        "entry_order: {limit: {long: close - 2}, bars: 2}\ncosts: {maker_fee: 0.001, taker_fee: 0.01}\n",
        entry="{long: volume > 2}", exit="{long: volume < 0.5}",
    )  # fmt: skip
    candles = walked(100, 100, 99, 97, 105, 105, 105, 105, 105)
    volume = np.array([1, 3, 1, 1, 0, 3, 1, 1, 1.0])  # wanted at bars 1 and 5, left at bar 4; the second never fills

    (trade,) = run(play, replace(candles, volume=volume)).trades

    # ordered at 98 for 1,000: 10.204081; filled in bar 3, out at the open of bar 5 (105)
    assert (trade.entry_price, trade.exit_price, trade.quantity) == (D(98), D(105), D("10.204081"))
    # 0.1 % of 999.999938 as maker, 1 % of 1,071.428505 as taker
    assert trade.fees == D("0.99999994") + D("10.71428505")
    assert (trade.entry_time_ns - START_NS) // 60_000_000_000 == 3


def test_a_stop_entry_goes_in_where_the_price_breaks_out():
    play = a_play(
        "entry_order: {stop: {short: lowest(3) - 1}, bars: 3}\nprotection: {stoploss: 0.05, time_exit: 2}\n",
        entry="{short: volume > 2}", exit="{}",
    )  # fmt: skip
    candles = walked(100, 101, 102, 101, 98, 97, 96, 95)
    volume = np.array([1, 1, 1, 3, 1, 1, 1, 1.0])

    (trade,) = run(play, replace(candles, volume=volume)).trades

    assert (trade.side, trade.entry_price) == ("short", D(99))  # lowest of 100, 101, 101 less 1
    # filled in bar 4; two bars held at the close of bar 5, out at the open of bar 6
    assert (trade.exit_reason, trade.exit_price) == (ExitReason.TIME_EXIT, D(97))


def test_a_position_leaves_in_parts_and_is_one_trade():
    play = a_play(PARTED, entry="{long: volume > 2}", exit="{}", sizing="{notional: 1000}")
    candles = walked(100, 100, 100, 100.5, 101, 101, 99, 97)
    volume = np.array([1, 3, 1, 1, 1, 1, 1, 1.0])
    result = run(play, replace(candles, volume=volume), Fees(taker=D(0)))

    (trade,) = result.trades

    # 10 bought at 100: 5 leave at 100.4, 2.5 at 100.8, the rest at the stop (98)
    assert result.run.trades[:, 1].tolist() == [5_000_000, 2_500_000, 2_500_000]
    assert trade.quantity == 10
    assert trade.pnl == 5 * D("0.4") + D("2.5") * D("0.8") - D("2.5") * 2
    assert trade.exit_price == (5 * D("100.4") + D("2.5") * D("100.8") + D("2.5") * 98) / 10
    assert trade.exit_reason is ExitReason.STOP_LOSS
    assert (result.metrics.trades, result.figures.trades, result.metrics.wins) == (1, 1, 0)


@pytest.mark.parametrize("bars", range(300, 340, 3))
def test_d2_equity_trades_and_open_position_agree_exactly_whatever_is_said(bars):
    play = a_play(
        WAITING + "protection: {stoploss: 0.004, partial_exits: {0.001: 0.3, 0.002: 0.3}, trailing_stop: true}\n"
        "costs: {funding_rate: 0.0003, slippage_ticks: 2}\n", entry="{long: close > open}", sizing=VOLATILE,
    )  # fmt: skip
    result = run(play, made(bars * 3, start_ns=START_NS - 100 * 60_000_000_000))

    open_pnl = result.open_trade.pnl if result.open_trade else 0
    assert result.final_equity == CASH + sum(trade.pnl for trade in result.trades) + open_pnl
    assert result.equity_curve[-1] == pytest.approx(float(result.final_equity), abs=1e-7)
    assert result.funding != 0
    assert len(result.trades) > 5


def test_the_volatility_sizes_the_position():
    play = a_play(entry="{long: close > open}", sizing=VOLATILE)
    candles = made(1_500)
    result, signals = run(play, candles), batch(play, candles)

    first = result.run.trades[0].tolist()
    distance = term_in_ticks(signals.numbers["sizing.volatility"], INSTRUMENT)[first[2] - 1]
    # 0.1 % of 100,000 is 100: lots of 0.000001 x 0.01 a tick
    assert first[1] == 100 * 10**8 // int(distance)
    assert len({trade.quantity for trade in result.trades}) > 5


def test_a_volatility_that_is_no_amount_trades_nothing():
    play = a_play(entry="{long: close > open}", sizing="{volatility_percent: 1, volatility: close - close}")

    result = run(play, made(200))

    assert result.trades == ()
    assert result.denied_entries > 50


TERMS = st.sampled_from(
    ["close - atr(14)", "close * 0.999", "highest(20)", "lowest(10) on 5m", "bbands(20).lower",
     "close / (close - open)", "29000"]
)  # fmt: skip
SIZES = st.sampled_from(["{notional: 1000}", "{percent_of_equity: 50}", VOLATILE,
                         "{volatility_percent: 1, volatility: stddev(20)}"])  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    long=TERMS, short=TERMS, kind=st.sampled_from(["limit", "stop"]), size=SIZES, seed=st.integers(0, 50),
    bars=st.integers(1, 500), parts=st.booleans(),
)  # fmt: skip
def test_b5_random_plays_that_say_more_give_the_same_bits_both_ways(long, short, kind, size, seed, bars, parts):
    play = a_play(
        f"entry_order: {{{kind}: {{long: {long}, short: {short}}}, bars: 3}}\n" + (PARTED if parts else ""),
        entry="{long: ema(3) > ema(8), short: ema(3) < ema(8)}", sizing=size,
    )  # fmt: skip
    candles = made(bars, seed)
    whole, stepped = batch(play, candles), stepped_arrays(play, candles)

    assert first_difference(whole, stepped) == ""
    assert whole.hash == stepped.hash
    if bars > play.warmup_bars:
        again = Backtest(play, candles, INSTRUMENT, CASH, signals=stepped).run()
        assert again.trades_hash == run(play, candles).trades_hash


def test_parity_and_lookahead_look_at_the_terms_of_entries_too(monkeypatch):
    play, candles = a_play(WAITING, sizing=VOLATILE), made(400)
    assert parity(play, candles).holds
    assert lookahead(play, candles, checks=20) == ()

    step = Evaluator.step

    def wrong(self, bar):
        signal = step(self, bar)
        return signal and replace(signal, numbers=tuple((name, value + 1) for name, value in signal.numbers))

    monkeypatch.setattr(Evaluator, "step", wrong)
    assert parity(play, candles).first_difference.startswith("entry_order.limit.long at 2020-01-01")


# --- finer candles ---


def split(candles: Candles, timeframe: str) -> tuple[Candles, Candles]:
    return aggregated(candles, timeframe), candles


def test_finer_candles_say_which_of_stop_and_target_came_first():
    minutes = walked(*[100] * 9, 100, 101.2, 98.5, 98.5, 98.5, 98.5)
    bars, minutes = split(minutes, "5m")
    play = a_play("timeframe: 5m\nprotection: {stoploss: 0.01, take_profit: 0.01}\n", entry="{long: volume > 7}",
                  exit="{}")  # fmt: skip
    bars = replace(bars, volume=np.array([5, 8, 5.0]))

    (coarse,), (fine,) = run(play, bars).trades, run(play, bars, detail=minutes).trades

    assert coarse.exit_reason is ExitReason.STOP_LOSS  # both were touched: the worse is assumed
    assert (fine.exit_reason, fine.exit_price) == (ExitReason.TAKE_PROFIT, D(101))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(seed=st.integers(0, 100), timeframe=st.sampled_from(["3m", "5m", "15m"]))
def test_where_a_bar_leaves_no_doubt_finer_candles_change_nothing(seed, timeframe):
    bars, minutes = split(made(6_000, seed), timeframe)
    play = a_play(f"timeframe: {timeframe}\nprotection: {{stoploss: 0.01, trailing_stop: true}}\n")

    coarse, fine = run(play, bars), run(play, bars, detail=minutes)

    # one level only, and a gap is at a bar's open or in it: within a bar a later candle may open beyond the stop
    assert [one.exit_time_ns for one in coarse.trades] == [one.exit_time_ns for one in fine.trades]
    assert [one.exit_reason for one in coarse.trades] == [one.exit_reason for one in fine.trades]
    assert all(
        (one.exit_price - other.exit_price) * (1 if one.side == "long" else -1) >= 0
        for one, other in zip(coarse.trades, fine.trades, strict=True)
    )


def test_finer_candles_that_do_not_fit_are_refused_with_the_remedy():
    bars, minutes = split(made(600), "5m")
    play = a_play("timeframe: 5m\n")

    with pytest.raises(BacktestError, match="do not cover all bars"):
        run(play, bars, detail=minutes.rows(0, 500))
    with pytest.raises(BacktestError, match="name a timeframe that divides"):
        run(play, bars, detail=bars)
    with pytest.raises(BacktestError, match="2020-01-01 00:00 UTC is not made of its 1m candles"):
        run(play, bars, detail=made(600, seed=9))


# --- what is said wrongly, and what others do not know ---

BASE = """\
name: tried
why: It exists to be tested.
symbol: BTC/USDT:USDT
entry: {long: close > open}
"""


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("sizing: {volatility_percent: 1}", 5, "volatility_percent and volatility go together"),
        ("sizing: {notional: 1, volatility: atr(14)}", 5, "go together"),
        ("sizing: {volatility_percent: 1, volatility: atrr(14)}", 5, "did you mean 'atr'"),
        ("sizing: {volatility_percent: 1, volatility: close > 1}", 5, "this is a condition, not a number"),
        ("sizing: {notional: 1, risk_percent: 1}", 5, "say exactly one of"),
        ("sizing: {notional: 1}\nentry_order: {limit: {long: close}, stop: {long: close}}", 6, "either limit or stop"),
        ("sizing: {notional: 1}\nentry_order: {limit: {short: close}}", 1, "entry_order needs a price for long"),
        ("sizing: {notional: 1}\nentry_order: {limit: {long: close, short: close}}", 1, "short, which is never"),
        ("sizing: {notional: 1}\nentry_order: {limit: {long: closs}}", 6, "did you mean 'close'"),
        ("sizing: {notional: 1}\nentry_order: {limit: {lang: close}}", 6, "did you mean 'long'"),
        ("sizing: {notional: 1}\nentry_order: {limits: {long: close}}", 6, "did you mean 'limit'"),
        ("sizing: {notional: 1}\nentry_order: {limit: {long: close}, bars: 0}", 6, "greater than 0"),
        ("sizing: {notional: 1}\nprotection: {partial_exits: {0.01: 0.5, 0.02: 0.5}}", 6, "less than 1"),
        ("sizing: {notional: 1}\nprotection: {take_profit: 0.01, partial_exits: {0.01: 0.5}}", 6, "before the take"),
        ("sizing: {notional: 1}\nprotection: {partial_exits: {soon: 0.5}}", 6, "partial_exits"),
        ("sizing: {notional: 1}\nprotection: {take_profit_order: limit}", 6, "does nothing without"),
        ("sizing: {notional: 1}\nprotection: {take_profit_order: stop}", 6, "take_profit_order"),
        ("sizing: {notional: 1}\ncosts: {taker: 0.1}", 6, "did you mean 'taker_fee'"),
        ("sizing: {notional: 1}\ncosts: {taker_fee: 5}", 6, "less than or equal to 0.1"),
    ],
)
def test_what_is_said_wrongly_is_refused_at_its_place(text, line, said):
    with pytest.raises(PlayError) as refused:
        parse_play(BASE + text, "play.yml")

    assert str(refused.value).startswith(f"play.yml:{line}:")
    assert said in str(refused.value)


def test_new_words_count_in_the_hash_costs_do_not():
    plain = a_play()
    others = [a_play(WAITING), a_play(WAITING.replace("5}", "6}")), a_play(sizing=VOLATILE), a_play(PARTED),
              a_play(PARTED.replace("0.25", "0.2")), a_play(PARTED[:-2] + ", take_profit_order: limit}")]  # fmt: skip

    assert len({plain.hash, *(one.hash for one in others)}) == 7
    assert a_play("costs: {taker_fee: 0.01}\n").hash == plain.hash


def test_costs_of_the_play_are_what_is_charged_when_nobody_says_otherwise():
    play = a_play("costs: {taker_fee: 0.001, slippage_percent: 0.1, funding_rate: -0.0001}\n")

    fees = usual_fees(play, INSTRUMENT)

    assert (fees.taker, fees.maker, fees.slippage) == (D("0.001"), INSTRUMENT.maker_fee, D("0.001"))
    assert fees.funding_rate == D("-0.0001")
    assert run(play, made(500)).final_equity == run(play, made(500), fees).final_equity
    assert usual_fees(a_play(), INSTRUMENT).taker == INSTRUMENT.taker_fee


@pytest.mark.parametrize(
    ("play", "word"),
    [
        (lambda: a_play(WAITING), "entry_order"),
        (lambda: a_play(PARTED), "partial_exits"),
        (lambda: a_play(sizing=VOLATILE), "volatility_percent"),
        (lambda: a_play("costs: {funding_rate: 0.0001}\n"), "funding_rate"),
    ],
)
def test_a_shared_account_refuses_what_it_does_not_do(play, word):
    timeline = timeline_over([span_of(made(200))], "1m")

    with pytest.raises(BacktestError, match=word):
        Portfolio(play(), CASH, timeline, 1).add(made(200), INSTRUMENT)


def test_plays_without_new_words_keep_their_rows():
    assert run(a_play(), made(500)).run.trades.shape[1] == TRADE
