import re
from pathlib import Path

import pytest
from play_builders import a_play

from plays.errors import PlayError
from plays.loading import find_play, library_plays, load_play, parse_play

GOOD = """\
name: tried
why: It exists to be tested.
symbol: BTC/USDT:USDT
timeframe: 1m
indicators:
  fast: ema(3)
entry:
  long: fast crosses above ema(8)
exit:
  long: "fast < ema(8)"
sizing: {notional: 1000}
protection:
  stoploss: -0.02
  minimal_roi: {0: 0.04, 60: 0.01}
"""


SECTIONS = """\
name: tried
why: It exists to be tested.
symbol: BTC/USDT:USDT
sizing: {notional: 1000}
sections:
  side: long
  S1: momentum(5) > 1
  Z1: velocity(3) > 0
"""


def changed(old, new):
    assert old in GOOD
    return GOOD.replace(old, new)


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        (changed("name: tried", "nam: tried"), 1, 1, "unknown key 'nam' (did you mean 'name'?)"),
        (changed("  stoploss", "  stop_loss"), 13, 3, "unknown key 'stop_loss' (did you mean 'stoploss'?)"),
        (changed("why: It exists to be tested.\n", ""), 1, 1, "why is missing"),
        (changed("timeframe: 1m", "timeframe: 7m"), 4, 12, "unknown timeframe '7m'"),
        (changed("BTC/USDT:USDT", "BTCUSDT"), 3, 9, "symbol"),
        (changed("ema(3)", "emma(3)"), 6, 9, "did you mean 'ema'"),
        (changed("fast crosses above ema(8)", "fast crosses above rsj(8)"), 8, 28, "did you mean 'rsi'"),
        (changed('"fast < ema(8)"', '"fast < emq(8)"'), 10, 17, "did you mean 'ema'"),
        (changed("fast crosses above ema(8)", "fst crosses above ema(8)"), 8, 9, "did you mean 'fast'"),
        (changed("  long: fast crosses above ema(8)", "  long:\n    - close > 1\n    - close >"), 10, 14, "ends"),
        (changed("{notional: 1000}", "{notional: -1}"), 11, 20, "greater than 0"),
        (changed("{notional: 1000}", "{notional: 1000, risk_percent: 1}"), 11, 9, "exactly one of"),
        (changed("{0: 0.04, 60: 0.01}", "{x: 0.04}"), 14, 17, "minimal_roi"),
        (changed("stoploss: -0.02", "trailing_stop: true"), 13, 3, "trailing_stop needs a stoploss"),
        (changed("why: It", "why: [It"), 3, 7, "not YAML"),
        (GOOD + "name: again\n", 15, 1, "'name' is given twice"),
        ("- a list", 1, 1, "a play is a mapping"),
        ("", 1, 1, "a play is a mapping"),
        (changed("  fast: ema(3)", "  fast: fast + 1"), 6, 9, "unknown name 'fast'"),
        (GOOD + "sections: {side: long, S1: close > 1, Z1: close > 2}", 1, 1, "either entry and exit, or sections"),
        (SECTIONS.replace("Z1:", "Z2:"), 8, 3, "unknown key 'Z2' (known are side, S1, Z1, O1"),
        (SECTIONS.replace("  Z1: velocity(3) > 0\n", ""), 6, 3, "sections.Z1 is missing"),
        (SECTIONS.replace("velocity(3)", "velocitty(3)"), 8, 7, "did you mean 'velocity'"),
    ],
)
def test_b2_every_error_names_line_and_column(text, line, column, said):
    with pytest.raises(PlayError) as refusal:
        parse_play(text, "mine.yml")

    assert said in str(refusal.value)
    assert str(refusal.value).startswith(f"mine.yml:{line}:{column}: ")


def test_a_condition_over_several_lines_names_its_words_instead():
    text = changed("fast crosses above ema(8)", ">-\n    close > 1\n    and rsj(8) < 3")

    with pytest.raises(PlayError, match=r"unknown indicator 'rsj', near 'rsj\(8\) < 3'"):
        parse_play(text)


def test_plays_that_decide_the_same_have_the_same_hash():
    one = parse_play(GOOD)
    spelled = parse_play(changed("fast crosses above ema(8)", "(ema( 3 )) crosses above ema(timeperiod=8)")
                         .replace("name: tried", "name: other").replace("-0.02", "0.020"))  # fmt: skip

    assert one.hash == spelled.hash
    assert one.hash == "9e0c815d7aad"


@pytest.mark.parametrize(
    ("old", "new"),
    [("ema(8)", "ema(9)"), ("1000", "1001"), ("-0.02", "-0.03"), ("timeframe: 1m", "timeframe: 5m"),
     ("60: 0.01", "61: 0.01"), ("BTC/", "ETH/")],
)  # fmt: skip
def test_plays_that_decide_otherwise_have_another_hash(old, new):
    assert parse_play(GOOD).hash != parse_play(changed(old, new)).hash


def test_what_ships_is_right_and_says_why():
    plays = {name: load_play(path) for name, path in library_plays().items()}

    assert {"breakout", "ma_cross", "quickstart"} <= set(plays)
    assert all(play.name == name and len(play.why) > 40 for name, play in plays.items())
    assert all(play.protection.stoploss for play in plays.values())
    assert all(plays[name].entry.long and plays[name].entry.short for name in ("breakout", "ma_cross", "quickstart"))


def test_a_play_is_found_by_name_own_ones_first_or_by_file(tmp_path):
    mine = tmp_path / "ma_cross.yml"
    mine.write_text(GOOD)

    assert find_play("ma_cross", [tmp_path]) == mine
    assert find_play(str(mine)) == mine
    assert find_play("breakout", [tmp_path]) == library_plays()["breakout"]
    with pytest.raises(PlayError, match="did you mean 'breakout'"):
        find_play("brakout", [tmp_path])
    with pytest.raises(PlayError, match="no such file"):
        find_play("nowhere.yml")


def test_a_file_that_cannot_be_read_is_said_so(tmp_path):
    (tmp_path / "latin.yml").write_bytes(b"name: caf\xe9")

    with pytest.raises(PlayError, match="not UTF-8"):
        load_play(tmp_path / "latin.yml")
    with pytest.raises(PlayError, match="cannot read"):
        load_play(tmp_path / "missing.yml")


def test_av4_a_play_is_data_and_cannot_name_anything_but_prices_and_indicators():
    for attempt in ("__import__('os')", "close.real > 1", "open('x') > 1", "exec(1) > 1", "position > 0", "equity > 0"):
        with pytest.raises(PlayError):
            a_play(entry=f'{{long: "{attempt}"}}', exit="{}")


def test_the_guide_to_plays_shows_one_that_is_right():
    guide = (Path(__file__).resolve().parents[2] / "runbooks" / "plays.md").read_text(encoding="utf-8")

    (example,) = re.findall(r"```yaml\n(name:.*?)```", guide, re.DOTALL)

    assert parse_play(example).warmup_bars > 0
