from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from play_builders import INSTRUMENT, a_play, made

from engine.candles import Candles
from engine.errors import ConfigurationError
from plays.backtest import Fees
from plays.search import SearchRow, SearchSetting
from plays.walk_forward import Window, efficiency, parameter_ranges, stitched, stitched_equity, try_out, windows

CASH = Decimal(100_000)
DAY = 1_440


def play():
    return a_play(
        parameters="{fast: {value: 3, low: 2, high: 9, step: 1}}",
        entry="{long: ema(fast) crosses above ema(20), short: ema(fast) crosses below ema(20)}",
        exit="{long: ema(fast) crosses below ema(20), short: ema(fast) crosses above ema(20)}",
    )  # fmt: skip


def setting_of(candles):
    return SearchSetting(
        play=play(), candles=candles, instrument=INSTRUMENT, starting_equity=CASH, fees=Fees(taker=Decimal("0.0002")),
        figure="return_percent",
    )  # fmt: skip


def chosen(fast, in_sample=1.0):
    return SearchRow(values={"fast": float(fast)}, score=in_sample, figures={"return_percent": in_sample})


def walked(candles, *fasts):
    setting, parts, money = setting_of(candles), [], CASH
    for window, fast in zip(windows(candles, 2, 1, 20), fasts, strict=False):
        parts.append(try_out(setting, window, chosen(fast), money))
        money = parts[-1].result.final_equity
    return setting, parts


def test_windows_roll_by_a_test_and_what_is_tried_follows_what_was_chosen_on():
    found = windows(made(6 * DAY + 700), 2, 1, 20)

    assert found[0] == Window(train_first=0, test_first=2 * DAY, test_last=3 * DAY)
    assert [one.test_first for one in found[1:]] == [one.test_last for one in found[:-1]]
    assert len(found) == 4


@pytest.mark.parametrize(
    ("train", "test", "warmup", "said"), [(30, 10, 20, "there are 8640"), (1, 1, 2_000, "2000 are warm-up")]
)
def test_windows_that_do_not_fit_are_refused(train, test, warmup, said):
    with pytest.raises(ConfigurationError, match=said):
        windows(made(6 * DAY), train, test, warmup)


def test_equity_is_stitched_without_a_seam_and_every_window_ends_flat():
    setting, parts = walked(made(5 * DAY), 3, 5, 8)

    curve, whole = stitched_equity(parts), stitched(setting, parts)

    assert len(curve) == 3 * DAY
    assert all(part.equity[-1] == pytest.approx(float(part.result.final_equity)) for part in parts)
    assert [part.result.starting_equity for part in parts[1:]] == [part.result.final_equity for part in parts[:-1]]
    assert whole.final_equity == pytest.approx(float(parts[-1].result.final_equity))
    profit = sum(trade.pnl for part in parts for trade in part.result.trades)
    assert profit == parts[-1].result.final_equity - CASH
    assert whole.trades == sum(len(part.result.trades) for part in parts) > 100


def test_nothing_is_traded_before_the_window_and_nothing_after_it_is_known():
    candles = made(5 * DAY)
    _, parts = walked(candles, 3)
    window = parts[0].window
    beyond = slice(window.test_last, None)
    shocked = replace_prices(candles, beyond, 3.0)

    _, again = walked(shocked, 3)

    first_ns = int(candles.open_time_ns[window.test_first])
    assert min(trade.entry_time_ns for trade in parts[0].result.trades) > first_ns
    assert again[0].result.trades == parts[0].result.trades


def replace_prices(candles: Candles, rows: slice, factor: float) -> Candles:
    columns = {}
    for name in ("open", "high", "low", "close"):
        columns[name] = getattr(candles, name).copy()
        columns[name][rows] *= factor
    return replace(candles, **columns)


def test_efficiency_compares_returns_a_bar_and_wandering_parameters_are_seen():
    _, parts = walked(made(5 * DAY), 3, 8, 5)
    tried = sum(part.return_percent for part in parts)

    assert efficiency(parts) == pytest.approx(tried / 3.0 * 2)  # chosen on two days, tried on one
    assert parameter_ranges(parts) == {"fast": 5.0}
    losing = [replace(part, chosen=chosen(3, in_sample=-1.0)) for part in parts]
    assert efficiency(losing) is None
    assert np.isfinite(stitched_equity(parts)).all()
