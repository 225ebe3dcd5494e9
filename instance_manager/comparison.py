"""Comparison: the signals an instance journaled against a batch evaluation of its play over the bars it recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.candles.bar_log import BarLog
from adapters.journal.reader import JournalReader
from engine.candles import Candles, candles_of, utc
from engine.errors import StoreError
from engine.messages.events import AnchorRecorded
from engine.signal import Intent, Signal
from instance_manager.workspace import Workspace
from plays.evaluator import SignalArrays, batch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from plays.schema import Play

    Floats = NDArray[np.float64]

MOST_DIFFERENCES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`differences` are for people, the first few of `difference_count`. Signals of an older play are only counted."""

    instance: str
    play: str
    play_hash: str
    bars: int
    first_bar: str
    last_bar: str
    live_signals: int
    batch_signals: int
    identical: int
    other_play_signals: int
    difference_count: int
    differences: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return self.difference_count == 0


def compare(workspace: Workspace, instance: str, play: Play, last_bar_ns: int | None) -> Comparison:
    """Both over the same bars, to the last bit. `last_bar_ns`: the newest bar the executor has dealt with, when known.

    Raises StoreError when there is no journal, no anchor or no bars yet.
    """
    with JournalReader(workspace.journal_file(instance)) as reader:
        anchor = _anchor(reader, instance)
        signals = reader.signals()
    ours = {one.bar_open_time_ns: one for one in signals if one.play_hash == play.hash}
    end_ns = max([*ours, last_bar_ns or 0, anchor.live_from_ns - 1])
    candles = _bars(workspace, instance, play, anchor.open_time_ns, end_ns)
    expected = _signals(play, batch(play, candles), candles.close, anchor.live_from_ns)
    found = _differences(ours, expected)
    return Comparison(
        instance=instance,
        play=play.name,
        play_hash=play.hash,
        bars=len(candles),
        first_bar=utc(anchor.live_from_ns),
        last_bar=utc(int(candles.open_time_ns[-1])),
        live_signals=len(ours),
        batch_signals=len(expected),
        identical=sum(_bits(ours[time]) == _bits(one) for time, one in expected.items() if time in ours),
        other_play_signals=len(signals) - len(ours),
        difference_count=len(found),
        differences=tuple(found[:MOST_DIFFERENCES]),
    )


def _anchor(reader: JournalReader, instance: str) -> AnchorRecorded:
    for entry in reader.events(name=AnchorRecorded.__name__):
        assert isinstance(entry.message, AnchorRecorded), entry
        return entry.message
    if reader.checkpoint() is not None:
        raise StoreError(
            f"{instance}: its first bar was archived by an older Predator; the next start brings it back "
            "(or, without one, `predator archive-journal --before` any day)"
        )
    raise StoreError(f"{instance} has not been fed a bar yet; try again in a moment")


def _bars(workspace: Workspace, instance: str, play: Play, from_ns: int, last_ns: int) -> Candles:
    log = BarLog(workspace.bars_file(instance))
    try:
        bars = log.read(from_ns, last_ns + 1)
    finally:
        log.close()
    if not bars:
        raise StoreError(f"{instance} has recorded no bars yet; try again in a moment")
    return candles_of(play.symbol, play.timeframe, bars)


def _signals(play: Play, arrays: SignalArrays, closes: Floats, live_from_ns: int) -> Mapping[int, Signal]:
    """What a live evaluator would have said from `live_from_ns` on, as far as it would have been journaled."""
    found = {}
    for position in arrays.intents.nonzero()[0].tolist():
        time = int(arrays.open_time_ns[position])
        if time >= live_from_ns:
            found[time] = Signal(
                play_hash=play.hash,
                symbol=play.symbol,
                bar_open_time_ns=time,
                intent=Intent(int(arrays.intents[position])),
                close=float(closes[position]),
                features=tuple(
                    (name, float(column[position]))
                    for name, column in zip(arrays.feature_names, arrays.columns, strict=True)
                ),
            )
    return found


def _differences(ours: Mapping[int, Signal], expected: Mapping[int, Signal]) -> list[str]:
    found = []
    for time in sorted({*ours, *expected}):
        live, wanted = ours.get(time), expected.get(time)
        if live is None:
            found.append(f"{utc(time)}: batch says {wanted.intent.name if wanted else ''}, the instance said nothing")
        elif wanted is None:
            found.append(f"{utc(time)}: the instance said {live.intent.name}, batch says nothing")
        elif _bits(live) != _bits(wanted):
            found.append(f"{utc(time)}: the instance said {_bits(live)}, batch says {_bits(wanted)}")
    return found


def _bits(signal: Signal) -> str:
    """All that must be the same, written so that equal text is equal bits (a NaN included)."""
    features = " ".join(f"{name}={value!r}" for name, value in signal.features)
    return f"{signal.intent.name} close={signal.close!r} {features}"
