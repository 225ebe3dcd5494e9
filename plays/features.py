"""Features TA-Lib lacks: the pump family (TWPA, velocity, volume surge, ...), and market structures.

Each is one branch of `step`: from the last bars and a little state to its outputs. Batch is a loop over that same
compiled function, so both ways give the same bits. Windows are summed afresh at each bar: a value never depends on
where the history began, except for structures, which remember what they saw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.compiled import compile_with

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STATE = 8
MOST_BARS = 5_000
EWMA, TWPA, VELOCITY, VOLUME_SURGE, PUMP_MAGNITUDE, MOMENTUM, SPREAD, SWINGS, TREND, ZONES = range(10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """`window` says how many bars a value reads; `lookback` how many bars come before the first value."""

    kind: int
    name: str
    title: str
    inputs: tuple[str, ...]
    free_inputs: int
    parameters: tuple[tuple[str, float], ...]
    outputs: tuple[str, ...]
    window: Callable[..., int]
    warm_up: Callable[..., int] | None = None

    def lookback(self, values: Mapping[str, float]) -> int:
        """Bars before the first value; negative when a parameter is out of range."""
        numbers = self._numbers(values)
        if not all(1 <= number <= MOST_BARS for number in numbers):
            return -1
        return int((self.warm_up or self.window)(*numbers)) - 1

    def batch(self, inputs: Sequence[Floats], values: Mapping[str, float]) -> tuple[Floats, ...]:
        """The outputs at every bar; NaN before the first."""
        import numpy as np

        columns = np.ascontiguousarray(inputs[0]).reshape(1, -1) if len(inputs) == 1 else np.vstack(list(inputs))
        if not columns.flags.writeable:
            columns = columns.copy()  # candles from a file are read-only, for which numba would compile once more
        out = np.empty((len(self.outputs), columns.shape[1]))
        parameters = np.array(self._numbers(values), dtype=np.float64)
        window, lookback = int(self.window(*parameters)), self.lookback(values)
        compiled_loop()(self.kind, columns, window, parameters, np.zeros(STATE), out)
        out[:, :lookback] = np.nan
        return tuple(out)

    def stepper(self, values: Mapping[str, float]) -> FeatureStepper:
        return FeatureStepper(self, values)

    def _numbers(self, values: Mapping[str, float]) -> list[float]:
        return [values.get(name, default) for name, default in self.parameters]


class FeatureStepper:
    """A feature fed bar by bar: keeps the last bars it reads, and its state."""

    def __init__(self, feature: Feature, values: Mapping[str, float]) -> None:
        import numpy as np

        self._kind = feature.kind
        self._parameters = np.array(feature._numbers(values), dtype=np.float64)
        self._window = np.zeros((len(feature.inputs), int(feature.window(*self._parameters))))
        self._wait = feature.lookback(values)
        self._state = np.zeros(STATE)
        self._out = np.zeros(len(feature.outputs))
        self._nothing = (float("nan"),) * len(feature.outputs)
        self._bars = 0

    def update(self, *inputs: float) -> tuple[float, ...]:
        """The outputs at this bar; NaN while the feature is warming up."""
        self._window[:, :-1] = self._window[:, 1:]
        self._window[:, -1] = inputs
        self._bars += 1
        if self._bars < self._window.shape[1]:
            return self._nothing
        compiled_step()(self._kind, self._window, self._parameters, self._state, self._out)
        return tuple(self._out.tolist()) if self._bars > self._wait else self._nothing


@cache
def compiled_step() -> Any:
    return compile_with(step, PARTS)


@cache
def compiled_loop() -> Any:
    return compile_with(loop, (*PARTS, step))


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
        out[0] = percent(window[2, -1], window[1].min())
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
        state[0], state[1], state[2] = 1.0, window[0].max(), window[0].max()
        state[3], state[4] = window[1].min(), window[1].min()
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


PARTS = (percent, change, smoothed, smooth, ewma, mean_price, surge, mean_range, is_peak, zones, structure)


def _feature(
    kind: int, name: str, title: str, inputs: str, parameters: Mapping[str, float], window: Callable[..., int],
    *, outputs: tuple[str, ...] = ("real",), free: int = 0, warm_up: Callable[..., int] | None = None,
) -> Feature:  # fmt: skip
    return Feature(
        kind=kind, name=name, title=title, inputs=tuple(inputs.split()), free_inputs=free,
        parameters=tuple(parameters.items()), outputs=outputs, window=window, warm_up=warm_up,
    )  # fmt: skip


def _both_sides(swing: float, *_: float) -> int:
    return 2 * int(swing) + 1


FEATURES = (
    # four times the period is where the seed's weight has fallen below 0.04 %
    _feature(EWMA, "ewma", "Exponential average seeded with the first value", "close", {"period": 20},
             lambda period: 1, free=1, warm_up=lambda period: 4 * int(period)),
    _feature(TWPA, "twpa", "Time-weighted price average", "open high low close", {"period": 5},
             int),
    _feature(VELOCITY, "velocity", "Price velocity, percent per bar", "close", {"period": 5},
             lambda period: int(period) + 1, free=1),
    _feature(VOLUME_SURGE, "volume_surge", "Volume of the last bars over that before", "volume",
             {"short": 3, "long": 30}, lambda short, long: int(short) + int(long), free=1),
    _feature(PUMP_MAGNITUDE, "pump_magnitude", "Percent above the lowest low", "high low close", {"period": 15},
             int),
    _feature(MOMENTUM, "momentum", "Percent change over the period", "close", {"period": 10},
             lambda period: int(period) + 1, free=1),
    _feature(SPREAD, "spread", "Average range in percent of the close", "high low close", {"period": 10},
             int),
    _feature(SWINGS, "swing", "Last confirmed swing points", "high low", {"bars": 5}, _both_sides,
             outputs=("high", "low")),
    _feature(TREND, "trend", "1: higher swings, -1: lower swings, 0: neither", "high low", {"bars": 5}, _both_sides),
    _feature(ZONES, "zone", "Support and resistance from the last swings", "high low", {"bars": 5, "width": 20},
             _both_sides, outputs=("support", "resistance")),
)  # fmt: skip
