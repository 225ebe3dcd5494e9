"""Status: what an operator is shown of an instance, from files only: scoreboard, journal and latches."""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil

from actors.shell.latch import GLOBAL, latch_file, read_latch
from actors.shell.outcome import failure_text, read_outcome
from actors.shell.processes import ProcessId, recorded
from actors.shell.scoreboard import Cell, ScoreboardReader
from actors.shell.tree import read_tree
from actors.supervisor import ESCALATED, UNSTARTABLE
from engine.errors import StoreError
from engine.messages.reports import InstanceView
from instance_manager.actor_status import ActorStatus, actors_of
from instance_manager.dead_letters import count_letters
from instance_manager.detached import NOT_YET, is_ready
from instance_manager.lock import read_card
from instance_manager.modes import sends_orders
from instance_manager.settings import Instance, Mode, Settings
from instance_manager.specification import exchange_name
from instance_manager.workspace import Workspace

SUPERVISOR = "supervisor"
GUARDS = ("guard", "standby_guard")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStatus:
    """One instance; None is "not known". `runbooks/status.md` says what the words mean and what to do."""

    instance: str
    mode: str
    play: str
    exchange: str
    account: str | None
    state: str
    actors: tuple[ActorStatus, ...]
    guard: str
    breaker: str | None
    breaker_cause: str | None
    reconciliation: str | None
    doubts: tuple[str, ...]
    panic: bool
    panic_reason: str | None
    position: str | None
    entry_price: str | None
    stop_price: str | None
    open_orders: int | None
    unresolved_orders: int | None
    trades: int | None
    progress: float | None
    equity: str | None
    day: str | None
    day_profit: str | None
    fees: str | None
    funding: str | None
    margin_used: str | None
    last_bar: str | None
    uptime: float | None
    host: Mapping[str, object] | None
    dead_letters: int
    error: str | None


def status_of(workspace: Workspace, settings: Settings, name: str) -> InstanceStatus:
    """The status of an instance of the settings, running or not."""
    instance = settings.instances[name]
    run = workspace.run / name
    cells, processes = _cells(run / "scoreboard"), recorded(run)
    running = {process.pid for process in processes if process.is_running}
    state = _state(run, cells, running)
    view, error = journaled_view(workspace, name)
    executor = cells.get("executor")
    live = executor.extra if executor and executor.pid in running else {}
    equity, day = _equity(live, view, instance), _today(view, settings.risk_of(instance).day_zone)
    reason = panic_reason(workspace.home, name, instance.mode, view)
    return InstanceStatus(
        instance=name,
        mode=instance.mode,
        play=instance.play,
        exchange=exchange_name(settings, instance),
        account=instance.account,
        state=state,
        actors=actors_of(cells, running),
        guard=_guard(cells, running),
        breaker=view.breaker if view else None,
        breaker_cause=view.breaker_cause if view else None,
        reconciliation=view.reconciliation if view else None,
        doubts=_doubts(cells, running),
        panic=reason is not None,
        panic_reason=reason,
        position=format(view.position_quantity, "f") if view else None,
        entry_price=_text(view.entry_price) if view else None,
        stop_price=_text(view.stop_price) if view else None,
        open_orders=view.open_orders if view else None,
        unresolved_orders=view.unresolved_orders if view else None,
        trades=view.trade_count if view else None,
        progress=_progress(executor),
        equity=equity,
        day=day,
        day_profit=_day_profit(view, equity) if day else None,
        fees=_text(view.fees) if view else None,
        funding=_text(view.funding) if view else None,
        margin_used=_text(view.margin_used) if view else None,
        last_bar=_last_bar(cells),
        uptime=_uptime(processes),
        host=_host(cells, running),
        dead_letters=count_letters(workspace.home / "logs" / name),
        error=error or str(live.get("store_failed") or "") or (failure_text(run) if state == "FAILED" else None),
    )


def _cells(file: Path) -> Mapping[str, Cell]:
    """What each role shows; empty when there is no scoreboard of this boot."""
    try:
        reader = ScoreboardReader(file)
    except (OSError, ValueError, struct.error):
        return {}
    try:
        return reader.read()
    finally:
        reader.close()


def _doubts(cells: Mapping[str, Cell], running: set[int]) -> tuple[str, ...]:
    """What the reconciler holds against the exchange now."""
    cell = cells.get("reconciler")
    shown = cell.extra.get("differences") if cell is not None and cell.pid in running else None
    return tuple(map(str, shown)) if isinstance(shown, list) else ()


def journaled_view(workspace: Workspace, name: str) -> tuple[InstanceView | None, str | None]:
    """The newest view in its journal, or why it cannot be read."""
    from adapters.journal.reader import JournalReader

    file = workspace.journal_file(name)
    if not file.exists():
        return None, None
    try:
        with JournalReader(file) as reader:
            return reader.view(), None
    except StoreError as error:
        return None, str(error)


