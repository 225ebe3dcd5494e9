"""The rate limiter: shares the exchange's limits among all processes of an account, in short leases.

Theory of operation. Weight is counted in windows of a minute and orders in windows of ten seconds, as the exchange
does. A grant counts as spent when it is given; what the asker has left is subtracted when it asks again. A lease that
outlives its window counts in the next one too. Part of each limit is never granted: it covers the protective reserves
that every process holds by itself. Shares are fair: nobody gets more than his part of what is left. The exchange's own
count replaces ours when it is higher, unless it may be of the window before: one such count would stop everybody for a
minute. A 429 stops all grants until the time it names, and everyone is told at once.
What was granted is on disk before it is sent, so a restart does not forget it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.errors import InvariantViolated
from engine.machine import Effect, Note, Publish, Record, Request, Send, Step, Stop, WakeAt
from engine.messages.account import AccountSpending, SpendingNoted, StoreUnreadable
from engine.messages.base import Message
from engine.messages.control import (
    BudgetGranted,
    BudgetWanted,
    JournalRead,
    ReadJournal,
    RecordFailed,
    StopInstance,
    Undeliverable,
    UsageReported,
    Woken,
)

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
ORDERS_WINDOW = 10 * SECOND
TICK = "tick"
SETTLED_NS = 2 * SECOND  # a window's first counts: clocks differ, and answers take their time
STOP_AFTER_MS = 120_000  # the exchange's shortest ban; a longer wish to be left alone is one


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Of one account and address. The defaults are Binance USDT-M's, with room for what we do not count."""

    weight_per_minute: int = 2_400
    orders_per_ten_seconds: int = 200
    reserved_weight: int = 800
    reserved_orders: int = 50
    lease_ns: int = 3 * SECOND
    forget_ns: int = 10 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What was granted on one account in the running windows."""

    minute: int = 0
    weight: int = 0
    orders_window: int = 0
    orders: int = 0
    backed_off_until_ns: int = 0
    is_stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """One process that holds a lease."""

    account: str
    to: str
    weight: int
    orders: int
    expires_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`is_ready` once the memory was read; a damaged one grants nothing for a minute, as if all had been spent."""

    accounts: Mapping[str, Spending] = field(default_factory=dict)
    askers: Mapping[str, Asker] = field(default_factory=dict)
    is_ready: bool = False


@dataclass(frozen=True, slots=True)
class RateLimiter:
    """The machine."""

    limits: RateLimits = RateLimits()

    def start(self, now_ns: int) -> Step[State]:
        return State(), (Request(port="journal", call=ReadJournal()), WakeAt(at_ns=now_ns + SECOND, label=TICK))

    def receive(self, state: State, message: Message, now_ns: int) -> Step[State]:
        match message:
            case JournalRead(events=events):
                return replace(state, accounts=_remembered(events), is_ready=True), ()
            case StoreUnreadable(text=text):
                return self._assume_all_spent(state, text, now_ns)
            case BudgetWanted():
                return self._grant(state, message, now_ns)
            case UsageReported():
                return self._correct(state, message, now_ns)
            case Woken(label=label) if label == TICK:
                return self._tick(state, now_ns)
            case Woken():
                return replace(state, is_ready=True), ()
            case RecordFailed(text=text):
                # what could not be noted was not granted: what the disk says was spent holds
                unsaved = replace(state, is_ready=False)
                note = Note(level="CRITICAL", text=f"nothing is granted: {text}")
                return unsaved, (note, Request(port="journal", call=ReadJournal()))
            case Undeliverable():
                return state, ()
            case StopInstance(reason=reason):
                return state, (Stop(reason=reason),)
            case _:
                raise InvariantViolated(f"the rate limiter has no use for {message!r}")

    # --- granting ----------------------------------------------------------------------------------------------------

    def _grant(self, state: State, wanted: BudgetWanted, now_ns: int) -> Step[State]:
        if not state.is_ready:
            return state, ()
        name = f"{wanted.instance}.{wanted.role}"
        spending = _give_back(state, wanted, name, now_ns)
        weight, orders = self._share(state, spending, wanted, name, now_ns)
        spent = replace(spending, weight=spending.weight + weight, orders=spending.orders + orders)
        asker = self._asker(wanted, weight, orders, now_ns)
        after = replace(
            state,
            accounts={**state.accounts, wanted.account: spent},
            askers={**state.askers, name: asker},
        )
        granted = BudgetGranted(weight=weight, orders=orders, valid_for_ns=self.limits.lease_ns)
        return after, (_note(after), Send(to=asker.to, message=granted))

    def _share(self, state: State, spending: Spending, wanted: BudgetWanted, name: str, now_ns: int) -> tuple[int, int]:
        if spending.is_stopped or now_ns < spending.backed_off_until_ns:
            return 0, 0
        others = {key for key, asker in state.askers.items() if asker.account == wanted.account} | {name}
        weight_left = self.limits.weight_per_minute - self.limits.reserved_weight - spending.weight
        orders_left = self.limits.orders_per_ten_seconds - self.limits.reserved_orders - spending.orders
        return (
            _fair(wanted.weight, weight_left, len(others)),
            _fair(wanted.orders, orders_left, len(others)),
        )

    def _asker(self, wanted: BudgetWanted, weight: int, orders: int, now_ns: int) -> Asker:
        to = wanted.reply_to if "." in wanted.reply_to else f"{wanted.instance}.{wanted.reply_to}"
        return Asker(
            account=wanted.account,
            to=to,
            weight=weight,
            orders=orders,
            expires_at_ns=now_ns + self.limits.lease_ns,
        )

    # --- what the exchange says --------------------------------------------------------------------------------------

    def _correct(self, state: State, report: UsageReported, now_ns: int) -> Step[State]:
        spending = _current(state, report.account, now_ns)
        at_ns = report.observed_at_ns
        spending = replace(
            spending,
            weight=max(spending.weight, report.used_weight if _is_of_now(at_ns, MINUTE, now_ns) else 0),
            orders=max(spending.orders, report.order_count if _is_of_now(at_ns, ORDERS_WINDOW, now_ns) else 0),
        )
        if report.retry_after_ms == 0:
            return replace(state, accounts={**state.accounts, report.account: spending}), ()
        return self._back_off(state, report, spending, now_ns)

    def _back_off(self, state: State, report: UsageReported, spending: Spending, now_ns: int) -> Step[State]:
        pause_ns = report.retry_after_ms * 1_000_000
        is_ban = report.retry_after_ms >= STOP_AFTER_MS
        until_ns = max(spending.backed_off_until_ns, now_ns + pause_ns)
        waiting = replace(spending, backed_off_until_ns=until_ns, is_stopped=spending.is_stopped or is_ban)
        after = replace(state, accounts={**state.accounts, report.account: waiting})
        nothing = BudgetGranted(weight=0, orders=0, valid_for_ns=pause_ns)
        told = tuple(Send(to=a.to, message=nothing) for a in state.askers.values() if a.account == report.account)
        note = Note(level="WARNING", text=f"{report.account} is left alone for {report.retry_after_ms} ms")
        return after, (_note(after), *told, note)

    # --- time --------------------------------------------------------------------------------------------------------

    def _tick(self, state: State, now_ns: int) -> Step[State]:
        alive = {k: a for k, a in state.askers.items() if now_ns - a.expires_at_ns < self.limits.forget_ns}
        accounts = {name: _resumed(_current(state, name, now_ns), now_ns) for name in state.accounts}
        effects: tuple[Effect, ...] = (
            WakeAt(at_ns=now_ns + SECOND, label=TICK),
            Publish(phase="READY" if state.is_ready else "STARTING", extra=_shown(accounts, alive)),
        )
        return replace(state, accounts=accounts, askers=alive), effects

    def _assume_all_spent(self, state: State, text: str, now_ns: int) -> Step[State]:
        note = Note(level="CRITICAL", text=f"grants nothing for a minute: {text}")
        return state, (note, WakeAt(at_ns=now_ns + MINUTE, label="forgive"))


