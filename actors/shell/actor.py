"""The shell: a Thespian actor that hosts any machine. All of our dealings with Thespian on the actors' side are here.

Theory of operation. Thespian runs a message again when its handler raised, so nothing may leave `receiveMessage`: what
a machine raises ends the process at once, and the supervisor starts it anew from the journal. Thespian forgets which
descriptors to watch after each message, so every handler returns them again. Its timers cannot be cancelled, so it only
ever gets one wish: the next time to look. A clean exit is announced to the parent twice: an address is forgotten at the
first notice, and a notice of an unknown address means nothing.
"""

from __future__ import annotations

import collections
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

from loguru import logger
from thespian.actors import (
    Actor,
    ActorExitRequest,
    ChildActorExited,
    ThespianWatch,
    WakeupMessage,
    WatchMessage,
)

from actors.shell.children import Children
from actors.shell.deathsig import die_with_parent, name_process
from actors.shell.envelope import (
    Answer,
    Ask,
    Boot,
    Booted,
    Envelope,
    Forwarded,
    Identity,
    Left,
    Letter,
    Ping,
    Pong,
    absent,
    seal,
    unseal,
)
from actors.shell.host import Host
from actors.shell.outcome import write_crash, write_outcome
from actors.shell.scoreboard import ScoreboardWriter
from actors.shell.tree import SUPERVISOR, Tree, read_tree
from actors.wiring import table as wiring
from engine.messages import wire
from engine.messages.account import LeafLeft
from engine.messages.base import Message
from engine.messages.control import ChildExited, CommandAnswered, Spawned, StopInstance

CRASHED = 70
MOST_ASKERS = 8  # people who wait for an answer that a machine gives later, or never


