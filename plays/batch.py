"""The program of a play over arrays: one node after the other, so that a driver can answer between any two."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from engine.candles import Candles
from engine.market import timeframe_ns
from plays.indicators import catalogue
from plays.operators import CROSSES, compiled_crossed, compiled_marked, over_arrays
from plays.paired import both_crosses, read_only, two_averages
from plays.program import Node, Program

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Floats = NDArray[np.float64]


# what is kept for the next run: enough that a grid finds again what it just used, whatever the length of the history
MOST_BYTES, LEAST_COLUMNS = 96_000_000, 16


class SharedColumns:
    """What runs over the same candles have in common: bars of higher timeframes, indicators, prices in ticks.

    Kept is what was used last, up to MOST_BYTES, at least LEAST_COLUMNS things.

    Raises MarketDataGap when the candles have a gap. Several threads may use it; at worst one computes a thing again.
    """

    def __init__(self, candles: Candles) -> None:
        candles.require_contiguous()
        self.candles = candles
        self._kept: OrderedDict[tuple[str, str], Any] = OrderedDict()

    def frame(self, timeframe: str) -> Candles:
        """The whole bars of a timeframe."""
        frame: Candles = self.get(("frame", timeframe), lambda: aggregated(self.candles, timeframe))
        return frame

    def has(self, key: tuple[str, str]) -> bool:
        return key in self._kept

    def get(self, key: tuple[str, str], compute: Callable[[], Any]) -> Any:
        """What is kept under `key`, computed when it is not."""
        value = self._kept.get(key)
        if value is None:
            value = self._kept[key] = compute()
            self._forget()
        else:
            self._touch(key)
        return value

    def _touch(self, key: tuple[str, str]) -> None:
        with suppress(KeyError):  # another thread has just forgotten it
            self._kept.move_to_end(key)

    def _forget(self) -> None:
        """Lets go of what was not used for longest."""
        sizes = [(key, bytes_of(value)) for key, value in list(self._kept.items())]
        excess = sum(size for _, size in sizes) - MOST_BYTES
        for key, size in sizes[:-LEAST_COLUMNS]:
            if excess <= 0:
                return
            self._kept.pop(key, None)
            excess -= size


class BatchRun:
    """Computes the nodes of `program` over candles, one per `advance`."""

    def __init__(self, program: Program, shared: SharedColumns) -> None:
        self.candles = shared.candles
        self._program = program
        self._shared = shared
        self._values: list[Any] = []
        self._ahead: dict[int, Array] = {}  # nodes whose turn is still to come, computed with another
        self._frames = {frame: shared.frame(frame) for frame in program.timeframes}

    def advance(self) -> bool:
        """Computes the next node; False when all are done."""
        if len(self._values) == len(self._program.nodes):
            return False
        self._values.append(self._compute(self._program.nodes[len(self._values)]))
        return True

    def column(self, position: int) -> Floats:
        """The values of one node of the base timeframe."""
        values: Floats = self._values[position]
        return values

    def number(self, position: int) -> Floats:
        """The values of one node of the base timeframe that may be a constant; NaN during warm-up."""
        import numpy as np

        values = np.array(np.broadcast_to(self._values[position], len(self.candles)), np.float64)
        values[: self._program.warmup_bars] = np.nan
        return values

    def holds(self, rule: str) -> NDArray[np.bool_]:
        """Whether a rule holds, by bar; nowhere when the play does not have it."""
        import numpy as np

        position = self._program.rules.get(rule)
        return np.zeros(len(self.candles), bool) if position is None else self._values[position]

    def intents(self, bits: Mapping[str, int]) -> NDArray[np.int8]:
        """The rules as bits per bar; nothing during warm-up."""
        import numpy as np

        intents = np.zeros(len(self.candles), np.int8)
        for name, position in self._program.rules.items():
            compiled_marked()(self._values[position], bits[name], intents)
        intents[: self._program.warmup_bars] = 0
        return intents

    def _compute(self, node: Node) -> Any:
        match node.kind:
            case "candle":
                return getattr(self._frames[node.timeframe], node.field)
            case "number":
                return node.value
            case "indicator":
                return self._shared.get((node.timeframe, node.text), lambda: self._indicator(node))
            case "output":
                return self._values[node.inputs[0]][node.position]
            case "ago":
                return earlier(self._values[node.inputs[0]], node.bars)
            case "carry":
                return self._carry(node)
            case _:
                return self._operation(node)

    def _indicator(self, node: Node) -> tuple[Floats, ...]:
        """The outputs over the bars at which all inputs have values; NaN before."""
        start = max(self._program.nodes[position].lookback for position in node.inputs)
        size = len(self._frames[node.timeframe])
        inputs = [self._input(position, start, size) for position in node.inputs]
        indicator = catalogue()[node.indicator]
        if size <= node.lookback:
            return tuple(_nothing(size) for _ in indicator.outputs)
        partner = self._partner(node)
        if partner is not None:
            first, second = two_averages(inputs[0], period_of(node), period_of(partner))
            waiting = (_masked(second, start, partner.lookback),)
            self._shared.get((partner.timeframe, partner.text), lambda: waiting)
            return (_masked(first, start, node.lookback),)
        columns = indicator.batch(inputs, dict(node.values))
        return tuple(_masked(column, start, node.lookback) for column in columns)

    def _partner(self, node: Node) -> Node | None:
        """Another average of the same series that is still to be computed."""
        if node.indicator != "ewma":
            return None
        size = len(self._frames[node.timeframe])
        for other in self._program.nodes:
            is_alike = other.indicator == "ewma" and other.inputs == node.inputs and other.values != node.values
            if is_alike and size > other.lookback and not self._shared.has((other.timeframe, other.text)):
                return other
        return None

    def _input(self, position: int, start: int, size: int) -> Floats:
        import numpy as np

        values = self._values[position]
        if not isinstance(values, np.ndarray):
            return np.full(size - start, values)
        return values[start:] if self._program.nodes[position].kind == "candle" else held(values[start:])

    def _operation(self, node: Node) -> Array:
        import numpy as np

        if len(self._values) in self._ahead:
            return self._ahead.pop(len(self._values))
        operands = [self._values[position] for position in node.inputs]
        if node.operator not in CROSSES:
            return over_arrays(node.operator)(*operands)
        opposite = self._opposite(node)
        if opposite is None or not all(isinstance(one, np.ndarray) for one in operands):
            return crossings(node.operator, operands, len(self._frames[node.timeframe]))
        above, below = both_crosses(*operands)
        here, there = (above, below) if node.operator == "crosses above" else (below, above)
        self._ahead[opposite] = there
        return here

    def _opposite(self, node: Node) -> int | None:
        """The position of the cross of the same two the other way, when it is asked for later."""
        for position, other in enumerate(self._program.nodes[len(self._values) + 1 :], len(self._values) + 1):
            if other.operator in CROSSES and other.inputs == node.inputs and other.operator != node.operator:
                return position
        return None

    def _carry(self, node: Node) -> Array:
        import numpy as np

        values = self._values[node.inputs[0]]
        first, ratio = alignment(self.candles, node.source)
        carried: Array = np.zeros(len(self.candles), bool) if node.is_condition else _nothing(len(self.candles))
        if node.is_event:
            carried[first + ratio - 1 : first + ratio * len(values) : ratio] = values
        else:
            part = carried[first + ratio - 1 :]
            part[:] = np.repeat(values, ratio)[: len(part)]
        return carried


def bytes_of(value: Any) -> int:
    """What a kept thing takes: an array, several, or candles."""
    if isinstance(value, Candles):
        return len(value) * 48
    return sum(one.nbytes for one in value) if isinstance(value, tuple) else int(value.nbytes)


def alignment(candles: Candles, timeframe: str) -> tuple[int, int]:
    """(position of the first base bar that opens a bar of `timeframe`, base bars per such bar)."""
    frame_ns, base_ns = timeframe_ns(timeframe), timeframe_ns(candles.timeframe)
    if len(candles) == 0:
        return 0, frame_ns // base_ns
    return -int(candles.open_time_ns[0]) % frame_ns // base_ns, frame_ns // base_ns


def aggregated(candles: Candles, timeframe: str) -> Candles:
    """The complete bars of `timeframe` within `candles`, aligned to UTC midnight 1970."""
    if timeframe == candles.timeframe:
        return candles
    first, ratio = alignment(candles, timeframe)
    count = max(0, len(candles) - first) // ratio

    def grouped(column: Array) -> Array:
        return column[first : first + count * ratio].reshape(count, ratio)

    volumes = grouped(candles.volume)
    volume = volumes[:, 0].copy()
    for bar in range(1, ratio):
        volume += volumes[:, bar]  # in the order a stream adds them: the same bits
    return Candles(
        symbol=candles.symbol, timeframe=timeframe, open_time_ns=grouped(candles.open_time_ns)[:, 0].copy(),
        open=grouped(candles.open)[:, 0].copy(), high=grouped(candles.high).max(axis=1),
        low=grouped(candles.low).min(axis=1), close=grouped(candles.close)[:, -1].copy(), volume=volume,
    )  # fmt: skip


def earlier(values: Any, bars: int) -> Any:
    """The values `bars` earlier; NaN before there are any."""
    import numpy as np

    if not isinstance(values, np.ndarray):
        return values
    result = _nothing(len(values))
    result[bars:] = values[: max(0, len(values) - bars)]
    return result


def crossings(operator: str, operands: list[Any], size: int) -> Array:
    """Where left crosses right, in one pass over both."""
    import numpy as np

    left, right = (read_only(one if isinstance(one, np.ndarray) else np.full(size, float(one))) for one in operands)
    result = np.zeros(size, bool)
    compiled_crossed()(left[:-1], right[:-1], left[1:], right[1:], operator == "crosses above", result[1:])
    return result


def period_of(node: Node) -> float:
    """The period of an average."""
    period = catalogue()[node.indicator].parameters[0]
    return dict(node.values).get(period.name, period.default)


def held(values: Floats) -> Floats:
    """`values` fit to enter an indicator: what is no number repeats the last one that is (0 when there is none)."""
    import numpy as np

    finite = np.isfinite(values)
    if finite.all():
        return values
    positions = np.maximum.accumulate(np.where(finite, np.arange(len(values)), -1))
    return np.where(positions >= 0, values[positions], 0.0)


def _nothing(size: int) -> Floats:
    import numpy as np

    return np.full(size, np.nan)


def _masked(column: Floats, start: int, lookback: int) -> Floats:
    """`column` with the bars before it, and no value within the look-back."""
    import numpy as np

    whole = np.concatenate([_nothing(start), column]) if start else column
    whole[:lookback] = np.nan
    return whole
