"""A part: the machine that plays a role, and the ports it may ask. Made by `wiring`, performed by the shell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.machine import Machine
from engine.messages.base import Message
from engine.messages.reports import InstanceView
from engine.order import Order


class Journal(Protocol):
    """Where `Record` goes. Durable when it returns; raises StoreError when it cannot be."""

    def append(
        self, events: tuple[Message, ...], orders: tuple[Order, ...], view: InstanceView | None, now_ns: int
    ) -> int: ...


class SyncPort(Protocol):
    """Answers at once, in microseconds or a few milliseconds, on the actor's own thread."""

    def perform(self, call: Message) -> Message | None: ...


class AsyncPort(Protocol):
    """Answers later, on the asyncio thread. Expected failures are messages; an exception is a defect and crashes."""

    async def perform(self, call: Message) -> Message | None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What an async port may do by itself, from the asyncio thread: push events, and say what its headers told."""

    push: Callable[[Message], None]
    on_usage: Callable[[Message], None]


MakePort = Callable[[Edge], AsyncPort]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """`async_ports` are made in the asyncio thread after start. `is_budgeted`: requests to the exchange cost budget."""

    machine: Machine[Any]
    journal: Journal | None = None
    sync_ports: Mapping[str, SyncPort] = field(default_factory=dict)
    async_ports: Mapping[str, MakePort] = field(default_factory=dict)
    is_budgeted: bool = False
