"""Wiring of the cast that meets an exchange: their machines, and what stands behind each of their ports."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from actors.data import Data
from actors.executor import Executor
from actors.executor_state import ExecutorSettings
from actors.guard import Guard
from actors.notifier import Notifier
from actors.reconciler import Reconciler
from actors.recorder import Recorder
from actors.shell.host_port import HostPort
from actors.shell.own_ports import LatchPort, ScoreboardPort
from actors.shell.part import AsyncPort, Edge, MakePort, Part
from actors.shell.place import Place
from actors.shell.sharers_port import SharersPort
from actors.spec import InstanceSpec
from actors.strategy import Strategy
from engine.errors import ConfigurationError, InvariantViolated, StoreError
from engine.market import Bar
from engine.messages import market as mk
from engine.messages.base import Message
from engine.messages.control import JournalRead, ReadJournal
from engine.messages.reports import IncidentHappened, InstanceView, digest_of

if TYPE_CHECKING:
    from adapters.journal.reader import JournalReader
    from plays.schema import Play

WATCHED = ("executor", "reconciler", "data", "strategy")
GUARDS = ("guard", "standby_guard")


class JournalPort:
    """`ReadJournal`, beside the same journal that `Record` goes to."""

    def __init__(self, path: Path) -> None:
        from adapters.journal.sqlite_journal import SqliteJournal

        self.journal = SqliteJournal(path)

    def perform(self, call: Message) -> Message:
        if not isinstance(call, ReadJournal):
            raise InvariantViolated(f"the journal knows no {call!r}")
        return JournalRead(events=self.journal.read_all())


class IncidentsPort:
    """Keeps incident reports beside the journal."""

    def __init__(self, spec: InstanceSpec) -> None:
        from adapters.incident_report import IncidentReports

        self._reports = IncidentReports(spec.state_folder / "incidents", spec.instance, spec.journal_file)

    def perform(self, call: Message) -> None:
        if not isinstance(call, IncidentHappened):
            raise InvariantViolated(f"the incident reports know no {call!r}")
        self._reports.write(call)


class BarsPort:
    """What this instance received, kept and read again."""

    def __init__(self, path: Path) -> None:
        from adapters.candles.bar_log import BarLog

        self._log = BarLog(path, is_writer=True)

    def perform(self, call: Message) -> Message | None:
        match call:
            case mk.AppendBars(bars=bars):
                return self._keep(bars)
            case mk.ReadBars(from_open_time_ns=from_ns):
                return mk.BarsRead(bars=self._log.read(from_ns))
            case _:
                raise InvariantViolated(f"the bar log knows no {call!r}")

    def _keep(self, bars: tuple[Bar, ...]) -> Message | None:
        try:
            self._log.append(bars)
        except StoreError as error:
            return mk.BarsNotKept(bars=bars, text=str(error))
        return None


def executor(place: Place) -> Part:
    spec = spec_of(place)
    play = _play(spec)
    rules = play.protection_rules()
    if rules.stoploss is None:
        raise ConfigurationError(f"{spec.play_file}: a play without a stoploss may not trade; give it one")
    settings = ExecutorSettings(
        instance=spec.instance,
        account=spec.account,
        play=play.name,
        play_hash=spec.play_hash,
        symbol=spec.symbol,
        leverage=spec.leverage,
        capital=spec.capital,
        rules=rules,
        sizing=play.sizing.sizing(),
        limits=spec.limits,
        owns_wallet=spec.owns_wallet,
        loosening=spec.loosening,
        sharers=spec.sharers,
    )
    port = JournalPort(spec.journal_file)
    return Part(
        machine=Executor(settings=settings),
        journal=port.journal,
        sync_ports={
            "journal": port,
            "scoreboard": ScoreboardPort(place.tree, place.writer),
            "latch": LatchPort(spec.home),
            "incidents": IncidentsPort(spec),
        },
        async_ports={"exchange": _exchange(spec)},
        is_budgeted=True,
    )


def recorder(place: Place) -> Part:
    """A shadow's executor: no port to an exchange."""
    spec = spec_of(place)
    port = JournalPort(spec.journal_file)
    return Part(machine=Recorder(capital=spec.capital), journal=port.journal, sync_ports={"journal": port})


def reconciler(place: Place) -> Part:
    spec = spec_of(place)
    machine = Reconciler(
        instance=spec.instance,
        symbol=spec.symbol,
        limits=spec.limits,
        owns_wallet=spec.owns_wallet,
        has_sharers=bool(spec.sharers),
    )
    sharers = SharersPort(spec.home, (spec.instance, *spec.sharers), view_in)
    return Part(
        machine=machine,
        sync_ports={"sharers": sharers},
        async_ports={"exchange": _exchange(spec)},
        is_budgeted=True,
    )


