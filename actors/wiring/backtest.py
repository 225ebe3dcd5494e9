"""Wiring of a backtest's cast: candles as arrays, signals and kernel in slices, results beside the journal.

A run always begins from its first bar with a fresh journal; the journals of earlier runs are kept under a number.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from actors.backtest import BatchStrategy, History, KernelExecutor, ResultReconciler
from actors.shell.own_ports import ScoreboardPort
from actors.shell.part import Edge, Part
from actors.shell.place import Place
from actors.spec import InstanceSpec
from actors.wiring.live import JournalPort, spec_of
from engine.errors import InvariantViolated, TradingError
from engine.messages import backtest as bt
from engine.messages.base import Message
from engine.messages.events import TradeClosed

MS = 1_000_000
COLUMNS = ("open_time_ns", "open", "high", "low", "close", "volume")


def history(place: Place) -> Part:
    _be_nice()
    spec = spec_of(place)
    return Part(machine=History(), async_ports={"candles": lambda _edge: CandlesPort(spec)})


def batch_strategy(place: Place) -> Part:
    _be_nice()
    spec = spec_of(place)
    return Part(machine=BatchStrategy(), async_ports={"signals": lambda _edge: SignalsPort(spec)})


def kernel_executor(place: Place) -> Part:
    _be_nice()
    spec = spec_of(place)
    keep_earlier(spec.journal_file)
    port = JournalPort(spec.journal_file)

    def make(_edge: Edge) -> KernelPort:
        return KernelPort(spec)

    machine = KernelExecutor(
        instance=spec.instance, play=spec.play_file.stem, play_hash=spec.play_hash, capital=spec.capital
    )
    return Part(
        machine=machine,
        journal=port.journal,
        sync_ports={"journal": port, "scoreboard": ScoreboardPort(place.tree, place.writer)},
        async_ports={"kernel": make},
    )


def result_reconciler(place: Place) -> Part:
    return Part(machine=ResultReconciler())


def keep_earlier(journal: Path) -> None:
    """Moves the journal of an earlier run aside, under the next free number."""
    if not journal.exists():
        return
    number = 1 + sum(1 for _ in journal.parent.glob(f"{journal.stem}-*{journal.suffix}"))
    for ending in ("", "-wal", "-shm", "-head"):
        part = journal.with_name(journal.name + ending)
        if part.exists():
            part.rename(journal.with_name(f"{journal.stem}-{number:04d}{journal.suffix}{ending}"))


class SlicedPort:
    """A port that works for up to some tenths of a second; what is wrong with the run comes back as its answer."""

    async def perform(self, call: Message) -> Message:
        try:
            return self._work(call)
        except TradingError as error:
            return bt.RunFailed(text=str(error))

    async def close(self) -> None:
        """Nothing to close: files are mapped, not held."""

    def _work(self, call: Message) -> Message:
        raise InvariantViolated(f"{type(self).__name__} knows no {call!r}")


class CandlesPort(SlicedPort):
    """Reads this run's candles from the store and lays them out as arrays."""

    def __init__(self, spec: InstanceSpec) -> None:
        self._spec = spec

    def _work(self, call: Message) -> Message:
        import numpy as np

        from adapters.candles.store import CandleStore

        spec = self._spec
        start, until = (None if ms is None else ms * MS for ms in (spec.from_ms, spec.until_ms))
        candles = CandleStore(spec.home / "candles").load(
            spec.candle_source, spec.symbol, spec.timeframe, start_ns=start, end_ns=until
        )
        candles.require_contiguous()
        folder = spec.run_folder / "arrays"
        folder.mkdir(parents=True, exist_ok=True)
        for name in COLUMNS:
            np.save(folder / f"{name}.npy", getattr(candles, name))
        times = candles.open_time_ns
        return bt.CandlesPrepared(
            folder=str(folder),
            bars=len(candles),
            first_open_time_ns=int(times[0]),
            last_open_time_ns=int(times[-1]),
        )


class SignalsPort(SlicedPort):
    """The play over all candles, one indicator at a time."""

    def __init__(self, spec: InstanceSpec) -> None:
        self._spec = spec
        self._play: Any = None
        self._run: Any = None

    def _work(self, call: Message) -> Message:
        import numpy as np

        from plays.batch import BatchRun, SharedColumns
        from plays.evaluator import signals_of
        from plays.loading import load_play

        assert isinstance(call, bt.ComputeSignals), call
        if self._run is None:
            self._play = load_play(self._spec.play_file)
            self._run = BatchRun(self._play.program, SharedColumns(mapped_candles(self._spec, call.folder)))
        if self._run.advance():
            return bt.SignalsComputed(folder=call.folder, is_done=False, signals_hash="", signals=0)
        signals = signals_of(self._play, self._run)
        np.save(Path(call.folder) / "intents.npy", signals.intents)
        for name, column in signals.numbers.items():
            np.save(Path(call.folder) / f"{name}.npy", column)
        count = int(np.count_nonzero(signals.intents))
        return bt.SignalsComputed(folder=call.folder, is_done=True, signals_hash=signals.hash, signals=count)