class Shell(Actor):  # type: ignore[misc]
    """One process. `role` is what it is created for; who exactly it is comes with `Boot`."""

    role = ""

    def __init__(self) -> None:
        super().__init__()
        die_with_parent()
        self._host: Host | None = None
        self._boot: Boot | None = None
        self._tree: Tree | None = None
        self._identity: Identity | None = None
        self._parent: Any = None
        self._children: Children | None = None
        self._askers: collections.deque[tuple[Any, str]] = collections.deque(maxlen=MOST_ASKERS)
        self._armed_s: float | None = None
        self._is_leaving = False

    def receiveMessage(self, msg: Any, sender: Any) -> ThespianWatch | None:  # noqa: N802 - Thespian's name
        try:
            if isinstance(msg, ActorExitRequest):
                self._end()
                return None
            self._handle(msg, sender)
            return self._look_again()
        except BaseException as error:  # noqa: BLE001 - nothing may leave this handler, or it is run again
            self._crash(error)

    def _handle(self, msg: Any, sender: Any) -> None:
        match msg:
            case Boot():
                self._begin(msg, sender)
            case WakeupMessage():
                self._armed_s = None if msg.payload == self._armed_s else self._armed_s
            case WatchMessage():
                pass  # `_look_again` drains every descriptor after every message
            case Letter(data=data):
                self._deliver(unseal(data).open())
            case Ping(number=number):
                self.send(sender, Pong(number=number, pid=os.getpid()))
            case Ask():
                self._on_ask(msg, sender)
            case Forwarded(asker=asker, ask=ask):
                self._take_command(ask, asker)
            case Booted(role=role, generation=generation, pid=pid):
                if self._children is not None:
                    self._children.learn(role, generation, pid)
                self._deliver(Spawned(role=role, generation=generation, pid=pid))
            case Left(role=role, generation=generation, reason=reason):
                self._deliver(LeafLeft(role=role, generation=generation, reason=reason))
            case ChildActorExited(childAddress=address):
                self._on_child_exited(address)
            case _:
                logger.warning("a message for no shell: {!r}", msg)

    def _crash(self, error: BaseException) -> NoReturn:
        """Log what was raised and end the process at once: no second delivery, nothing half-done goes on."""
        try:
            logger.opt(exception=error).critical("this process ends and is started anew")
            if self._tree is not None and self._boot is not None:
                write_crash(self._tree.run_folder, self._boot.role, error)
        finally:
            os._exit(CRASHED)

    # --- life --------------------------------------------------------------------------------------------------------

    def _begin(self, boot: Boot, sender: Any) -> None:
        if self._boot is not None:
            return
        tree = read_tree(Path(boot.tree_file))
        self._boot, self._tree, self._parent = boot, tree, sender
        name_process(boot.role)
        wiring.start_log(tree, boot.role)
        self._identity = Identity(
            tree=tree.name, role=boot.role, generation=boot.generation, born_ns=time.monotonic_ns()
        )
        writer = ScoreboardWriter(tree.scoreboard_file, boot.role, boot.generation)
        if boot.role == SUPERVISOR:
            self._children = Children(self, tree, boot)
        part = wiring.part_for(tree, boot, writer)
        self._host = Host(tree=tree, identity=self._identity, part=part, outer=self, writer=writer)
        self._host.start()
        logger.info("started: generation {}, pid {}", boot.generation, os.getpid())
        self.send(sender, Booted(role=boot.role, generation=boot.generation, pid=os.getpid()))

    def _end(self) -> None:
        if self._host is not None:
            self._host.close()
            self._host = None
        if self._children is not None:
            self._children.leave_nothing()

    def _look_again(self) -> ThespianWatch:
        if self._host is None:
            return ThespianWatch([])
        self._notice_deaths()
        has_more = self._host.pump()
        self._arm(0.0 if has_more else self._host.next_look_s())
        return ThespianWatch(self._host.watched() + (self._children.filenos() if self._children is not None else []))

    def _arm(self, wait_s: float) -> None:
        at_s = time.monotonic() + wait_s
        if self._armed_s is None or at_s < self._armed_s - 0.001:
            self._armed_s = at_s
            self.wakeupAfter(timedelta(seconds=wait_s), payload=at_s)

    def _deliver(self, message: Message) -> None:
        if self._host is None:
            return
        self._host.deliver(message)
        if isinstance(message, StopInstance) and self._children is None:
            self.leave(message.reason)  # a machine that has nothing to do at its end need not say so

    # --- commands of a person ----------------------------------------------------------------------------------------

    def _on_ask(self, ask: Ask, asker: Any) -> None:
        child = self._children.address_of(ask.role) if self._children is not None else None
        if self._identity is not None and ask.role == self._identity.role:
            self._take_command(ask, asker)
        elif child is not None:
            self.send(child, Forwarded(asker=asker, ask=ask))
        else:
            self._reply(asker, ask.correlation, absent(ask.role))

    def _take_command(self, ask: Ask, asker: Any) -> None:
        """The answer usually comes while the command is handled, so the newest asker is the one it is for."""
        self._askers.append((asker, ask.correlation))
        self._deliver(wire.decode(ask.payload))
        if self._children is not None:
            self.answer(CommandAnswered(is_done=True, text="taken"))

    def answer(self, message: CommandAnswered) -> None:
        if self._askers:
            self._reply(*self._askers.pop(), message)

    def _reply(self, asker: Any, correlation: str, message: CommandAnswered) -> None:
        self.send(asker, Answer(correlation=correlation, payload=wire.encode(message)))

    # --- what only a shell can do (performer.Outer) ------------------------------------------------------------------

    def spawn(self, role: str, generation: int) -> None:
        assert self._children is not None, "only a supervisor has children"
        self._children.spawn(role, generation)

    def kill(self, role: str, generation: int) -> None:
        assert self._children is not None, "only a supervisor has children"
        self._children.kill(role, generation)

    def leave(self, reason: str) -> None:
        """End this process in order."""
        assert self._boot is not None
        if self._is_leaving:
            return
        self._is_leaving = True
        logger.info("ends: {}", reason)
        if self._children is not None and self._tree is not None:
            write_outcome(self._tree.run_folder, reason)
        else:
            self.send(self._parent, Left(role=self._boot.role, generation=self._boot.generation, reason=reason))
        self.send(self.myAddress, ActorExitRequest())

    def mail(self, to: str, message: Message) -> bool:
        """By Thespian: from a supervisor to a child, or from a child to its supervisor."""
        assert self._identity is not None
        address = self._parent if self._children is None else self._children.address_of(to)
        if address is None:
            return False
        envelope = Envelope(sender=self._identity, sent_at_ns=time.monotonic_ns(), payload=wire.encode(message))
        self.send(address, Letter(data=seal(envelope)))
        return True

    def _on_child_exited(self, address: Any) -> None:
        child = self._children.forget(address) if self._children is not None else None
        if child is not None:
            self._deliver(ChildExited(role=child.role, generation=child.generation))

    def _notice_deaths(self) -> None:
        for child in self._children.take_dead() if self._children is not None else ():
            self._deliver(ChildExited(role=child.role, generation=child.generation))
