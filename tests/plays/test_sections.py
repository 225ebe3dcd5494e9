import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from play_builders import SYMBOL, made

from engine.signal import Intent
from plays.evaluator import batch
from plays.loading import parse_play
from plays.parity import first_difference, stepped_arrays
from plays.sections import FOR_EVER, SectionState, section_state, section_step


def sectioned(side="long", extra="", **rules):
    lines = [f"  {name}: {rule}" for name, rule in rules.items()]
    head = ["name: tried", "why: It exists to be tested.", f"symbol: {SYMBOL}", "sizing: {notional: 1000}", "sections:"]
    return parse_play("\n".join([*head, f"  side: {side}", extra, *lines]))


def told(bars, lapse=FOR_EVER):
    """What the machine orders at each bar; a bar is the names of the sections that hold."""
    armed, orders = 0, []
    for bar in bars:
        holds = [name in bar.split() for name in ("S1", "O1", "Z1", "ZE1", "E1")]
        armed, enters, leaves = section_step(armed, *holds, lapse)
        orders.append("enter" * enters + "exit" * leaves)
    return orders


@pytest.mark.parametrize(
    ("bars", "lapse", "orders"),
    [
        (["Z1", "S1", "", "Z1"], FOR_EVER, ["", "", "", "enter"]),
        (["S1 Z1"], FOR_EVER, ["enter"]),
        (["S1", "O1", "Z1"], FOR_EVER, ["", "", ""]),
        (["S1", "O1 Z1", "Z1"], FOR_EVER, ["", "", ""]),
        (["S1", "", "Z1"], 2, ["", "", ""]),
        (["S1", "", "Z1"], 3, ["", "", "enter"]),
        (["S1", "Z1", "Z1", "S1", "Z1"], FOR_EVER, ["", "enter", "", "", "enter"]),
        (["S1", "Z1", "ZE1", "E1"], FOR_EVER, ["", "enter", "exit", "exit"]),
        (["S1", "Z1 E1", "Z1"], FOR_EVER, ["", "exit", "enter"]),
    ],
)
def test_e7_the_machine_of_the_five_sections(bars, lapse, orders):
    assert told(bars, lapse) == orders


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({"is_warm": False}, SectionState.INACTIVE),
        ({}, SectionState.MONITORING),
        ({"is_armed": True}, SectionState.SIGNAL_DETECTED),
        ({"enters": True}, SectionState.ENTRY),
        ({"has_position": True, "is_armed": True}, SectionState.POSITION_ACTIVE),
        ({"has_position": True, "exits": True}, SectionState.EXITING),
    ],
)
def test_e7_the_states(known, state):
    usual = {"is_warm": True, "is_armed": False, "has_position": False, "enters": False, "exits": False}

    assert section_state(**usual | known) is state


@pytest.mark.parametrize(("side", "enter", "leave"), [("long", 1, 2), ("short", 4, 8)])
def test_sections_say_the_intents_of_their_side(side, enter, leave):
    play = sectioned(side, S1="close > close[3]", Z1="close < close[1]", ZE1="close > close[1]")

    intents = batch(play, made(500)).intents

    assert set(intents.tolist()) == {0, enter, leave}
    assert Intent.ENTER_LONG | Intent.ENTER_SHORT == 5


CONDITIONS = st.sampled_from(
    ["close > open", "close > ema(9)", "rsi(7) < 40", "velocity(3) > 0 on 5m", "close crosses above sma(10)",
     "momentum(5) < -0.1", "pump_magnitude(10) > 0.5", "volume_surge(2, 10) > 1.2"]
)  # fmt: skip


@settings(max_examples=40, deadline=None, derandomize=True)
@given(rules=st.fixed_dictionaries({"S1": CONDITIONS, "Z1": CONDITIONS},
                                   optional={"O1": CONDITIONS, "ZE1": CONDITIONS, "E1": CONDITIONS}),
       lapse=st.none() | st.integers(1, 30), side=st.sampled_from(["long", "short"]),
       seed=st.integers(0, 9))  # fmt: skip
def test_b5_random_sections_give_the_same_bits_both_ways(rules, lapse, side, seed):
    play, candles = sectioned(side, f"  signal_minutes: {lapse}" if lapse else "", **rules), made(400, seed)

    assert first_difference(batch(play, candles), stepped_arrays(play, candles)) == ""


def test_the_side_and_the_lapse_decide_and_so_are_in_the_hash():
    rules = {"S1": "close > open", "Z1": "close < open"}

    plays = [sectioned(**rules), sectioned("short", **rules), sectioned(extra="  signal_minutes: 5", **rules)]

    assert len({play.hash for play in plays}) == 3
