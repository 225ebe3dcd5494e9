"""Facts of the instance itself, for the journal: its book is the same after them. See `events` for those of money."""

from __future__ import annotations

from dataclasses import dataclass

from engine.messages.base import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskWarned(Message):
    """Nothing halts, but a person should think about it."""

    cause: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResyncConfirmed(Message):
    """A person had the exchange's truth adopted; what follows in the same record is what that changed."""

    reason: str
    operator: str
    text: str
    cause: str = "resync"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsSet(Message):
    """By which limits this life trades. `loosened` are those a person allowed to be looser while a position is open."""

    limits: dict[str, str]
    loosened: tuple[str, ...] = ()
    reason: str = ""
    operator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint(Message):
    """Instead of all that was archived: the book after it (`engine.checkpoint`), and the limits last set."""

    book: str
    limits: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRegained(Message):
    """The journal can be written again; `text` is why it could not. Nothing was sent meanwhile."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZombieFound(Message):
    """An order of ours rests at the exchange and should not; its cancel is asked for at each sight of it."""

    client_order_id: str
    symbol: str
    venue_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZombieGone(Message):
    """It rests there no more."""

    client_order_id: str


ALL = (RiskWarned, ResyncConfirmed, LimitsSet, StoreRegained, ZombieFound, ZombieGone)
