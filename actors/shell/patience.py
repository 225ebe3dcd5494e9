"""Patience: a journal is read and folded for as long as it is long, and that is no hang.

A machine beats between two messages. The one message that brings it the whole journal may take it many seconds, so a
thread beats in its place: during that message only, and not for ever, so that a recovery that really hangs is found.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from engine.messages.base import Message
from engine.messages.control import JournalRead, ReadJournal

BEAT_EVERY_S = 0.2
PATIENCE_S = 120.0  # two million events at 60 us each; a journal is archived long before


def patience(message: Message, beat: Callable[[], None]) -> contextlib.AbstractContextManager[None]:
    """While `message` is dealt with: beats when it is about the whole journal, nothing otherwise.

    Who is in here must not write the cell that `beat` writes.
    """
    return _beating(beat) if isinstance(message, ReadJournal | JournalRead) else contextlib.nullcontext()


@contextlib.contextmanager
def _beating(beat: Callable[[], None]) -> Iterator[None]:
    is_done = threading.Event()
    thread = threading.Thread(target=_beat_until, args=(is_done, beat), name="patience", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()


def _beat_until(is_done: threading.Event, beat: Callable[[], None]) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not is_done.wait(BEAT_EVERY_S) and time.monotonic() < until_s:
        beat()
