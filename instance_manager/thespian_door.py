"""The desk's door to Thespian: start a system, ask its supervisor. Loopback only, no secrets in what is said."""

from __future__ import annotations

import os
import socket
import time
import uuid
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

from actors.shell.envelope import Answer, Ask
from actors.shell.loopback import LOOPBACK, bind_to_loopback, free_port
from engine.messages import wire
from engine.messages.base import Message
from engine.messages.control import CommandAnswered
from instance_manager.errors import DoesNotAnswer

BASE = "multiprocTCPBase"
ADMIN_TRIES = 3


def prepare_environment(log_folder: Path) -> None:
    """Before anything of Thespian or numpy is imported here; forked actors inherit it."""
    log_folder.mkdir(parents=True, exist_ok=True)
    os.environ["THESPLOG_FILE"] = str(log_folder / "thespian.log")
    for library in ("OPENBLAS", "OMP", "MKL", "NUMEXPR"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")  # actors are many; and a fork must not meet threads
    bind_to_loopback()


def open_system(log_folder: Path) -> tuple[Any, int]:
    """A new ActorSystem on a free loopback port, and that port."""
    from thespian.actors import ActorSystem, InvalidActorAddress

    for tries_left in reversed(range(ADMIN_TRIES)):
        port = free_port()
        capabilities = {"Admin Port": port, "Admin Address": LOOPBACK}
        try:
            return ActorSystem(BASE, capabilities, logDefs=_log_to(log_folder), transientUnique=True), port
        except InvalidActorAddress:  # somebody took the port between our look and Thespian's
            if not tries_left:
                raise
    raise AssertionError("unreachable")


def attach(admin_port: int) -> Any | None:
    """The system of a running admin; None when it does not listen. Raises DoesNotAnswer within some seconds."""
    bind_to_loopback()
    from thespian.actors import ActorSystem

    with socket.socket() as probe:
        if probe.connect_ex((LOOPBACK, admin_port)) != 0:
            return None

    capabilities = {"Admin Port": admin_port, "Admin Address": LOOPBACK}
    return ActorSystem(_attached_base()(SimpleNamespace(capabilities=capabilities)), transientUnique=True)


def _attached_base() -> Any:
    """Thespian starts an admin of its own beside one that does not answer, and takes 14 s to see that it may not."""
    from thespian.system.multiprocTCPBase import ActorSystemBase

    class Attached(ActorSystemBase):  # type: ignore[misc]
        def _startAdmin(self, *_: Any) -> NoReturn:  # noqa: N802 - Thespian's name
            close_transport(self.transport)
            raise DoesNotAnswer("Thespian's admin does not answer")

        def _verifyAdminRunning(self) -> bool:  # noqa: N802 - Thespian's name
            if not super()._verifyAdminRunning():
                self._startAdmin()
            return True

    return Attached


def admin_answers(system: Any, limit_s: float) -> bool:
    """Whether the admin still handles messages. By an endpoint of its own: no late answer is mistaken for this one."""
    from thespian.system.messages.admin import QueryAck, QueryExists

    end = system._systemBase.external_clone()
    try:
        end._tx_to_admin(QueryExists())
        heard = end._run_transport(timedelta(seconds=limit_s))
        return isinstance(getattr(heard, "message", None), QueryAck)
    finally:
        close_transport(end.transport)


def address_at(port: int) -> Any:
    """The actor that listens on `port` of the loopback."""
    from thespian.actors import ActorAddress
    from thespian.system.transport.IPBase import TCPv4ActorAddress

    return ActorAddress(TCPv4ActorAddress(LOOPBACK, port))


def port_of(address: Any) -> int:
    return int(address.addressDetails.sockname[1])


def ask_actor(system: Any, address: Any, role: str, command: Message, timeout_s: float) -> CommandAnswered | None:
    """Give `role` a command and wait for its answer; None when none came in time. Late ones to others are passed by."""
    ask = Ask(role=role, correlation=uuid.uuid4().hex, payload=wire.encode(command))
    until = time.monotonic() + timeout_s
    with system.private() as private:
        try:
            answer = private.ask(address, ask, timeout_s)
            while answer is not None:
                if isinstance(answer, Answer) and answer.correlation == ask.correlation:
                    decoded = wire.decode(answer.payload)
                    return decoded if isinstance(decoded, CommandAnswered) else None
                answer = private.listen(max(0.0, until - time.monotonic()))
        finally:
            hang_up(private)
    return None


def hang_up(system: Any) -> None:
    """Close the sockets of this process's end. Thespian means to and does not."""
    close_transport(system._systemBase.transport)


def close_transport(transport: Any) -> None:
    """Sockets that rest, that hear, that are still to say something, and the one that listens."""
    for intent in getattr(transport, "_transmitIntents", {}).values():
        if getattr(intent, "socket", None) is not None:
            intent.socket.close()
    for idle in getattr(transport, "_openSockets", {}).values():
        idle.socket.close()
    for incoming in getattr(transport, "_incomingSockets", {}).values():
        incoming.socket.close()
    transport.socket.close()


def _log_to(folder: Path) -> dict[str, object]:
    """Where Thespian's logger process writes what libraries log in actors."""
    handler = {"class": "logging.FileHandler", "filename": str(folder / "library.log"), "delay": True}
    root = {"handlers": ["file"], "level": "WARNING"}
    return {"version": 1, "disable_existing_loggers": False, "handlers": {"file": handler}, "root": root}
