"""Performing: effects of one life, in order, as the shell does it; it may die between any two of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from actors.shell.tree import SUPERVISOR
from actors.simulator import births, launcher, ports, post
from actors.simulator.lives import Life
from actors.simulator.stage import SimulatedTree
from engine.machine import Effect, Kill, Note, Publish, Record, Request, Send, Spawn, Stop, WakeAt
from engine.messages import control as ct


def perform(tree: SimulatedTree, life: Life, effects: tuple[Effect, ...]) -> None:
    """What could not be made durable ends it: nothing after it happens."""
    if not effects:
        return
    chance, now_ns = tree.stage.chance, tree.agenda.now_ns
    may_crash = life.role != SUPERVISOR and chance.may_strike("crash", now_ns)
    for effect in effects:
        if may_crash and chance.strikes("crash", now_ns):
            births.kill(tree, life.role)
        if not life.is_alive or _PERFORM[type(effect)](tree, life, effect) is False:
            return


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