class KernelPort(SlicedPort):
    """The kernel over the signals, slice by slice; at the end the figures are written beside the journal."""

    def __init__(self, spec: InstanceSpec) -> None:
        self._spec = spec
        self._backtest: Any = None
        self._told = 0

    def _work(self, call: Message) -> Message:
        assert isinstance(call, bt.RunSlice), call
        if self._backtest is None:
            self._backtest = self._begin(call.folder)
        progress = self._backtest.run_slice(call.most_bars)
        trades = self._new_trades()
        if not progress.is_done:
            return self._answer(progress, trades, None)
        result = self._backtest.result()
        self._write(result)
        return self._answer(progress, trades, result)

    def _begin(self, folder: str) -> Any:
        import numpy as np

        from adapters.candles.funding_file import stored_funding
        from adapters.candles.store import CandleStore
        from plays.backtest import Backtest, given_signals
        from plays.loading import load_play
        from plays.terms import terms_for

        play, candles = load_play(self._spec.play_file), mapped_candles(self._spec, folder)
        intents = np.load(Path(folder) / "intents.npy", mmap_mode="r")
        numbers = {name: np.load(Path(folder) / f"{name}.npy", mmap_mode="r") for name in play.program.numbers}
        instrument = terms_for(self._spec.symbol, candles)
        signals = given_signals(play, candles, intents, numbers)
        store = CandleStore(self._spec.home / "candles")
        funding = stored_funding(store, self._spec.candle_source, self._spec.symbol)
        return Backtest(play, candles, instrument, self._spec.capital, signals=signals, funding=funding)

    def _new_trades(self) -> tuple[TradeClosed, ...]:
        rows = self._backtest.trades_since(self._told)
        first = self._told + 1
        self._told += len(rows)
        return tuple(trade_closed(self._spec, number, row) for number, row in enumerate(rows, first))

    def _answer(self, progress: Any, trades: tuple[TradeClosed, ...], result: Any) -> bt.SliceDone:
        balance = self._backtest.balance
        open_trade = result.open_trade if result else None
        return bt.SliceDone(
            bars_done=progress.bars_done,
            bars_total=progress.bars_total,
            trades=trades,
            balance=balance,
            final_equity=result.final_equity if result else balance,
            open_profit=open_trade.pnl if open_trade else Decimal(0),
            is_done=progress.is_done,
        )

    def _write(self, result: Any) -> None:
        path = self._spec.state_folder / "result.json"
        figures = {
            "play": result.play.name,
            "bars": len(result.candles),
            "trades": len(result.trades),
            "final_equity": str(result.final_equity),
            "trades_hash": result.trades_hash,
            "metrics": asdict(result.metrics),
        }
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(figures, indent=1, default=str), encoding="utf-8")
        temporary.replace(path)


def mapped_candles(spec: InstanceSpec, folder: str) -> Any:
    """The laid-out candles, mapped and not copied."""
    import numpy as np

    from engine.candles import Candles

    columns = {name: np.load(Path(folder) / f"{name}.npy", mmap_mode="r") for name in COLUMNS}
    return Candles(symbol=spec.symbol, timeframe=spec.timeframe, **columns)


def trade_closed(spec: InstanceSpec, number: int, trade: Any) -> TradeClosed:
    """A kernel trade as the journal and `show-trades` know it. Nobody is notified of it."""
    return TradeClosed(
        trade_number=number,
        symbol=spec.symbol,
        direction=trade.side,
        quantity=trade.quantity,
        entry_price=trade.entry_price,
        exit_price=trade.exit_price,
        opened_at_ns=trade.entry_time_ns,
        closed_at_ns=trade.exit_time_ns,
        entry_bar_open_time_ns=trade.entry_time_ns,
        exit_bar_open_time_ns=trade.exit_time_ns,
        gross_profit=trade.pnl + trade.fees + trade.funding,
        fees=trade.fees,
        profit=trade.pnl,
        exit_reason=trade.exit_reason.value,
        naked_ns=0,
        message="",
    )


def _be_nice() -> None:
    """Backtests yield the processor to trading, always (F6)."""
    os.nice(10)
