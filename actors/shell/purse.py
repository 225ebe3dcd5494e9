"""The purse: what a role paid out of its protective reserve, on disk, so that its next life does not begin rich again.

Theory of operation. What an executor and its next life spend together counts at the exchange, and a supervisor may
start it again five times in half a minute. So each payment is in the file before the request leaves. It must outlive
the process and not the machine, which takes longer to come back than the windows last: written in place, in one go, not
synced. Its times are wall clock, which goes on while the machine is down. A file that is damaged counts as all spent
just now; one that cannot be made or written costs the memory, never the protection.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from loguru import logger

from engine.budget import ALL_OF_IT, Payment

FILE_BYTES = 4_096  # reserved at once: a disk that fills up later takes nothing away


class Purse(Protocol):
    """Remembers payments for the next life. `now_ns` is the clock that the payments are dated by."""

    def left_behind(self, now_ns: int) -> tuple[Payment, ...]: ...

    def keep(self, paid: Iterable[Payment], now_ns: int) -> None: ...


class PurseFile:
    """In one file, by one writer at a time."""

    def __init__(self, path: Path, wall_ns: Callable[[], int]) -> None:
        self._path, self._wall_ns = path, wall_ns
        self._file: int | None = None

    def left_behind(self, now_ns: int) -> tuple[Payment, ...]:
        """What lives before this one paid."""
        try:
            return tuple(self._dated(now_ns))
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.warning("{} cannot be read ({}); the reserve counts as spent just now", self._path, error)
            return (Payment(at_ns=now_ns, weight=ALL_OF_IT.weight, orders=ALL_OF_IT.orders),)

    def keep(self, paid: Iterable[Payment], now_ns: int) -> None:
        """Instead of whatever it held."""
        ahead_ns = self._wall_ns() - now_ns
        rows = [(one.at_ns + ahead_ns, one.weight, one.orders) for one in paid]
        with contextlib.suppress(OSError):  # a stop must not wait for a disk that is mended
            os.pwrite(self._opened(), json.dumps(rows).encode().ljust(FILE_BYTES), 0)

    def _dated(self, now_ns: int) -> Iterable[Payment]:
        """By a clock of now. What is said to come is of now: the wall clock was set back."""
        ahead_ns = self._wall_ns() - now_ns
        for at_ns, weight, orders in json.loads(self._path.read_bytes()):
            yield Payment(at_ns=min(now_ns, int(at_ns) - ahead_ns), weight=int(weight), orders=int(orders))

    def _opened(self) -> int:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._file
