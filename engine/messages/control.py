"""Life, health and commands inside an instance and with the account system."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.messages.base import Message
from engine.messages.exchange import AccountSnapshot
from engine.order import Order

# --- performing ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Woken(Message):
    """A `WakeAt` came due."""

    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFailed(Message):
    """The journal could not make events durable; nothing after them was performed."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undeliverable(Message):
    """A `Send` could not be handed over (the peer is down); kept as a dead letter."""

    to: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadJournal(Message):
    """Port `journal`: every event, oldest first. Answer: `JournalRead`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRead(Message):
    """The whole journal of this instance: (wall clock of recording, event)."""

    events: tuple[tuple[int, Message], ...]


# --- supervision -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Spawned(Message):
    """The child runs and answered."""

    role: str
    generation: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildExited(Message):
    """The child's process ended (told once per death, whatever Thespian says)."""

    role: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatsRead(Message):
    """The scoreboard's heartbeat ages in ns by role, read on the supervisor's or guard's tick."""

    ages_ns: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopInstance(Message):
    """Stop the tree in order; protective orders stay."""

    reason: str


# --- commands of a person --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetBreaker(Message):
    """A person reviewed; clear RED (refused while the cause persists), and the latch raised when they looked."""

    reason: str
    operator: str
    latched_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PanicRaised(Message):
    """The latch is already on disk; this only wakes everyone. `flatten` also closes the position."""

    scope: str
    reason: str
    flatten: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAnswered(Message):
    """To the person who asked."""

    is_done: bool
    text: str


# --- guard and reconciler --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotForwarded(Message):
    """Reconciler to executor: the exchange's truth, and its clock minus ours. The executor answers with its view."""

    snapshot: AccountSnapshot
    clock_offset_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewReported(Message):
    """Executor to reconciler: what we believe after taking in the snapshot that started at `snapshot_started_at_ns`."""

    snapshot_started_at_ns: int
    position_quantity: Decimal
    open_orders: tuple[Order, ...]
    wallet_expected: Decimal | None  # None until anchored
    in_flight: bool  # then a difference proves nothing yet
    fills_since_ns: int
    traded_by: str = ""  # somebody else on the account, as far as we know; empty while the instrument is ours


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileNow(Message):
    """After a fill, a reconnect, a recovery, a breaker change. `is_urgent` as in `TakeSnapshot`; `settles_ms`: what it
    is to see (a stop for what was just filled) takes so long to come about.
    """

    reason: str
    is_urgent: bool = False
    settles_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled(Message):
    """Reconciler to executor: the verdict, at most some seconds old when trading depends on it."""

    state: str
    differences: tuple[str, ...]
    compared_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingFailed(Message):
    """Reconciler or data to executor: the exchange was asked and could not be read. The breaker counts it."""

    call: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrityChecked(Message):
    """Port `scoreboard`'s answer to a guard's `CheckIntegrity`.

    Engine: what the executor last published. Store: the view in the journal, which is what operators see, with its
    digest computed anew from the bytes. Ages are of each role's heartbeat; a role never seen has none.
    """

    engine_sequence: int
    engine_digest: bytes
    store_sequence: int
    store_digest: bytes
    ages_ns: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIntegrity(Message):
    """Port `scoreboard`: compare what must be the same. Answer: `IntegrityChecked`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldGuardLease(Message):
    """Port `scoreboard`: I watch; entries are allowed for `valid_for_ns` from now. No answer."""

    valid_for_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadHeartbeats(Message):
    """Port `scoreboard`: how old is everybody's heartbeat? Answer: `HeartbeatsRead`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLatches(Message):
    """Port `scoreboard`: is this instance, or everything, panicked? Answer: `LatchesRead`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatchesRead(Message):
    """`scope` is instance, global or empty (no panic); an unreadable latch is a panic."""

    scope: str
    reason: str
    flatten: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearPanicLatch(Message):
    """Port `scoreboard`: remove this instance's latch as the person saw it (None: as it is). No answer."""

    seen_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeWanted(Message):
    """Guard to executor: something does not agree; open the breaker and cancel open entries."""

    cause: str
    text: str


# --- the account system ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentWanted(Message):
    """To `account.leases`: may `instance` trade `symbol` on `account`? Asked at start and renewed.

    `asked_at_ns` is the asker's clock: the answer repeats it, so that it counts from its own asking and no later one.
    """

    instance: str
    account: str
    symbol: str
    reply_to: str
    epoch: int
    asked_at_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentGranted(Message):
    """The fencing epoch, good for `valid_for_ns` from the asking of that time; renew in time."""

    symbol: str
    epoch: int
    valid_for_ns: int
    asked_at_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentRefused(Message):
    """Somebody else trades it."""

    symbol: str
    holder: str