def panic_reason(home: Path, name: str, mode: Mode, view: InstanceView | None = None) -> str | None:
    """Why the instance, or everything that trades, is panicked; None when it is not. Its journal remembers a panic that
    no latch shows (any more), and goes on refusing to open anything."""
    scopes = (name, GLOBAL) if sends_orders(mode) else (name,)
    latches = (read_latch(latch_file(home, scope)) for scope in scopes)
    remembered = "its journal says that it is panicked" if view is not None and view.is_panicked else None
    return next((latch.reason for latch in latches if latch is not None), remembered)


def state_of(workspace: Workspace, name: str) -> str:
    """One of the words in `runbooks/status.md`."""
    folder = workspace.run / name
    running = {process.pid for process in recorded(folder) if process.is_running}
    return _state(folder, _cells(folder / "scoreboard"), running)


def _state(folder: Path, cells: Mapping[str, Cell], running: set[int]) -> str:
    card = read_card(folder)
    supervisor, executor = cells.get(SUPERVISOR), cells.get("executor")
    if card is None:
        return "STOPPED"
    if not card.is_running:
        return "STOPPING" if running else _ended(folder)
    if supervisor is None or supervisor.pid not in running:
        return "STARTING"
    if supervisor.phase == "STOPPING":
        return "STOPPING"
    is_up = supervisor.phase == "RUNNING" or is_ready(read_tree(folder / "tree.json"))
    return "RUNNING" if is_up and executor is not None and executor.phase not in NOT_YET else "STARTING"


def _ended(folder: Path) -> str:
    """How the last life ended: in order, by itself, given up, or not at all in order."""
    reason = read_outcome(folder)
    if reason is None:
        return "CRASHED"
    if reason.startswith((ESCALATED, UNSTARTABLE, "failed")):
        return "FAILED"
    return "FINISHED" if reason == "finished" else "STOPPED"


def _guard(cells: Mapping[str, Cell], running: set[int]) -> str:
    """HELD while some living guard vouches for the instance; without that the executor opens nothing."""
    living = [cells[role] for role in GUARDS if role in cells and cells[role].pid in running]
    is_held = any(cell.lease_until_ns > time.monotonic_ns() for cell in living)
    return "HELD" if is_held else "ABSENT"


def _host(cells: Mapping[str, Cell], running: set[int]) -> Mapping[str, object] | None:
    """How the machine fares, as a living guard read it last."""
    living = [cells[role] for role in GUARDS if role in cells and cells[role].pid in running]
    read = (cell.extra.get("host") for cell in living)
    return next((one for one in read if isinstance(one, Mapping)), None)


def _equity(live: Mapping[str, object], view: InstanceView | None, instance: Instance) -> str:
    """With open profit while the executor lives, else the wallet, else what the instance will begin with."""
    if live.get("equity") is not None:
        return str(live["equity"])
    return format(view.wallet_balance if view else instance.capital, "f")


def _today(view: InstanceView | None, zone: str) -> str | None:
    """Today in the instance's zone, if its day began: an instance that stands since yesterday has none."""
    today = datetime.now(ZoneInfo(zone)).date().isoformat()
    return today if view is not None and view.day == today else None


def _day_profit(view: InstanceView | None, equity: str) -> str | None:
    """What the day made of its first equity, open profit, fees and funding included."""
    if view is None or view.day_start_equity is None:
        return None
    return format(Decimal(equity) - view.day_start_equity, "f")


def executor_cell(workspace: Workspace, name: str) -> Cell | None:
    """What the executor shows, or last showed."""
    return _cells(workspace.run / name / "scoreboard").get("executor")


def last_bar_ns(workspace: Workspace, name: str) -> int | None:
    """The newest bar the executor has dealt with, as it last showed; also after it ended."""
    executor = executor_cell(workspace, name)
    shown = executor.extra.get("last_bar_ns") if executor else None
    return shown if isinstance(shown, int) else None


def _last_bar(cells: Mapping[str, Cell]) -> str | None:
    times = [value for cell in cells.values() if isinstance(value := cell.extra.get("last_bar_ns"), int)]
    return datetime.fromtimestamp(max(times) / 1e9, tz=UTC).isoformat() if times else None


def _uptime(processes: list[ProcessId]) -> float | None:
    """Seconds since the oldest process of the instance that still runs began."""
    started = []
    for process in processes:
        if process.is_running:
            try:
                started.append(psutil.Process(process.pid).create_time())
            except psutil.NoSuchProcess:
                continue
    return round(time.time() - min(started), 1) if started else None


def _progress(executor: Cell | None) -> float | None:
    """Of a backtest: the share of its bars that are done."""
    done, total = (executor.extra.get(key) if executor else None for key in ("bars_done", "bars_total"))
    if isinstance(done, int) and isinstance(total, int) and total > 0:
        return round(done / total, 4)
    return None


def _text(amount: object) -> str | None:
    return None if amount is None else format(amount, "f")
