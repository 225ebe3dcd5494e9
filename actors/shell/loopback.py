"""Thespian on 127.0.0.1 only. Stock Thespian listens on every address and unpickles whatever arrives.

Call `bind_to_loopback` before the first ActorSystem of a process; forked children inherit it. While Thespian's address
module is imported it asks for this host's names, which can hang for seconds without a network; it is told `localhost`.
"""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK = "127.0.0.1"


def bind_to_loopback() -> None:
    """From now on every Thespian socket of this process and its forks listens on, and speaks from, 127.0.0.1."""
    os.environ["THESPIAN_BASE_IPADDR"] = LOOPBACK  # by itself this changes only the advertised address
    os.environ.setdefault("TZ", ":/etc/localtime")
    with _host_is_localhost():
        from thespian.system.transport import IPBase
    if not getattr(IPBase.IPActorAddress, "is_on_loopback", False):
        _patch(IPBase.IPActorAddress)


def _patch(address_class: Any) -> None:
    original = address_class.__init__

    def on_loopback(
        self: Any, family: int, socktype: int, proto: int, base: str | None, port: int, external: object = False
    ) -> None:
        original(self, family, socktype, proto, base, port, external)
        self.sockname = (LOOPBACK, self.sockname[1])
        self.bindname = (LOOPBACK, self.sockname[1])

    address_class.__init__ = on_loopback
    address_class.is_on_loopback = True


@contextmanager
def _host_is_localhost() -> Iterator[None]:
    names = socket.gethostname, socket.getfqdn
    socket.gethostname = lambda: "localhost"
    socket.getfqdn = lambda name="": "localhost"
    try:
        yield
    finally:
        socket.gethostname, socket.getfqdn = names


def free_port() -> int:
    """A loopback port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
