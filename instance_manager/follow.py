"""Following instances: what they have done so far, counted from journal and scoreboard as they go on."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from adapters.journal.reader import JournalReader
from engine.errors import StoreError
from engine.market import timeframe_ns
from engine.messages.base import Message
from engine.messages.events import AnchorRecorded, OrderIntended, SignalReceived, TradeClosed
from instance_manager.settings import Settings
from instance_manager.status import InstanceStatus, executor_cell, status_of
from instance_manager.workspace import Workspace

REMEMBERED_TRADES = 5
BASE_STEP_NS = timeframe_ns("1m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One look at one instance."""

    status: InstanceStatus
    bars: int
    signals: int
    orders: int
    trades: int
    last_trades: tuple[TradeClosed, ...]


@dataclass(slots=True)
class Follower:
    """Keeps its place in the journal of one instance, so that each look reads only what is new."""

    workspace: Workspace
    settings: Settings
    instance: str
    _sequence: int = 0
    _signals: int = 0
    _orders: int = 0
    _trades: int = 0
    _live_from_ns: int | None = None
    _last_trades: deque[TradeClosed] = field(default_factory=lambda: deque(maxlen=REMEMBERED_TRADES))

    def look(self) -> Scene:
        """How it stands now."""
        self._read_news()
        cell = executor_cell(self.workspace, self.instance)
        shown = cell.extra if cell else {}
        return Scene(
            status=status_of(self.workspace, self.settings, self.instance),
            bars=_whole(shown.get("bars_done")) or self._bars(_whole(shown.get("last_bar_ns"))),
            signals=_whole(shown.get("signals")) or self._signals,
            orders=self._orders,
            trades=self._trades,
            last_trades=tuple(self._last_trades),
        )

    def _read_news(self) -> None:
        file = self.workspace.journal_file(self.instance)
        if not file.exists():
            return
        try:
            with JournalReader(file) as reader:
                while page := reader.events(after=self._sequence):
                    self._sequence = page[-1].sequence
                    for entry in page:
                        self._take(entry.message)
        except StoreError:
            return  # it is being made; the next look finds it

    def _take(self, message: Message) -> None:
        match message:
            case SignalReceived():
                self._signals += 1
            case OrderIntended():
                self._orders += 1
            case TradeClosed():
                self._trades += 1
                self._last_trades.append(message)
            case AnchorRecorded(live_from_ns=live_from_ns):
                self._live_from_ns = live_from_ns
            case _:
                pass

    def _bars(self, last_bar_ns: int) -> int:
        if self._live_from_ns is None or last_bar_ns < self._live_from_ns:
            return 0
        return (last_bar_ns - self._live_from_ns) // BASE_STEP_NS + 1


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
