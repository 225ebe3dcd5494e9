"""Performing: effects of one life, in order, as the shell does it; it may die between any two of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from actors.shell.tree import SUPERVISOR
from actors.simulator import ports, post
from actors.simulator.lives import Life
from engine.machine import Effect, Kill, Note, Publish, Record, Request, Send, Spawn, Stop, WakeAt
from engine.messages import control as ct

if TYPE_CHECKING:
    from actors.simulator.tree import SimulatedTree


def perform(tree: SimulatedTree, life: Life, effects: tuple[Effect, ...]) -> None:
    """What could not be made durable ends it: nothing after it happens."""
    strikes, may_crash = tree.simulation.strikes, life.role != SUPERVISOR
    for effect in effects:
        if may_crash and strikes("crash"):
            tree.kill(life.role)
        if not life.is_alive or _PERFORM[type(effect)](tree, life, effect) is False:
            return


def _record(tree: SimulatedTree, life: Life, effect: Record) -> bool:
    """False when it is not durable, or so it seems."""
    simulation, disk = tree.simulation, tree.disk
    if simulation.strikes("disk_error"):
        disk.refuses_until_ns = simulation.now_ns + simulation.chance.delay_ns(10, 4_000)
    if simulation.now_ns < disk.refuses_until_ns:
        life.follow_ups.append(ct.RecordFailed(text="the disk is full"))
        return False
    disk.keep(life.role, effect, tree.now_of(life))
    if tree.casting.is_instance and simulation.strikes("disk_lies"):
        life.follow_ups.append(ct.RecordFailed(text="the disk does not know"))
        return False
    return True


def _publish(tree: SimulatedTree, life: Life, effect: Publish) -> None:
    tree.cells[life.role].published = effect


def _note(tree: SimulatedTree, life: Life, effect: Note) -> None:
    tree.simulation.note(tree.name, life.role, effect.level, effect.text)


_PERFORM: Mapping[type[Effect], Callable[[SimulatedTree, Life, Any], bool | None]] = {
    Record: _record,
    Publish: _publish,
    Send: lambda tree, life, effect: post.send(tree, life, effect.to, effect.message),
    Request: lambda tree, life, effect: ports.ask(tree, life, effect.port, effect.call),
    WakeAt: lambda tree, life, effect: tree.set_alarm(life, effect.label, effect.at_ns),
    Note: _note,
    Spawn: lambda tree, _life, effect: tree.spawn(effect.role, effect.generation),
    Kill: lambda tree, _life, effect: tree.kill_generation(effect.role, effect.generation),
    Stop: lambda tree, life, effect: tree.leave(life, effect.reason),
}
