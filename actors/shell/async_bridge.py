"""An asyncio loop in a daemon thread, joined to the actor by one descriptor (0.2 ms).

The actor submits coroutines; what they bring is posted and drained by the actor when `fileno` is readable. The inbox is
unbounded because fills must never be dropped; its length is watched by whoever drains it.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import socket
import threading
import time
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
CLOSE_LIMIT_S = 2.0
PROBE_EVERY_S = 0.2
SILENT_S = 2.5  # a busy machine delays the loop by tenths of a second; parsing what an exchange lists takes less too


class AsyncBridge(Generic[ItemT]):
    """Lives in one actor process; create it there, after the fork."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._inbox: collections.deque[ItemT] = collections.deque()
        self._loop = asyncio.new_event_loop()
        self._probed_at_s = self._answered_at_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="asyncio", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        return self._reader.fileno()

    def submit(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run it some time soon; it must post its outcome itself and raise nothing."""
        asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def call(self, coroutine: Coroutine[Any, Any, ResultT], limit_s: float) -> ResultT:
        """Run it now and wait: for making and closing ports only."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(limit_s)

    def post(self, item: ItemT) -> None:
        """From the loop to the actor."""
        self._inbox.append(item)
        with contextlib.suppress(BlockingIOError):  # then a wake-up is pending already
            self._writer.send(b"\0")

    def drain(self) -> list[ItemT]:
        """All that has arrived."""
        with contextlib.suppress(BlockingIOError):
            self._reader.recv(65536)
        return [self._inbox.popleft() for _ in range(len(self._inbox))]

    def answers(self) -> bool:
        """Whether the loop still takes turns: it did lately what we asked for. A coroutine that blocks stops it."""
        now_s = time.monotonic()
        is_waiting = self._probed_at_s > self._answered_at_s
        if not is_waiting and now_s - self._probed_at_s >= PROBE_EVERY_S:
            self._probed_at_s = now_s
            self._loop.call_soon_threadsafe(self._answer)
        return not is_waiting or now_s - self._probed_at_s < SILENT_S

    def _answer(self) -> None:
        self._answered_at_s = time.monotonic()

    def close(self) -> None:
        """Cancel what runs and end the thread, in bounded time."""
        with contextlib.suppress(TimeoutError):
            self.call(_cancel_all(), CLOSE_LIMIT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_LIMIT_S)
        if not self._thread.is_alive():
            self._loop.close()
        self._reader.close()
        self._writer.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
