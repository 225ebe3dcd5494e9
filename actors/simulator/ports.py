"""Ports of a simulated life: journal, bars, scoreboard, latches and launcher answer at once, the notifier later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from actors.shell.latch import GLOBAL, as_felt
from actors.shell.sharers_port import ALIVE_NS
from actors.simulator import line
from actors.simulator.lives import Life
from actors.simulator.stage import SimulatedTree
from engine.machine import Request
from engine.messages import account as ac
from engine.messages import control as ct
from engine.messages import market as mk
from engine.messages import notices as nt
from engine.messages.base import Message
from engine.messages.reports import IncidentHappened

LAUNCHER_LIVES = ac.LauncherSeen(is_alive=True)


def ask(tree: SimulatedTree, life: Life, request: Request) -> None:
    """Its call is on its way; what comes of it reaches `life` as a message."""
    port, call = request.port, request.call
    if port == "exchange":
        line.ask(tree, life, call)
    elif port == "notifier":
        _notify(tree, life, call)
    else:
        answer = _NEARBY[port](tree, life, call)
        if answer is not None:
            life.follow_ups.append(answer)


def _journal(tree: SimulatedTree, life: Life, _call: Message) -> Message:
    return ct.JournalRead(events=tuple(tree.disk.journals.get(life.role, ())))


def _bars(tree: SimulatedTree, _life: Life, call: Message) -> Message | None:
    bars: dict[int, Any] = tree.disk.bars
    if isinstance(call, mk.AppendBars):
        bars.update({bar.open_time_ns: bar for bar in call.bars})
        return None
    assert isinstance(call, mk.ReadBars), call
    return mk.BarsRead(bars=tuple(bar for at, bar in sorted(bars.items()) if at >= call.from_open_time_ns))


def _launcher(_tree: SimulatedTree, _life: Life, _call: Message) -> Message:
    return LAUNCHER_LIVES


def _latch(tree: SimulatedTree, _life: Life, call: Message) -> Message:
    assert isinstance(call, ac.RaiseLatch), call
    if tree.stage.agenda.now_ns < tree.disk.refuses_until_ns:
        return ac.LatchFailed(scope=call.scope, reason=call.reason, flatten=call.flatten, text="the disk is full")
    tree.stage.latch(call)
    return ac.LatchRaised(scope=call.scope, reason=call.reason, flatten=call.flatten)


def _notify(tree: SimulatedTree, life: Life, call: Message) -> None:
    told: Message
    if isinstance(call, nt.Alert):
        tree.alerts.append(call.subject)
        told = nt.Alerted(subject=call.subject)
    else:
        assert isinstance(call, nt.Notify), call
        tree.stage.told[tree.name].append(call.trade_number)
        told = nt.Notified(trade_number=call.trade_number)
    tree.stage.agenda.after(tree.stage.chance.delay_ns(5, 50), lambda: tree.deliver(life, told))


# --- the scoreboard --------------------------------------------------------------------------------------------------


def _scoreboard(tree: SimulatedTree, life: Life, call: Message) -> Message | None:
    return _ON_THE_SCOREBOARD[type(call)](tree, life, call)


def _hold_guard_lease(tree: SimulatedTree, life: Life, call: ct.HoldGuardLease) -> None:
    tree.cells[life.role].lease_until_ns = tree.stage.agenda.now_ns + call.valid_for_ns


def _heartbeats(tree: SimulatedTree, _life: Life, _call: Message) -> Message:
    return ct.HeartbeatsRead(ages_ns=tree.ages())


def _clear_latch(tree: SimulatedTree, _life: Life, _call: Message) -> None:
    tree.stage.latches.pop(tree.name, None)


def _latches(tree: SimulatedTree, _life: Life, _call: Message) -> Message:
    return as_felt({scope: tree.stage.latches.get(scope) for scope in (GLOBAL, tree.name)})


def _integrity(tree: SimulatedTree, _life: Life, _call: Message) -> Message:
    cell = tree.cells.get("executor")
    view = tree.disk.view
    return ct.IntegrityChecked(
        engine_sequence=cell.published.sequence if cell else 0,
        engine_digest=cell.published.digest if cell else b"",
        store_sequence=view.sequence if view else 0,
        store_digest=tree.disk.view_digest,
        ages_ns=tree.ages(),
    )


_ON_THE_SCOREBOARD: Mapping[type[Message], Callable[[SimulatedTree, Life, Any], Message | None]] = {
    ct.HoldGuardLease: _hold_guard_lease,
    ct.ReadHeartbeats: _heartbeats,
    ct.CheckIntegrity: _integrity,
    ct.ReadLatches: _latches,
    ct.ClearPanicLatch: _clear_latch,
}


def _sharers(tree: SimulatedTree, _life: Life, _call: Message) -> Message:
    """As the journals of all instances of the account have it; whose executor died lately is not down yet."""
    of_account = [one for one in tree.stage.instances.values() if one.casting.account == tree.casting.account]
    views = {one.name: one.disk.view for one in of_account if one.disk.view is not None}
    total = sum((view.realised_profit - view.fees + view.funding for view in views.values()), Decimal(0))
    down = tuple(
        one.name for one in of_account if one.name in views and views[one.name].position_quantity and _is_down(one)
    )
    return ac.SharersRead(total=total, down=down)


def _is_down(tree: SimulatedTree) -> bool:
    return dict(tree.ages()).get("executor", ALIVE_NS) >= ALIVE_NS


def _incidents(tree: SimulatedTree, _life: Life, call: Message) -> None:
    assert isinstance(call, IncidentHappened), call
    tree.incidents.append(call)


def _host(tree: SimulatedTree, _life: Life, _call: Message) -> Message:
    """A machine at ease, unless the world says otherwise."""
    return tree.stage.host


_NEARBY = {
    "host": _host,
    "incidents": _incidents,
    "journal": _journal,
    "bars": _bars,
    "launcher": _launcher,
    "latch": _latch,
    "scoreboard": _scoreboard,
    "sharers": _sharers,
}
