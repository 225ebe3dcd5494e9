import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from play_builders import START_NS, a_play, entering, histories, made

from engine.errors import MarketDataGap
from engine.signal import Intent
from plays.evaluator import Evaluator, batch
from plays.loading import library_plays, load_play
from plays.parity import first_difference, parity, stepped_arrays

MINUTE_NS = 60_000_000_000


@pytest.mark.parametrize("name", sorted(library_plays()))
def test_b5_batch_and_step_agree_to_the_last_bit_on_all_recorded_candles(name):
    play = load_play(library_plays()[name])

    for candles in histories():
        found = parity(play, candles)
        assert found.holds, found
        assert found.entries > 50


TERMS = st.sampled_from(
    ["close", "open", "high", "low", "volume", "close[3]", "ema(9)", "ema(21)", "rsi(14)", "sma(rsi(7), 5)", "atr(14)",
     "bbands(20).upper", "macd().hist", "highest(20)[1]", "lowest(close, 10)", "twpa(5)", "velocity(3)", "spread(5)",
     "swing(3).high", "trend(3)", "volume_surge(2, 10)", "obv", "ewma(5)", "ema(close / open, 4)",
     "close / (open - close)",
     "ema(close / (open - close), 3)", "100", "0.5"]
)  # fmt: skip
FRAMES = st.sampled_from(["", "", " on 3m", " on 5m", " on 15m"])
NUMBERS = st.builds(lambda term, frame: f"({term}{frame})", TERMS, FRAMES)
SUMS = st.builds(lambda left, sign, right: f"({left} {sign} {right})", NUMBERS, st.sampled_from("+-*/"), NUMBERS)
COMPARISONS = st.builds(
    lambda left, sign, right, frame: f"{left} {sign} {right}{frame}",
    st.builds(lambda term: f"close * {term}", NUMBERS) | NUMBERS.map(lambda term: f"(volume + {term})"),
    st.sampled_from(["<", ">=", "!=", "crosses above", "crosses below"]), NUMBERS | SUMS, FRAMES,
)  # fmt: skip
RULES = st.recursive(
    COMPARISONS,
    lambda rule: (
        st.builds(lambda a, sign, b: f"({a}) {sign} ({b})", rule, st.sampled_from(["and", "or"]), rule)
        | rule.map(lambda a: f"not ({a})")
    ),
    max_leaves=4,
)


MARKETS = histories()


def replayed(play, candles, restarts):
    """What a live instance says that dies after so many bars and is fed again from the first, once or more."""
    heard, bars = {}, list(candles.bars())
    for dies_at in [*sorted(restarts), len(bars)]:
        evaluator = Evaluator(play)
        for position, bar in enumerate(bars[:dies_at]):
            again = evaluator.step(bar)
            assert spoken(heard.setdefault(position, again)) == spoken(again), f"another word at bar {position}"
    return heard


def spoken(signal):
    """A signal as text, in which every NaN is alike and no bit is lost."""
    return None if signal is None else (int(signal.intent), [(name, value.hex()) for name, value in signal.features])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(enter=RULES, leave=RULES, bars=st.integers(1, 700), seed=st.integers(0, 50), offset=st.integers(0, 20))
def test_b5_random_plays_give_the_same_bits_both_ways(enter, leave, bars, seed, offset):
    play = a_play(entry=f"\n  long: {enter}\n  short: {leave}", exit=f"\n  long: {leave}")
    candles = made(bars, seed, start_ns=START_NS + offset * MINUTE_NS)

    assert first_difference(batch(play, candles), stepped_arrays(play, candles)) == ""


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    enter=RULES, leave=RULES, market=st.integers(0, len(MARKETS) - 1), first=st.integers(0, 20_000),
    bars=st.integers(1, 600), restarts=st.lists(st.integers(0, 600), max_size=2),
)  # fmt: skip
def test_b5_random_plays_on_real_candles_are_the_same_through_restarts(enter, leave, market, first, bars, restarts):
    play = a_play(entry=f"\n  long: {enter}\n  short: {leave}", exit=f"\n  long: {leave}")
    candles = MARKETS[market].rows(first, first + bars)

    whole, heard = batch(play, candles), replayed(play, candles, [at for at in restarts if at < bars])

    assert [bar for bar, signal in heard.items() if signal is not None] == list(range(play.warmup_bars, bars))
    for bar in range(play.warmup_bars, bars):
        values = np.array([value for _, value in heard[bar].features])
        expected = np.array([column[bar] for column in whole.columns])
        assert int(heard[bar].intent) == whole.intents[bar]
        assert np.array_equal(values, expected, equal_nan=True)


