"""What the account system remembers, and what supervisors ask of their surroundings."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.messages.base import Message

# --- remembered on disk ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentLease(Message):
    """`instance` alone may trade `symbol` on `account` until `expires_at_ns`. The epoch never falls.

    Nobody else gets it before `free_at_ns`: until then the exchange may still accept what was sent under it. 0 in
    tables of versions that did not know of this.
    """

    account: str
    symbol: str
    instance: str
    epoch: int
    expires_at_ns: int
    free_at_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasesHeld(Message):
    """The whole table of leases, as it now stands."""

    leases: tuple[InstrumentLease, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSpending(Message):
    """What was spent on `account` in the windows that began at these times, and until when it must be left alone.

    What is out in leases is no part of it; in tables of versions that did not note leases it is.
    """

    account: str
    minute_started_at_ns: int
    weight: int
    orders_started_at_ns: int
    orders: int
    backed_off_until_ns: int
    is_stopped: bool
    exchange: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLease(Message):
    """What `asker` (a process of an instance; answers go to `to`) may spend until then; `told_…` is what its `life`
    said it had paid by the time it got this.
    """

    asker: str
    account: str
    to: str
    weight: int
    orders: int
    expires_at_ns: int
    takes_orders: bool
    reads_account: bool
    life: int
    told_weight: int
    told_orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingNoted(Message):
    """The spending of every account, as it now stands, and all that is out in leases."""

    accounts: tuple[AccountSpending, ...]
    leases: tuple[BudgetLease, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreUnreadable(Message):
    """Instead of `JournalRead`: what is on disk is not what was written. Nothing may be assumed."""

    text: str


# --- words of the account system -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentReleased(Message):
    """To `account.leases`: `instance` no longer trades `symbol`: it stopped, or is halted and holds nothing.

    For `settles_in_ns` yet an order of it may reach the exchange; 0 when the fate of each is known.
    """

    instance: str
    account: str
    symbol: str
    settles_in_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseLatch(Message):
    """Port `latch`: make the panic latch of `scope` (an instance, or `global`) durable. Answer: `LatchRaised`.

    A reminder leaves one that stands as it is: it is no newer panic than the one a person looked at.
    """

    scope: str
    reason: str
    flatten: bool = False
    is_reminder: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LatchRaised(Message):
    """The latch is on disk."""

    scope: str
    reason: str
    flatten: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LatchFailed(Message):
    """The latch is NOT on disk (full or read-only): wake everyone all the same, and stop."""

    scope: str
    reason: str
    flatten: bool
    text: str


# --- an account that instances share ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSharers(Message):
    """Port `sharers`: what do the instances of this account explain of its balance? Answer: `SharersRead`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharersRead(Message):
    """Profits less fees of all of them; `down` are those that hold a position and do not run."""

    total: Decimal
    down: tuple[str, ...]


# --- supervision -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLauncher(Message):
    """Port `launcher`: does the process that started this tree still live? Answer: `LauncherSeen`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherSeen(Message):
    """A tree without its launcher has nobody to end it, so it ends itself."""

    is_alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafLeft(Message):
    """A child ended itself in order (`Stop`); not a death to restart after."""

    role: str
    generation: int
    reason: str
