import pytest
from play_builders import a_play, entering

from plays.errors import PlayError


def test_equal_terms_are_computed_once():
    program = entering("ema(20) > ema(50) and ema(20) < ema(50) * 2").program

    assert sum(node.kind == "indicator" for node in program.nodes) == 2


@pytest.mark.parametrize(
    ("condition", "bars"),
    [
        ("close > open", 0),
        ("close > close[3]", 3),
        ("close crosses above open", 1),
        ("ema(20) > close", 19),
        ("rsi(14)[2] > 30", 16),
        ("sma(rsi(14), 5) > 30", 18),
        ("ema(20) crosses above ema(50)", 50),
        ("ewma(20) crosses above ewma(50)", 200),
        ("close > open on 5m", 9),
        ("ema(20) > close on 5m", 104),
        ("close > (ema(3) on 15m)", 59),
    ],
)
def test_the_warm_up_follows_from_the_terms(condition, bars):
    assert entering(condition).warmup_bars == bars


def test_names_outputs_options_and_parameters_of_the_play():
    play = a_play(
        parameters="{fast: 12, wide: {value: 2.5, low: 1, high: 4}}",
        indicators="\n  bands: bbands(20, wide, wide)\n  slow_macd: macd(fast * 2, signal=9)",
        entry="{long: close > bands.upper and slow_macd.hist > 0 and macd(fast=fast).signal > 0}",
        exit="{}",
    )

    assert [play.program.nodes[position].text for position in play.program.features] == [
        "bbands(20, 2.5, 2.5, 0).upperband",
        "macd(24, 26, 9).macdhist",
        "macd(12, 26, 9).macdsignal",
    ]


@pytest.mark.parametrize(
    ("condition", "column", "said"),
    [
        ("rsj(14) < 30", 1, "did you mean 'rsi'"),
        ("close > emma", 9, "did you mean"),
        ("ema(20, 3) > close", 9, "takes only 1 number"),
        ("atr(close, 14) > 1", 5, "takes no series"),
        ("ema(lenght=20) > close", 1, "no parameter 'lenght'"),
        ("ema(2.5) > close", 5, "whole number"),
        ("ema(0) > close", 1, "cannot work with timeperiod=0"),
        ("ema(200000) > close", 1, "cannot work with"),
        ("bbands(20) > close", 1, "has several outputs: upperband, middleband, lowerband"),
        ("bbands(20).uper > close", 1, "did you mean 'upperband'"),
        ("ema(20)", 1, "a number, not a condition"),
        ("close and open > 1", 1, "joins conditions"),
        ("(close > 1) + 2 > 3", 8, "takes numbers"),
        ("1 > 2", 3, "never changes"),
        ("(close > open)[2]", 15, "looks back at a price"),
        ("sma((close > open), 5) > 1", 12, "needs numbers"),
        ("sma(ema(3) on 5m, 5) > 1", 12, "expected ','"),
    ],
)
def test_what_cannot_be_compiled_is_refused_with_its_place(condition, column, said):
    with pytest.raises(PlayError) as refusal:
        a_play(entry=f"\n  long: {condition}", exit="{}")

    assert said in str(refusal.value)
    assert (refusal.value.line, refusal.value.column) == (5, 8 + column)


def test_a_higher_timeframe_must_be_made_of_whole_base_bars():
    with pytest.raises(PlayError, match="1m bars cannot be made of 5m bars"):
        a_play(timeframe="5m", entry="{long: close > open on 1m}")
