"""What a service manager wants to hear (systemd's `Type=notify`): ready, still alive, stopping. Silent without one."""

from __future__ import annotations

import contextlib
import os
import socket

READY = "READY=1"
ALIVE = "WATCHDOG=1"
STOPPING = "STOPPING=1"


def tell_service_manager(state: str) -> None:
    """Never fails: who cannot be told is not told, and decides by the process itself."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    target = f"\0{address[1:]}" if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(target)
        sender.sendall(state.encode())