def test_b15_a_restart_that_feeds_again_from_the_anchor_goes_on_identically():
    play, candles = load_play(library_plays()["ma_cross"]), made(2_000)
    whole = batch(play, candles)

    again = Evaluator(play)
    for bar in candles.rows(0, 1_200).bars():
        again.step(bar)
    signals = [again.step(bar) for bar in candles.rows(1_200, 2_000).bars()]

    assert [int(signal.intent) for signal in signals] == whole.intents[1_200:].tolist()
    assert [tuple(value for _, value in signal.features) for signal in signals] == [
        tuple(row) for row in whole.features[1_200:].tolist()
    ]


def test_b6_no_signal_before_the_warm_up_and_one_for_every_bar_after():
    play = entering("ema(20) > close on 5m")
    evaluator = Evaluator(play)

    signals = [evaluator.step(bar) for bar in made(900).bars()]

    assert [signal is None for signal in signals] == [True] * 104 + [False] * 796
    assert {signal.intent for signal in signals[104:]} == {Intent.NONE, Intent.ENTER_LONG}


@pytest.mark.parametrize("offset", range(5))
def test_the_warm_up_holds_wherever_in_a_higher_bar_the_history_begins(offset):
    play = entering("ema(3) > close on 5m")
    candles = made(200, start_ns=START_NS + offset * MINUTE_NS)

    run = batch(play, candles)

    assert np.isfinite(run.features[play.warmup_bars :]).all()


def test_a_higher_timeframe_shows_only_closed_bars():
    play = entering("close > 0 on 5m and (sma(close, 1) on 5m) > 0")
    candles = made(40)

    (column,) = batch(play, candles).columns

    assert column[14:].tolist() == [candles.close[(bar + 1) // 5 * 5 - 1] for bar in range(14, 40)]


def test_a_cross_on_a_higher_timeframe_counts_once():
    crossing, holding = entering("close crosses above open[1] on 5m"), entering("close > open[1] on 5m")
    candles = made(3_000)

    crossed = np.flatnonzero(batch(crossing, candles).intents)
    held = batch(holding, candles).intents

    assert len(crossed)
    assert {int(bar) % 5 for bar in crossed} == {4}
    assert all(held[bar] and held[bar + 4] for bar in crossed[:-1])


def test_a_gap_is_an_error_and_leaves_the_state_as_it_was():
    play, bars = entering("close > ema(3)"), list(made(20).bars())
    evaluator = Evaluator(play)
    for bar in bars[:10]:
        evaluator.step(bar)

    with pytest.raises(MarketDataGap, match="00:09 UTC comes that of 2020-01-01 00:11") as gap:
        evaluator.step(bars[11])
    with pytest.raises(MarketDataGap):
        evaluator.step(bars[9])

    assert (gap.value.from_ns, gap.value.to_ns) == (bars[10].open_time_ns, bars[10].open_time_ns)
    assert evaluator.step(bars[10]).close == bars[10].close


def test_candles_with_a_gap_are_refused_in_batch_too():
    candles = made(20)

    with pytest.raises(MarketDataGap):
        batch(entering("close > open"), candles.take(np.r_[0:5, 6:20]))


def test_nothing_divides_by_zero():
    play = entering("close / (open - open) > 0 or close / 0 < 0")

    assert not batch(play, made(50)).intents.any()


def test_a_play_with_fewer_candles_than_its_warm_up_says_nothing():
    run = batch(entering("ema(50) > close on 1h"), made(30))

    assert not run.intents.any()
    assert np.isnan(run.features).all()
