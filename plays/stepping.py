"""The program of a play bar by bar: each node keeps what it needs of the past, and no more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import isfinite

from engine.market import Bar, timeframe_ns
from plays.indicators import Stepper, catalogue
from plays.operators import CROSSES, NAN, ONE_BAR
from plays.program import Node, Program

Values = list[float]
Read = Callable[[Values], float]


class Frame:
    """Builds the bars of one timeframe from base bars: only whole ones, aligned to UTC midnight 1970."""

    def __init__(self, timeframe: str, base: str) -> None:
        self.timeframe = timeframe
        self._length_ns = timeframe_ns(timeframe)
        self._base_ns = timeframe_ns(base)
        self._parts: list[Bar] = []

    def add(self, bar: Bar) -> Bar | None:
        """The bar that closed with `bar`, if one did."""
        if self._length_ns == self._base_ns:
            return bar
        if not self._parts and bar.open_time_ns % self._length_ns:
            return None
        self._parts.append(bar)
        if len(self._parts) * self._base_ns < self._length_ns:
            return None
        parts, self._parts = self._parts, []
        return merged(parts)


def merged(parts: list[Bar]) -> Bar:
    """One bar of several that follow each other."""
    volume = parts[0].volume
    for part in parts[1:]:
        volume += part.volume  # in this order: the same bits as over arrays
    return Bar(
        open_time_ns=parts[0].open_time_ns, open=parts[0].open, high=max(part.high for part in parts),
        low=min(part.low for part in parts), close=parts[-1].close, volume=volume,
    )  # fmt: skip


class Stage:
    """All nodes of a program with their state. `step` takes a base bar and gives all values at its close."""

    def __init__(self, program: Program) -> None:
        self._values: Values = [NAN] * len(program.nodes)
        self._fresh: dict[str, bool] = {}
        self._outputs: dict[int, tuple[float, ...]] = {}
        self._frames = [
            (Frame(timeframe, program.timeframe), self._readers(program, timeframe)) for timeframe in program.timeframes
        ]
        self._bar = Bar(open_time_ns=0, open=NAN, high=NAN, low=NAN, close=NAN, volume=NAN)

    def step(self, bar: Bar) -> Values:
        """The values of all nodes at the close of `bar`; those of higher timeframes as of their last closed bar."""
        values = self._values
        for frame, readers in self._frames:
            closed = frame.add(bar)
            self._fresh[frame.timeframe] = closed is not None
            if closed is not None:
                self._bar = closed
                for position, read in readers:
                    values[position] = read(values)
        return values

    def _readers(self, program: Program, timeframe: str) -> list[tuple[int, Read]]:
        return [
            (position, self._reader(program, position, node))
            for position, node in enumerate(program.nodes)
            if node.timeframe == timeframe
        ]

    def _reader(self, program: Program, position: int, node: Node) -> Read:
        match node.kind:
            case "candle":
                return lambda _: getattr(self._bar, node.field)
            case "number":
                return lambda _: node.value
            case "indicator":
                return self._indicator(program, position, node)
            case "output":
                source, index = node.inputs[0], node.position
                return lambda _: self._outputs[source][index]
            case "ago":
                return _earlier(node)
            case "carry":
                return self._carry(node)
            case _:
                return _cross(node) if node.operator in CROSSES else _operation(node)

    def _indicator(self, program: Program, position: int, node: Node) -> Read:
        feeder = Feeder(program, node)

        def read(values: Values) -> float:
            self._outputs[position] = feeder.feed(values)
            return NAN  # its outputs are nodes of their own

        return read

    def _carry(self, node: Node) -> Read:
        source, timeframe = node.inputs[0], node.source
        if node.is_event:
            return lambda values: self._fresh[timeframe] and values[source]
        if node.is_condition:
            return lambda values: values[source] == 1.0  # NaN, nothing closed yet, is not true
        return lambda values: values[source]


class Feeder:
    """Feeds one indicator: waits until its inputs have values, repeats the last number where an input has none."""

    def __init__(self, program: Program, node: Node) -> None:
        indicator = catalogue()[node.indicator]
        self._stepper: Stepper = indicator.stepper(dict(node.values))
        self._inputs = node.inputs
        self._wait = max(program.nodes[position].lookback for position in node.inputs)
        self._nothing = (NAN,) * len(indicator.outputs)
        self._quiet = node.lookback
        self._bars = 0
        self._last = [0.0] * len(node.inputs)

    def feed(self, values: Values) -> tuple[float, ...]:
        """The outputs at this bar; NaN within the look-back."""
        self._bars += 1
        if self._bars <= self._wait:
            return self._nothing
        for place, position in enumerate(self._inputs):
            value = float(values[position])
            if isfinite(value):
                self._last[place] = value
        outputs = self._stepper.update(*self._last)
        return outputs if self._bars > self._quiet else self._nothing


def _earlier(node: Node) -> Read:
    source = node.inputs[0]
    past: deque[float] = deque([NAN] * node.bars, maxlen=node.bars + 1)

    def read(values: Values) -> float:
        past.append(values[source])
        return past[0]

    return read


def _operation(node: Node) -> Read:
    apply = ONE_BAR[node.operator]
    if len(node.inputs) == 1:
        only = node.inputs[0]
        return lambda values: apply(values[only])
    left, right = node.inputs
    return lambda values: apply(values[left], values[right])


def _cross(node: Node) -> Read:
    now, before = (ONE_BAR[symbol] for symbol in CROSSES[node.operator])
    left, right = node.inputs
    last = [NAN, NAN]

    def read(values: Values) -> float:
        here = (values[left], values[right])
        crossed = now(*here) and before(*last)
        last[:] = here
        return bool(crossed)

    return read
