"""A play over candles: all history at once (`batch`), or bar by bar (`Evaluator.step`). Both give the same bits.

The program of the play's rules is a flat list of nodes. Here each kind of node gets its two readings side by side: over
arrays, and at one bar. The operators are one table with both readings in each row. The state of a stepping evaluator
cannot be stored: after a restart it is rebuilt by feeding the bars again from the anchor, the first bar ever fed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.candles import Candles, gap_between
from engine.market import TIMEFRAME_MINUTES, Bar, timeframe_ns
from engine.signal import Intent, Signal
from plays.batch import BatchRun, SharedColumns
from plays.schema import RULES, Play
from plays.sections import NAMES, compiled_section_walk, section_step
from plays.stepping import Stage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SignalArrays:
    """The signals of a play over candles: `intents` per bar (`Intent` bits, 0 during warm-up), and what the rules read.

    `columns` are the features in the play's order, NaN where there is no value yet; `warmup_bars` bars have no signal.
    `numbers` are the terms that entries are made with, by name.
    """

    play_hash: str
    warmup_bars: int
    open_time_ns: NDArray[np.int64]
    intents: NDArray[np.int8]
    feature_names: tuple[str, ...]
    columns: tuple[Floats, ...]
    numbers: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def features(self) -> Floats:
        """The columns side by side: bars x features."""
        import numpy as np

        return np.column_stack(self.columns) if self.columns else np.empty((len(self.intents), 0))

    @property
    def hash(self) -> str:
        """A fingerprint of every time, intent and feature from the end of the warm-up on, to the last bit."""
        import numpy as np

        digest = hashlib.sha256(self.play_hash.encode())
        columns: list[NDArray[Any]] = [self.open_time_ns, self.intents, *self.columns, *self.numbers.values()]
        for column in columns:
            part = column[self.warmup_bars :]
            if part.dtype == np.float64:
                part = np.where(np.isnan(part), np.nan, part)  # one bit pattern for every NaN
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()[:16]


def batch(play: Play, candles: Candles) -> SignalArrays:
    """The signals at every bar of `candles`. Raises MarketDataGap when the candles are not contiguous."""
    run = BatchRun(play.program, SharedColumns(candles))
    while run.advance():
        pass
    return signals_of(play, run)


def signals_of(play: Play, run: BatchRun) -> SignalArrays:
    """What a finished batch run says."""
    program = play.program
    return SignalArrays(
        play_hash=play.hash, warmup_bars=program.warmup_bars, open_time_ns=run.candles.open_time_ns,
        intents=intents_of(play, run), feature_names=feature_names(play),
        columns=tuple(run.column(position) for position in program.features),
        numbers={name: run.number(position) for name, position in program.numbers.items()},
    )  # fmt: skip


def intents_of(play: Play, run: BatchRun) -> NDArray[np.int8]:
    """What the rules of a finished run want, by bar."""
    import numpy as np

    sections = play.sections
    if sections is None:
        return run.intents(RULES)
    rules = np.vstack([run.holds(f"sections.{name}") for name in NAMES])
    lapse, intents = sections.lapse_bars(TIMEFRAME_MINUTES[play.timeframe]), np.zeros(len(run.candles), np.int8)
    bits = tuple(int(bit) for bit in sections.bits())
    compiled_section_walk()(rules, lapse, bits, intents, play.warmup_bars)
    return intents


def feature_names(play: Play) -> tuple[str, ...]:
    """The features of a play's signals, as a trader would write them."""
    return tuple(play.program.nodes[position].text for position in play.program.features)


class Evaluator:
    """A play fed bar by bar. Holds the state of its indicators; one evaluator per play and instance."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.warmup_bars = play.program.warmup_bars
        self._stage = Stage(play.program)
        rules = play.program.rules.items()
        self._rules = [(RULES[name], position) for name, position in rules if name in RULES]
        self._machine = SectionMachine(play) if play.sections else None
        self._features = list(zip(feature_names(play), play.program.features, strict=True))
        self._numbers = list(play.program.numbers.items())
        self._step_ns = timeframe_ns(play.timeframe)
        self._last_open_time_ns: int | None = None
        self.bars_fed = 0

    def step(self, bar: Bar) -> Signal | None:
        """The signal at the close of `bar`; None while warming up.

        Raises MarketDataGap when `bar` does not follow the one before it; the state is then as before.
        """
        self._require_next(bar)
        self._last_open_time_ns = bar.open_time_ns
        self.bars_fed += 1
        values = self._stage.step(bar)
        return self._signal(bar, values) if self.bars_fed > self.warmup_bars else None

    def _require_next(self, bar: Bar) -> None:
        last = self._last_open_time_ns
        if last is not None and bar.open_time_ns != last + self._step_ns:
            raise gap_between(last, bar.open_time_ns, self._step_ns)

    def _intent(self, values: list[float]) -> Intent:
        if self._machine is not None:
            return self._machine.step(values)
        return Intent(sum(bit for bit, position in self._rules if values[position]))

    def _signal(self, bar: Bar, values: list[float]) -> Signal:
        return Signal(
            play_hash=self.play.hash, symbol=self.play.symbol, bar_open_time_ns=bar.open_time_ns,
            intent=self._intent(values), close=bar.close,
            features=tuple((name, float(values[position])) for name, position in self._features),
            numbers=tuple((name, float(values[position])) for name, position in self._numbers),
        )  # fmt: skip


class SectionMachine:
    """The five sections of a play, bar by bar."""

    def __init__(self, play: Play) -> None:
        assert play.sections is not None, play.name
        self._positions = [play.program.rules.get(f"sections.{name}") for name in NAMES]
        self._enter, self._exit = play.sections.bits()
        self._lapse = play.sections.lapse_bars(TIMEFRAME_MINUTES[play.timeframe])
        self._armed = 0

    def step(self, values: list[float]) -> Intent:
        """The intent at this bar; the signal's standing is remembered."""
        s1, o1, z1, ze1, e1 = (position is not None and bool(values[position]) for position in self._positions)
        self._armed, enters, leaves = section_step(self._armed, s1, o1, z1, ze1, e1, self._lapse)
        return Intent(self._enter * enters + self._exit * leaves)
