"""The performer: carries out a machine's effects, in order, with real ports, clock and processes.

`Record` is durable before the next effect starts; when it cannot be, the rest is dropped and the machine is told. What
comes of effects at once goes to `follow_ups`, which the host delivers like any other message.
"""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from loguru import logger

from actors.shell.async_bridge import AsyncBridge
from actors.shell.dead_letters import DeadLetters
from actors.shell.lease_keeper import LeaseKeeper
from actors.shell.part import AsyncPort, Part
from actors.shell.patience import patience
from actors.shell.plane import Plane
from actors.shell.scoreboard import ScoreboardWriter
from actors.shell.timers import Timers
from actors.shell.tree import SUPERVISOR
from engine.errors import InvariantViolated, StoreError
from engine.machine import Effect, Kill, Note, Publish, Record, Request, Send, Spawn, Stop, WakeAt
from engine.messages.base import Message
from engine.messages.control import CommandAnswered, RecordFailed, Undeliverable

Deed = Callable[[], None]


class Outer(Protocol):
    """What only the process's framework can do: its children, its own end, and mail to those without sockets."""

    def spawn(self, role: str, generation: int) -> None: ...

    def kill(self, role: str, generation: int) -> None: ...

    def leave(self, reason: str) -> None: ...

    def mail(self, to: str, message: Message) -> bool: ...

    def answer(self, message: CommandAnswered) -> None: ...


class Performer:
    """Of one actor process."""

    def __init__(
        self,
        *,
        part: Part,
        outer: Outer,
        plane: Plane | None,
        bridge: AsyncBridge[Deed] | None,
        async_ports: Mapping[str, AsyncPort],
        scoreboard: ScoreboardWriter,
        timers: Timers,
        leases: LeaseKeeper,
        dead_letters: DeadLetters,
    ) -> None:
        self._part = part
        self._outer = outer
        self._plane = plane
        self._bridge = bridge
        self._async_ports = async_ports
        self._scoreboard = scoreboard
        self._timers = timers
        self._leases = leases
        self._dead_letters = dead_letters
        self.follow_ups: collections.deque[Message] = collections.deque()

    def perform(self, effects: Iterable[Effect], now_ns: int) -> None:
        """`now_ns` is the time the machine was given: the journal keeps that one, so its fold is the same state."""
        for effect in effects:
            if isinstance(effect, Record):
                if not self._record(effect, now_ns):
                    return
            else:
                self._do(effect)

    def _do(self, effect: Effect) -> None:
        match effect:
            case Send(to=to, message=message):
                self._send(to, message)
            case Request(port=port, call=call):
                self._request(port, call)
            case WakeAt(at_ns=at_ns, label=label):
                self._timers.wake_at(at_ns, label)
            case Publish(phase=phase, sequence=sequence, digest=digest, extra=extra):
                self._scoreboard.publish(phase=phase, sequence=sequence, digest=digest, extra=extra)
            case Note(level=level, text=text):
                logger.log(level, text)
            case Spawn(role=role, generation=generation):
                self._outer.spawn(role, generation)
            case Kill(role=role, generation=generation):
                self._outer.kill(role, generation)
            case Stop(reason=reason):
                self._outer.leave(reason)
            case _:
                raise InvariantViolated(f"no performer for {effect!r}")

    def _record(self, effect: Record, now_ns: int) -> bool:
        if self._part.journal is None:
            raise InvariantViolated(f"a machine without a journal wants to record {effect.events!r}")
        try:
            self._part.journal.append(effect.events, effect.orders, effect.view, now_ns)
        except StoreError as error:
            logger.critical("not recorded: {}", error)
            self.follow_ups.append(RecordFailed(text=str(error)))
            return False
        return True

    def _send(self, to: str, message: Message) -> None:
        self._leases.on_sent(message)
        if isinstance(message, CommandAnswered):
            self._outer.answer(message)
            return
        for name in self._hand_over(to, message):
            self._dead_letters.keep(name, message)
            self.follow_ups.append(Undeliverable(to=name, name=type(message).__name__))

    def _hand_over(self, to: str, message: Message) -> tuple[str, ...]:
        if self._plane is None or to == SUPERVISOR:
            return () if self._outer.mail(to, message) else (to,)
        return self._plane.send(to, message)

    def _request(self, port: str, call: Message) -> None:
        if port in self._part.sync_ports:
            with patience(call, self._scoreboard.beat):
                answer = self._part.sync_ports[port].perform(call)
            if answer is not None:
                self.follow_ups.append(answer)
        elif port in self._async_ports and self._bridge is not None:
            self._bridge.submit(self._ask(self._bridge, self._async_ports[port], call))
        else:
            raise InvariantViolated(f"no port {port!r} here for {call!r}")

    async def _ask(self, bridge: AsyncBridge[Deed], port: AsyncPort, call: Message) -> None:
        try:
            answer = await port.perform(call)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a defect, and the actor's thread must crash
            bridge.post(functools.partial(_raise, error))
            return
        if answer is not None:
            bridge.post(functools.partial(self.follow_ups.append, answer))


def _raise(error: Exception) -> Any:
    raise error