def _fair(wanted: int, left: int, askers: int) -> int:
    """At most an equal part of what is left, with one part kept for whoever comes next."""
    return max(0, min(wanted, left // (askers + 1)))


def _give_back(state: State, wanted: BudgetWanted, name: str, now_ns: int) -> Spending:
    """The account's spending without what this asker still has of its lease."""
    spending = _current(state, wanted.account, now_ns)
    lease = state.askers.get(name)
    if lease is None or now_ns >= lease.expires_at_ns:
        return spending
    return replace(
        spending,
        weight=max(0, spending.weight - min(wanted.unspent_weight, lease.weight)),
        orders=max(0, spending.orders - min(wanted.unspent_orders, lease.orders)),
    )


def _current(state: State, account: str, now_ns: int) -> Spending:
    """Spending in the windows of now: a new window begins with the leases that are still out."""
    spending = state.accounts.get(account, Spending())
    minute, window = now_ns // MINUTE, now_ns // ORDERS_WINDOW
    out = [a for a in state.askers.values() if a.account == account and now_ns < a.expires_at_ns]
    if spending.minute != minute:
        spending = replace(spending, minute=minute, weight=sum(asker.weight for asker in out))
    if spending.orders_window != window:
        spending = replace(spending, orders_window=window, orders=sum(asker.orders for asker in out))
    return spending


def _is_of_now(observed_at_ns: int, window_ns: int, now_ns: int) -> bool:
    """Whether what was counted then belongs to the window of now for certain."""
    return observed_at_ns // window_ns == now_ns // window_ns and observed_at_ns % window_ns >= SETTLED_NS


def _resumed(spending: Spending, now_ns: int) -> Spending:
    return replace(spending, is_stopped=spending.is_stopped and now_ns < spending.backed_off_until_ns)


def _remembered(events: tuple[tuple[int, Message], ...]) -> dict[str, Spending]:
    tables = [event for _, event in events if isinstance(event, SpendingNoted)]
    return {kept.account: _revived(kept) for table in tables for kept in table.accounts}


def _revived(kept: AccountSpending) -> Spending:
    return Spending(
        minute=kept.minute_started_at_ns // MINUTE,
        weight=kept.weight,
        orders_window=kept.orders_started_at_ns // ORDERS_WINDOW,
        orders=kept.orders,
        backed_off_until_ns=kept.backed_off_until_ns,
        is_stopped=kept.is_stopped,
    )


def _note(state: State) -> Record:
    return Record(
        events=(
            SpendingNoted(
                accounts=tuple(
                    AccountSpending(
                        account=name,
                        minute_started_at_ns=spent.minute * MINUTE,
                        weight=spent.weight,
                        orders_started_at_ns=spent.orders_window * ORDERS_WINDOW,
                        orders=spent.orders,
                        backed_off_until_ns=spent.backed_off_until_ns,
                        is_stopped=spent.is_stopped,
                    )
                    for name, spent in state.accounts.items()
                )
            ),
        )
    )


def _shown(accounts: Mapping[str, Spending], askers: Mapping[str, Asker]) -> dict[str, object]:
    return {
        "accounts": {name: {"weight": spent.weight, "orders": spent.orders} for name, spent in accounts.items()},
        "askers": len(askers),
    }
