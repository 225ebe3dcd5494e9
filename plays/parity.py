"""Proofs about a play on given candles: batch and step agree, no rule sees the future, how much history matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.candles import Candles, utc
from plays.evaluator import Evaluator, SignalArrays, batch, feature_names
from plays.schema import Play

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """`first_difference` names the first bar and what differs; empty when all `signals` are identical."""

    bars: int
    signals: int
    entries: int
    hash: str
    stepped_hash: str
    first_difference: str

    @property
    def holds(self) -> bool:
        return not self.first_difference and self.hash == self.stepped_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookahead:
    """A signal or feature that changes when the bars after it are taken away: it saw them."""

    bar: str
    what: str
    with_future: float
    without_future: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUpLine:
    """How far a feature's value at the same bar is from that with the whole history, in percent, by history given."""

    feature: str
    history_bars: tuple[int, ...]
    difference_percent: tuple[float, ...]


def parity(play: Play, candles: Candles) -> Parity:
    """Evaluates the play both ways and compares every intent and feature, bit by bit."""
    whole = batch(play, candles)
    stepped = stepped_arrays(play, candles)
    bars = len(candles)
    return Parity(
        bars=bars, signals=max(0, bars - whole.warmup_bars), entries=int(((whole.intents & 5) != 0).sum()),
        hash=whole.hash, stepped_hash=stepped.hash, first_difference=first_difference(whole, stepped),
    )  # fmt: skip


def stepped_arrays(play: Play, candles: Candles) -> SignalArrays:
    """The signals of a bar-by-bar replay, as arrays."""
    import numpy as np

    names, evaluator = feature_names(play), Evaluator(play)
    intents = np.zeros(len(candles), np.int8)
    columns = np.full((len(names), len(candles)), np.nan)
    numbers = {name: np.full(len(candles), np.nan) for name in play.program.numbers}
    for position, bar in enumerate(candles.bars()):
        signal = evaluator.step(bar)
        if signal is not None:
            intents[position] = int(signal.intent)
            columns[:, position] = [value for _, value in signal.features]
            for name, value in signal.numbers:
                numbers[name][position] = value
    return SignalArrays(
        play_hash=play.hash, warmup_bars=evaluator.warmup_bars, open_time_ns=candles.open_time_ns, intents=intents,
        feature_names=names, columns=tuple(columns), numbers=numbers,
    )  # fmt: skip


def first_difference(one: SignalArrays, other: SignalArrays) -> str:
    """Where two runs over the same bars first differ after their warm-up; empty when nowhere."""
    differences = [
        (int(rows[0]), name)
        for name, rows in _differing(one, other)
        if len(rows)
    ]  # fmt: skip
    if not differences:
        return ""
    bar, name = min(differences)
    bar += one.warmup_bars
    return f"{name} at {utc(int(one.open_time_ns[bar]))}"


def _differing(one: SignalArrays, other: SignalArrays) -> list[tuple[str, Any]]:
    import numpy as np

    start = one.warmup_bars
    return [(name, np.flatnonzero(~same(left[start:], right[start:]))) for name, left, right in _paired(one, other)]


def _paired(one: SignalArrays, other: SignalArrays) -> list[tuple[str, Any, Any]]:
    """The intents and every feature of two runs, side by side."""
    features = zip(one.feature_names, one.columns, other.columns, strict=True)
    numbers = [(name, column, other.numbers[name]) for name, column in one.numbers.items()]
    return [("intent", one.intents, other.intents), *features, *numbers]


def same(left: Any, right: Any) -> Any:
    """Element by element: equal, or both no number."""
    import numpy as np

    return (left == right) | (np.isnan(left) & np.isnan(right))


def lookahead(play: Play, candles: Candles, checks: int = 200) -> tuple[Lookahead, ...]:
    """Cuts the future away at up to `checks` bars and compares what the play says there with what it said knowing it.

    Bars with intents are checked first. An empty answer means that nothing saw the future at any of them.
    """
    whole = batch(play, candles)
    return tuple(
        finding
        for bar in _bars_to_check(whole, checks)
        for finding in _seen(play, candles.rows(0, bar + 1), whole, bar)
    )


def _bars_to_check(whole: SignalArrays, checks: int) -> list[int]:
    import numpy as np

    start, size = whole.warmup_bars, len(whole.intents)
    entries = start + np.flatnonzero(whole.intents[start:] & 5)
    picked = np.concatenate([_spread(entries, checks * 3 // 4), _spread(np.arange(start, size), checks // 4 or 1)])
    return sorted(set(picked.tolist()))


def _spread(values: Any, most: int) -> Any:
    """Up to `most` of the values, evenly taken."""
    import numpy as np

    if len(values) <= most:
        return values
    return values[np.linspace(0, len(values) - 1, most).astype(np.int64)]


def _seen(play: Play, past: Candles, whole: SignalArrays, bar: int) -> list[Lookahead]:
    alone = batch(play, past)
    time = utc(int(whole.open_time_ns[bar]))
    return [
        Lookahead(bar=time, what=name, with_future=float(left[bar]), without_future=float(right[bar]))
        for name, left, right in _paired(whole, alone)
        if not same(left[bar], right[bar])
    ]


def warm_up_dependence(play: Play, candles: Candles, factors: tuple[int, ...] = (1, 2, 4, 8)) -> tuple[WarmUpLine, ...]:
    """How much each feature at the last bar depends on how much history came before it, as multiples of the warm-up."""
    whole = batch(play, candles)
    least = play.warmup_bars + 1
    lengths = tuple(least * factor for factor in factors if least * factor < len(candles))
    runs = [batch(play, candles.rows(len(candles) - length, len(candles))) for length in lengths]
    return tuple(
        WarmUpLine(
            feature=name,
            history_bars=lengths,
            difference_percent=tuple(_off(run.columns[number][-1], whole.columns[number][-1]) for run in runs),
        )
        for number, name in enumerate(whole.feature_names)
    )


def _off(value: float, true: float) -> float:
    """Percent of `true` that `value` is off."""
    if value == true:
        return 0.0
    return float(abs(value - true) / abs(true) * 100.0) if true else float("inf")
