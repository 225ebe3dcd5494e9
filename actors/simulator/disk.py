"""The disk of a simulated tree: what survives every death."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.machine import Record
from engine.messages import wire
from engine.messages.base import Message
from engine.messages.reports import InstanceView, digest_of


@dataclass(slots=True, kw_only=True)
class Disk:
    """The account's files are replaced as a whole (`only_newest`), an instance's journal only grows."""

    only_newest: bool
    journals: dict[str, list[tuple[int, Message]]] = field(default_factory=dict)
    view: InstanceView | None = None
    view_digest: bytes = b""
    bars: dict[int, object] = field(default_factory=dict)
    refuses_until_ns: int = 0

    def keep(self, role: str, effect: Record, at_ns: int) -> None:
        kept = self.journals.setdefault(role, [])
        if self.only_newest:
            kept.clear()
        kept.extend((at_ns, event) for event in effect.events)
        if effect.view is not None:
            self.view, self.view_digest = effect.view, digest_of(wire.encode(effect.view))