def data(place: Place) -> Part:
    spec = spec_of(place)
    return Part(
        machine=Data(symbol=spec.symbol, timeframe=spec.timeframe),
        sync_ports={"bars": BarsPort(spec.bars_file)},
        async_ports={"exchange": _exchange(spec)},
        is_budgeted=True,
    )


def strategy(place: Place) -> Part:
    from plays.evaluator import Evaluator

    play = _play(spec_of(place))
    return Part(machine=Strategy(make_evaluator=lambda: Evaluator(play), warmup_bars=play.warmup_bars))


def guard(place: Place) -> Part:
    spec = spec_of(place)
    machine = Guard(
        role=place.role,
        peer=next(role for role in GUARDS if role != place.role),
        is_standby=place.role == "standby_guard",
        watched=tuple(role for role in WATCHED if role in spec.cast),
        limits=spec.limits,
    )
    port = ScoreboardPort(place.tree, place.writer, StoredView(spec.journal_file).read)
    return Part(machine=machine, sync_ports={"scoreboard": port, "host": HostPort(place.tree)})


def notifier(place: Place) -> Part:
    spec = spec_of(place)
    targets = spec.notify or (f"file:{spec.state_folder / 'notifications.jsonl'}",)

    def make(_edge: Edge) -> Outbox:
        return Outbox(targets)

    return Part(machine=Notifier(), async_ports={"notifier": make})


class Outbox:
    """The notifier port."""

    def __init__(self, targets: tuple[str, ...]) -> None:
        from adapters.notifier import Notifier as Targets

        self._targets = Targets(targets)

    async def perform(self, call: Message) -> Message:
        from engine.messages.notices import Alert, Notify

        assert isinstance(call, Notify | Alert), call
        return await self._targets.perform(call)

    async def close(self) -> None:
        """Nothing stays open between two messages."""


def view_in(journal: Path) -> InstanceView | None:
    """The view in somebody's journal; None while there is none or it cannot be read."""
    from adapters.journal.reader import JournalReader

    try:
        with JournalReader(journal) as reader:
            return reader.view()
    except (StoreError, OSError):
        return None


class StoredView:
    """The view in the journal, its digest computed anew from the bytes: what operators see.

    The reader stays open (a look costs microseconds) until the file it reads is another one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: JournalReader | None = None
        self._inode = 0

    def read(self) -> tuple[int, bytes]:
        """(sequence, digest); (0, b"") while there is none or it cannot be read."""
        try:
            row = self._open().view_row()
        except (StoreError, OSError):
            self._reader = None
            return 0, b""
        return (row[0], digest_of(row[1])) if row else (0, b"")

    def _open(self) -> JournalReader:
        from adapters.journal.reader import JournalReader

        inode = self._path.stat().st_ino
        if self._reader is None or inode != self._inode:
            if self._reader is not None:
                self._reader.close()
            self._reader, self._inode = JournalReader(self._path), inode
        return self._reader


def spec_of(place: Place) -> InstanceSpec:
    """The instance this place belongs to."""
    if place.tree.spec is None:
        raise InvariantViolated(f"{place.role} belongs to no instance")
    return place.tree.spec


def _play(spec: InstanceSpec) -> Play:
    from plays.loading import load_play

    play = load_play(spec.play_file)
    if play.hash != spec.play_hash:
        raise ConfigurationError(f"{spec.play_file} was changed after the start: restart the instance to trade by it")
    return play


def _exchange(spec: InstanceSpec) -> MakePort:
    from adapters.ccxt.access import Access

    if spec.access is None:
        raise InvariantViolated(f"{spec.instance} has no access to an exchange")
    access = Access(
        exchange=spec.access.exchange,
        environment=spec.access.environment,
        key=os.environ.get(spec.access.key_variable, "") if spec.access.key_variable else "",
        secret=os.environ.get(spec.access.secret_variable, "") if spec.access.secret_variable else "",
        redirect_to=spec.access.redirect_to,
        order_timeout_ms=spec.access.order_timeout_ms,
        read_timeout_ms=spec.access.read_timeout_ms,
    )

    def make(edge: Edge) -> AsyncPort:
        from adapters.ccxt.exchange import CcxtExchange

        return CcxtExchange(access, edge.push, edge.on_usage)

    return make
