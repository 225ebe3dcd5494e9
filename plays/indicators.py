"""The catalogue of indicators: name -> inputs, parameters, outputs, warm-up, and how it is computed.

Every indicator can be computed over arrays (`batch`) and bar by bar (`stepper`), with the identical bits: TA-Lib's
stateful streams equal its batch functions; what it lacks is in `features.py`, a compiled step that batch loops over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from plays import features

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CANDLE_FIELDS = ("open", "high", "low", "close", "volume")
# it wants a period per bar, which no condition can say
WITHOUT = frozenset({"MAVP"})
ALIASES = {"highest": ("max", ("high",)), "lowest": ("min", ("low",)), "average": ("sma", ("close",))}


class Stepper(Protocol):
    """An indicator fed bar by bar, from its first usable input on."""

    def update(self, *inputs: float) -> tuple[float, ...]:
        """The outputs at this bar; NaN while the indicator is warming up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    name: str
    default: float
    is_integer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One entry of the catalogue. `inputs` are candle fields; the first `free_inputs` of them may be other series.

    `lookback(parameters)` is how many bars come before the first value; negative when a parameter is out of range.
    """

    name: str
    title: str
    inputs: tuple[str, ...]
    free_inputs: int
    parameters: tuple[Parameter, ...]
    outputs: tuple[str, ...]
    lookback: Callable[[Mapping[str, float]], int]
    batch: Callable[[Sequence[Floats], Mapping[str, float]], tuple[Floats, ...]]
    stepper: Callable[[Mapping[str, float]], Stepper]


@cache
def catalogue() -> Mapping[str, Indicator]:
    """All indicators by their lower-case name."""
    from talib import get_functions

    entries = {name.lower(): _from_talib(name) for name in get_functions() if name not in WITHOUT}
    entries |= {feature.name: _from_feature(feature) for feature in features.FEATURES}
    for alias, (name, inputs) in ALIASES.items():
        entries[alias] = _renamed(entries[name], alias, inputs)
    return entries


def output_index(indicator: Indicator, output: str) -> int | None:
    """Position of the output a play means: its full name, or that without the indicator's name or `band`."""
    for position, name in enumerate(indicator.outputs):
        short = name.removeprefix(indicator.name).removesuffix("band")
        if output.lower() in (name, short):
            return position
    return 0 if not output and (len(indicator.outputs) == 1 or indicator.outputs[0] == indicator.name) else None


def parameter_named(indicator: Indicator, name: str) -> Parameter | None:
    """The parameter a play means: `fastperiod`, or in short `fast`; `period` for the only one."""
    for parameter in indicator.parameters:
        if name.lower() in (parameter.name, parameter.name.removesuffix("period"), parameter.name.removeprefix("time")):
            return parameter
    return None


def _renamed(indicator: Indicator, name: str, inputs: tuple[str, ...]) -> Indicator:
    return replace(indicator, name=name, inputs=inputs)


# --- TA-Lib ----------------------------------------------------------------------------------------------------------


def _from_talib(name: str) -> Indicator:
    info = _described(name).info
    groups = [
        (kind, (fields,) if isinstance(fields, str) else tuple(fields)) for kind, fields in info["input_names"].items()
    ]
    parameters = tuple(
        Parameter(name=key, default=float(value), is_integer=isinstance(value, int))
        for key, value in info["parameters"].items()
    )
    outputs = tuple(info["output_names"])
    return Indicator(
        name=name.lower(), title=info["display_name"], inputs=tuple(field for _, fields in groups for field in fields),
        free_inputs=sum(kind != "prices" for kind, _ in groups), parameters=parameters, outputs=outputs,
        lookback=lambda values: _talib_lookback(name, values),
        batch=lambda inputs, values: _talib_batch(name, inputs, values),
        stepper=lambda values: TalibStepper(name, values, len(outputs)),
    )  # fmt: skip


def _described(name: str) -> Any:
    """TA-Lib's own account of a function: its inputs, parameters and look-back."""
    from talib import abstract

    describe: Callable[[str], Any] = vars(abstract)["Function"]
    return describe(name)


def _arguments(name: str, values: Mapping[str, float]) -> dict[str, float]:
    """The parameters as TA-Lib takes them: whole ones as int."""
    whole = {parameter.name for parameter in catalogue()[name.lower()].parameters if parameter.is_integer}
    return {key: int(value) if key in whole else value for key, value in values.items()}


def _talib_lookback(name: str, values: Mapping[str, float]) -> int:
    function = _described(name)
    if values:
        function.parameters = _arguments(name, values)
    return int(function.lookback)


def _talib_batch(name: str, inputs: Sequence[Floats], values: Mapping[str, float]) -> tuple[Floats, ...]:
    import numpy as np
    import talib

    result = getattr(talib, name)(*(np.ascontiguousarray(column) for column in inputs), **_arguments(name, values))
    columns = result if isinstance(result, tuple | list) else (result,)
    return tuple(column if column.dtype == np.float64 else column.astype(np.float64) for column in columns)


class TalibStepper:
    """A TA-Lib stream: bars are collected until it can be opened, then it goes on bar by bar."""

    def __init__(self, name: str, values: Mapping[str, float], outputs: int) -> None:
        from talib import stream

        self._open: Callable[..., Any] = getattr(stream, name)
        self._values = _arguments(name, values)
        self._least = _talib_lookback(name, values) + 1
        self._nothing = (float("nan"),) * outputs
        self._single = outputs == 1
        self._history: list[tuple[float, ...]] = []
        self._update: Callable[..., Any] | None = None

    def update(self, *inputs: float) -> tuple[float, ...]:
        """The outputs at this bar; NaN while the indicator is warming up."""
        if self._update is None:
            return self._warm_up(inputs)
        value = self._update(*inputs)
        return (float(value),) if self._single else tuple(map(float, value))

    def _warm_up(self, inputs: tuple[float, ...]) -> tuple[float, ...]:
        import numpy as np
        import talib

        self._history.append(inputs)
        if len(self._history) < self._least:
            return self._nothing
        try:
            handle = self._open(*np.array(self._history).T.copy(), **self._values)
        except talib.InsufficientHistory:
            return self._nothing
        self._update, self._history = handle.update, []
        return (float(handle.value),) if self._single else tuple(map(float, handle.value))


# --- ours ------------------------------------------------------------------------------------------------------------


def _from_feature(feature: features.Feature) -> Indicator:
    return Indicator(
        name=feature.name, title=feature.title, inputs=feature.inputs, free_inputs=feature.free_inputs,
        parameters=tuple(Parameter(name=name, default=value, is_integer=True) for name, value in feature.parameters),
        outputs=feature.outputs, lookback=feature.lookback, batch=feature.batch, stepper=feature.stepper,
    )  # fmt: skip
