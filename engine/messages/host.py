"""How the machine under an instance fares, read once a second by whoever guards it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.messages.base import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadHost(Message):
    """Port `host`: how does the machine fare? Answer: `HostRead`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRead(Message):
    """Guard to executor, too. `memory_used` is a share of all memory; `load_per_core` the runnable tasks per core over
    the last minute; `disk_free_bytes` is left where the journal lies; `instance_bytes` is the memory of all processes
    of this instance; `clock_step_ns` is how far the wall clock has moved against the steady one since the last reading.
    """

    is_conflated: ClassVar[bool] = True
    memory_used: float
    load_per_core: float
    disk_free_bytes: int
    instance_bytes: int
    clock_step_ns: int
