"""The data plane: each actor has one inbox socket and pushes to its peers' (ZeroMQ over `ipc://`, 0.2 ms a round trip).

Theory of operation. A push to a peer that has no inbox, or does not answer within a moment, is not queued: the sender
is told (`Undeliverable`) and the message is kept as a dead letter. A peer that lives but does not read queues without
bound, because orders and fills must not be dropped; the reader counts what waits and how old it is. The descriptor of a
ZeroMQ socket is edge-triggered: whoever waits on it must drain the socket until it is empty, and again after each send.
The context is made in the actor's own process, after the fork.
"""

from __future__ import annotations

import collections
import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import zmq

from actors.shell.envelope import Envelope, Identity, seal, unseal
from actors.shell.tree import Tree, read_tree, socket_file, socket_folder
from engine.errors import MalformedMessage
from engine.messages import wire
from engine.messages.base import Message

CONNECT_LIMIT_MS = 20  # a local connection takes well under one
LAST_WORDS_MS = 100  # for what was said just before the end
OLD_MESSAGE_NS = 1_000_000_000
LONG_QUEUE = 1_000


class Plane:
    """The sockets of one actor process."""

    def __init__(self, tree: Tree, identity: Identity, on_malformed: Callable[[str], None]) -> None:
        self._on_malformed = on_malformed
        self._tree = tree
        self._identity = identity
        self._context = zmq.Context()
        self._inbox = self._context.socket(zmq.PULL)
        self._inbox.set(zmq.RCVHWM, 0)
        self._bind()
        self._peers: dict[Path, zmq.Socket[bytes]] = {}
        self._arrived: collections.deque[tuple[Identity, Message]] = collections.deque()
        self._newest_lives: dict[tuple[str, str], int] = {}
        self.alarms: collections.Counter[str] = collections.Counter()

    def fileno(self) -> int:
        return int(self._inbox.get(zmq.FD))

    # --- sending -----------------------------------------------------------------------------------------------------

    def send(self, to: str, message: Message) -> tuple[str, ...]:
        """Hand `message` to every actor `to` names. Returns those that could not take it."""
        payload = wire.encode(message)
        envelope = Envelope(sender=self._identity, sent_at_ns=time.monotonic_ns(), payload=payload)
        data = seal(envelope)
        return tuple(name for name, path in self._inboxes(to) if not self._push(path, data))

    def _inboxes(self, to: str) -> tuple[tuple[str, Path], ...]:
        tree, dot, role = to.rpartition(".")
        if not dot:
            return ((to, socket_file(self._tree.run_folder, to)),)
        if tree == "*":
            return tuple((f"{folder.name}.{role}", socket_file(folder, role)) for folder in self._instances())
        return ((to, socket_file(self._tree.home / "run" / tree, role)),)

    def _instances(self) -> list[Path]:
        """Those with an account: a backtest does not feel what is said to all."""
        folders = [path.parent for path in (self._tree.home / "run").glob("*/tree.json")]
        return sorted(folder for folder in folders if _has_account(folder))

    def _push(self, path: Path, data: bytes) -> bool:
        if not path.exists():
            self._forget(path)
            return False
        is_new = path not in self._peers
        peer = self._peer(path)
        try:
            peer.send(data, zmq.NOBLOCK)
        except zmq.Again:
            return is_new and _push_when_connected(peer, data)
        return True

    def _peer(self, path: Path) -> zmq.Socket[bytes]:
        if path not in self._peers:
            peer = self._context.socket(zmq.PUSH)
            peer.set(zmq.SNDHWM, 0)
            peer.set(zmq.LINGER, 0)
            peer.set(zmq.IMMEDIATE, 1)
            peer.set(zmq.RECONNECT_IVL, 10)
            peer.connect(f"ipc://{path}")
            self._peers[path] = peer
        return self._peers[path]

    def _forget(self, path: Path) -> None:
        peer = self._peers.pop(path, None)
        if peer is not None:
            peer.close()

    # --- receiving ---------------------------------------------------------------------------------------------------

    def take(self) -> Message | None:
        """The next message, conflated kinds reduced to their newest; None when nothing waits. Never blocks."""
        self._take_in()
        return self._arrived.popleft()[1] if self._arrived else None

    def _take_in(self) -> None:
        while True:
            try:
                self._admit(self._inbox.recv(zmq.NOBLOCK))
            except zmq.Again:
                break
        if len(self._arrived) > LONG_QUEUE:
            self.alarms["long queue"] += 1

    def _admit(self, data: bytes) -> None:
        try:
            envelope = unseal(data)
            message = envelope.open()
        except MalformedMessage as error:
            self._on_malformed(str(error))
            return
        if self._is_of_an_older_life(envelope.sender):
            self.alarms["older generation"] += 1
            return
        if time.monotonic_ns() - envelope.sent_at_ns > OLD_MESSAGE_NS:
            self.alarms["old message"] += 1
        self._queue(envelope.sender, message)

    def _queue(self, sender: Identity, message: Message) -> None:
        if message.is_conflated:
            kind = type(message)
            fresh = ((who, what) for who, what in self._arrived if who != sender or type(what) is not kind)
            self._arrived = collections.deque(fresh)
        self._arrived.append((sender, message))

    def _is_of_an_older_life(self, sender: Identity) -> bool:
        key = sender.tree, sender.role
        newest = self._newest_lives.get(key, 0)
        self._newest_lives[key] = max(newest, sender.born_ns)
        return sender.born_ns < newest

    # --- life --------------------------------------------------------------------------------------------------------

    def _bind(self) -> None:
        path = socket_file(self._tree.run_folder, self._identity.role)
        _make_folder(socket_folder(self._tree.run_folder))
        with contextlib.suppress(FileNotFoundError):
            path.unlink()  # of our former life; nobody else may have this role
        self._inbox.bind(f"ipc://{path}")

    def close(self) -> None:
        self._context.destroy(linger=LAST_WORDS_MS)
        with contextlib.suppress(FileNotFoundError):
            socket_file(self._tree.run_folder, self._identity.role).unlink()


def _has_account(run_folder: Path) -> bool:
    try:
        spec = read_tree(run_folder / "tree.json").spec
    except (OSError, ValueError):
        return True  # better to tell one too many
    return spec is not None and bool(spec.account)


def _push_when_connected(peer: zmq.Socket[bytes], data: bytes) -> bool:
    if not peer.poll(CONNECT_LIMIT_MS, zmq.POLLOUT):
        return False
    peer.send(data, zmq.NOBLOCK)
    return True


def _make_folder(folder: Path) -> None:
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = folder.parent.stat().st_uid
    if owner not in (os.getuid(), 0):
        raise PermissionError(f"{folder.parent} belongs to user {owner}, not to us; somebody may listen there")
