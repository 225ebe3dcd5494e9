"""Performing: effects of one life, in order, as the shell does it; it may die between any two of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from actors.shell.tree import SUPERVISOR
from actors.simulator import births, launcher, ports, post
from actors.simulator.agenda import MS
from actors.simulator.lives import Life
from actors.simulator.stage import OUTLASTS_NS, SimulatedTree
from engine.machine import Effect, Kill, Note, Publish, Record, Request, Send, Spawn, Stop, WakeAt
from engine.messages import control as ct
from engine.messages.exchange import PlaceOrder

SUSPENDED_MS = 17_000, 28_000


def perform(tree: SimulatedTree, life: Life, effects: tuple[Effect, ...]) -> None:
    """What could not be made durable ends it: nothing after it happens."""
    if not effects:
        return
    chance, now_ns = tree.stage.chance, tree.agenda.now_ns
    may_crash = life.role != SUPERVISOR and chance.may_strike("crash", now_ns)
    for at, effect in enumerate(effects):
        if may_crash and chance.strikes("crash", now_ns):
            births.kill(tree, life.role)
        if _sends_an_order(effect) and chance.strikes("suspended", now_ns):
            _suspend(tree, life, effects[at:])
            return
        if not life.is_alive or _PERFORM[type(effect)](tree, life, effect) is False:
            return


def _sends_an_order(effect: Effect) -> bool:
    return isinstance(effect, Request) and isinstance(effect.call, PlaceOrder)


def _suspend(tree: SimulatedTree, life: Life, rest: tuple[Effect, ...]) -> None:
    """The machine stands still for longer than an instrument stays with who is silent; then it does the rest first."""
    drawn_ns = tree.stage.chance.of("suspended").randint(*SUSPENDED_MS) * MS
    for_ns = min(drawn_ns, tree.stage.chance.until_ns + OUTLASTS_NS - tree.agenda.now_ns)
    tree.agenda.after(for_ns, lambda: _resume(tree, life, rest))
    tree.freeze(for_ns)


def _resume(tree: SimulatedTree, life: Life, rest: tuple[Effect, ...]) -> None:
    calls = (effect.call for effect in rest if isinstance(effect, Request))
    tree.resumed += [call.order.client_order_id for call in calls if isinstance(call, PlaceOrder)]
    perform(tree, life, rest)


def _record(tree: SimulatedTree, life: Life, effect: Record) -> bool:
    """False when it is not durable, or so it seems."""
    stage, disk = tree.stage, tree.disk
    if stage.strikes("disk_error"):
        disk.refuses_until_ns = stage.now_ns + stage.chance.delay_ns(10, 4_000)
    if stage.now_ns < disk.refuses_until_ns:
        life.follow_ups.append(ct.RecordFailed(text="the disk is full"))
        return False
    disk.keep(life.role, effect, tree.now_of(life))
    if tree.casting.is_instance and stage.strikes("disk_lies"):
        life.follow_ups.append(ct.RecordFailed(text="the disk does not know"))
        return False
    return True


def _publish(tree: SimulatedTree, life: Life, effect: Publish) -> None:
    tree.cells[life.role].published = effect


def _note(tree: SimulatedTree, life: Life, effect: Note) -> None:
    tree.stage.note(tree.name, life.role, effect.level, effect.text)


def _stop(tree: SimulatedTree, life: Life, effect: Stop) -> None:
    if life.role == SUPERVISOR:
        launcher.ended(tree, effect.reason)
    else:
        births.leave(tree, life, effect.reason)


_PERFORM: Mapping[type[Effect], Callable[[SimulatedTree, Life, Any], bool | None]] = {
    Record: _record,
    Publish: _publish,
    Send: lambda tree, life, effect: post.send(tree, life, effect.to, effect.message),
    Request: ports.ask,
    WakeAt: SimulatedTree.set_alarm,
    Note: _note,
    Spawn: lambda tree, _life, effect: births.spawn(tree, effect.role, effect.generation),
    Kill: lambda tree, _life, effect: births.kill_generation(tree, effect.role, effect.generation),
    Stop: _stop,
}
