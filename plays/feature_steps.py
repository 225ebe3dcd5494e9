"""What each of our features is, written once as plain functions and compiled: from a window of bars and a little state
to its outputs. Windows are summed afresh at each bar: a value never depends on where the history began, except for
structures, which remember what they saw.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from engine.compiled import compile_with

STATE = 8
EWMA, TWPA, VELOCITY, VOLUME_SURGE, PUMP_MAGNITUDE, MOMENTUM, SPREAD, SWINGS, TREND, ZONES = range(10)


@cache
def compiled_step() -> Any:
    return compile_with(step, PARTS, allocates=False)


@cache
def compiled_loop() -> Any:
    return compile_with(loop, (*PARTS, step), allocates=False)


# --- compiled from here on -------------------------------------------------------------------------------------------


def loop(kind: int, columns: Any, window: int, parameters: Any, state: Any, out: Any) -> None:
    """`step` at every bar that has its window."""
    if kind == EWMA:
        smooth(columns[0], 2.0 / (parameters[0] + 1.0), out[0])
        return
    for bar in range(window - 1, columns.shape[1]):
        step(kind, columns[:, bar - window + 1 : bar + 1], parameters, state, out[:, bar])


def smooth(series: Any, weight: float, out: Any) -> None:
    """`ewma` over a whole series, in haste."""
    last = series[0]
    for bar in range(len(series)):
        last = smoothed(last, series[bar], weight) if bar else series[0]
        out[bar] = last


def smoothed(last: float, value: float, weight: float) -> float:
    """One step of an exponential average."""
    return weight * value + (1.0 - weight) * last


def step(kind: int, window: Any, parameters: Any, state: Any, out: Any) -> None:
    """The outputs of one feature at the last bar of `window` (inputs x bars, oldest first)."""
    if kind == EWMA:
        ewma(window, parameters, state, out)
    elif kind == TWPA:
        out[0] = mean_price(window)
    elif kind == VELOCITY:
        out[0] = change(window[0]) / (window.shape[1] - 1)
    elif kind == VOLUME_SURGE:
        out[0] = surge(window[0], int(parameters[0]))
    elif kind == PUMP_MAGNITUDE:
        out[0] = percent(window[2, -1], lowest(window[1]))
    elif kind == MOMENTUM:
        out[0] = change(window[0])
    elif kind == SPREAD:
        out[0] = mean_range(window)
    else:
        structure(kind, window, parameters, state, out)


def percent(value: float, base: float) -> float:
    """How far `value` is above `base`, in percent of it; 0 for a base of 0."""
    if base == 0.0:
        return 0.0
    return (value - base) / base * 100.0


def lowest(series: Any) -> Any:
    """The lowest of finite values."""
    found = series[0]
    for bar in range(1, len(series)):
        found = min(found, series[bar])
    return found


def highest(series: Any) -> Any:
    """The highest of finite values."""
    found = series[0]
    for bar in range(1, len(series)):
        found = max(found, series[bar])
    return found


def change(series: Any) -> float:
    """Percent from the first to the last value."""
    return float(percent(series[-1], series[0]))


def ewma(window: Any, parameters: Any, state: Any, out: Any) -> None:
    """Exponential average, weight 2/(period+1), seeded with the first value ever seen."""
    value = window[0, 0]
    if state[0] == 0.0:
        state[0] = 1.0
        state[1] = value
    else:
        state[1] = smoothed(state[1], value, 2.0 / (parameters[0] + 1.0))
    out[0] = state[1]


def mean_price(window: Any) -> Any:
    """The average of (open + high + low + close) / 4: each bar lasts as long, so each weighs the same."""
    total = 0.0
    for bar in range(window.shape[1]):
        total += (window[0, bar] + window[1, bar] + window[2, bar] + window[3, bar]) / 4.0
    return total / window.shape[1]


def surge(volumes: Any, short: int) -> Any:
    """Average volume of the last `short` bars over that of the bars before them; 0 when those had none."""
    split = len(volumes) - short
    before = 0.0
    for bar in range(split):
        before += volumes[bar]
    last = 0.0
    for bar in range(split, len(volumes)):
        last += volumes[bar]
    if before == 0.0:
        return 0.0
    return (last / short) / (before / split)


def mean_range(window: Any) -> Any:
    """Average of (high - low) / close in percent: what bars can say about the spread."""
    total = 0.0
    for bar in range(window.shape[1]):
        total += (window[0, bar] - window[1, bar]) / window[2, bar] * 100.0
    return total / window.shape[1]


def structure(kind: int, window: Any, parameters: Any, state: Any, out: Any) -> None:
    """Swings, trend and zones, from the swing point (if any) that the last bar confirms.

    State: 0 started, 1 and 2 last swing high and the one before, 3 and 4 the same for lows, 5 and 6 tests of each.
    """
    side = int(parameters[0])
    if state[0] == 0.0:
        state[0], state[1], state[2] = 1.0, highest(window[0]), highest(window[0])
        state[3], state[4] = lowest(window[1]), lowest(window[1])
    if is_peak(window[0], side, 1.0):
        state[2], state[1] = state[1], window[0, side]
    if is_peak(window[1], side, -1.0):
        state[4], state[3] = state[3], window[1, side]
    if kind == SWINGS:
        out[0], out[1] = state[1], state[3]
    elif kind == TREND:
        rising = state[1] > state[2] and state[3] > state[4]
        falling = state[1] < state[2] and state[3] < state[4]
        out[0] = 1.0 if rising else -1.0 if falling else 0.0
    else:
        zones(window, parameters, state, out)


def is_peak(series: Any, side: int, sign: float) -> bool:
    """Whether the middle value is beyond all `side` values on its right and not below those on its left."""
    middle = sign * series[side]
    peak = True
    for bar in range(side):
        peak = peak and sign * series[bar] <= middle and sign * series[side + 1 + bar] < middle
    return peak


def zones(window: Any, parameters: Any, state: Any, out: Any) -> None:
    """Support and resistance: the last swing, or the middle of the last two if within `width` (1e-4) of each other."""
    width = parameters[1] / 10_000.0
    for kind in range(2):
        last, before = state[1 + 2 * kind], state[2 + 2 * kind]
        joined = abs(last - before) <= width * before
        level = (last + before) / 2.0 if joined else last
        out[1 - kind] = level


PARTS = (
    percent,
    lowest,
    highest,
    change,
    smoothed,
    smooth,
    ewma,
    mean_price,
    surge,
    mean_range,
    is_peak,
    zones,
    structure,
)
