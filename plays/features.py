"""Features TA-Lib lacks: the pump family (TWPA, velocity, volume surge, ...), and market structures.

Each is one branch of `feature_steps.step`. Batch is a loop over that same compiled function, so both ways give the
same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plays.feature_steps import (
    EWMA,
    MOMENTUM,
    PUMP_MAGNITUDE,
    SPREAD,
    STATE,
    SWINGS,
    TREND,
    TWPA,
    VELOCITY,
    VOLUME_SURGE,
    ZONES,
    compiled_loop,
    compiled_step,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_BARS = 5_000


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
