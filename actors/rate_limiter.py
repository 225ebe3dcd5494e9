"""The rate limiter: shares the exchange's limits among all processes at our address, in short leases.

Theory of operation. Weight is counted in windows of a minute and orders in windows of ten seconds, as the exchange
does. A lease counts as spent while it is out; who asks again tells what he really spent, and the answer replaces what
he held. So no message that is lost, late or sent twice loses budget, and a lease that outlives its window counts in the
next one too. Part of each limit is never granted: it covers the protective reserves that every process holds by itself,
those of twenty instances, and of as many as there are when there are more. The exchange counts orders by account and
weight by address, so accounts at one exchange share the one and not the other.
Shares are fair: nobody gets more than his part of what is left, or else, in turn, just what the request that waits
costs: crumbs in many hands are of no use. Each grant says on how much an instance may count, so that the reconcilers of
a crowded account pace themselves (`actors.pace`). The exchange's own count replaces ours when it is higher, unless it
may be of the window before: one such count would stop everybody for a minute. A 429 stops all grants until the time it
names, and everyone is told at once. A ban (418) is told with every answer until it is over: it stops the reserves too,
also of a process that was not there when it began. What was granted is on disk before it is sent, so a restart does not
forget it.
"""

from __future__ import annotations

from dataclasses import dataclass

from actors.spending import (
    MINUTE,
    ORDERS_WINDOW,
    SECOND,
    Asker,
    RateLimits,
    Spending,
    State,
    askers_of,
    banned_for_ns,
    instances,
    is_of_now,
    left_alone_until_ns,
    neighbours,
    settled,
    shown,
    told,
    total,
)
from actors.spending_memory import noted, remembered
from engine.errors import InvariantViolated
from engine.frozen import replace
from engine.machine import Effect, Note, Publish, Request, Send, Step, Stop, WakeAt
from engine.messages.account import StoreUnreadable
from engine.messages.base import Message
from engine.messages.budget import BudgetGranted, BudgetWanted, UsageReported
from engine.messages.control import JournalRead, ReadJournal, RecordFailed, StopInstance, Undeliverable, Woken

TICK = "tick"


@dataclass(frozen=True, slots=True)
class RateLimiter:
    """The machine."""

    limits: RateLimits = RateLimits()

    def start(self, now_ns: int) -> Step[State]:
        return State(), (Request(port="journal", call=ReadJournal()), WakeAt(at_ns=now_ns + SECOND, label=TICK))

    def receive(self, state: State, message: Message, now_ns: int) -> Step[State]:
        match message:
            case JournalRead(events=events):
                return remembered(events, state), ()
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
        since_ns = _waits_since(state, wanted, name, now_ns)
        state = told(settled(state, now_ns), wanted, name, now_ns)
        weight, orders = self._share(state, wanted, since_ns, now_ns)
        asker = self._asker(wanted, weight, orders, since_ns, now_ns)
        after = replace(state, askers={**state.askers, name: asker})
        granted = BudgetGranted(
            weight=weight,
            orders=orders,
            valid_for_ns=self.limits.lease_ns,
            number=wanted.number,
            share=self._reading_share(after, wanted.account),
            banned_for_ns=banned_for_ns(after, wanted.account, now_ns),
        )
        return after, (noted(after), Send(to=asker.to, message=granted))

    def _share(self, state: State, wanted: BudgetWanted, since_ns: int, now_ns: int) -> tuple[int, int]:
        if now_ns < left_alone_until_ns(state, wanted.account):
            return 0, 0
        weight_left, orders_left = self._left(state, wanted)
        others = askers_of(state, neighbours(state, wanted.account))
        weight = _fair(wanted.weight, weight_left, len(others) + 1)
        if weight < wanted.least_weight:
            ahead = sum(one.lacking for one in others if one.waits_since_ns < since_ns)
            weight = wanted.least_weight if ahead + wanted.least_weight <= weight_left else 0
        traders = sum(one.takes_orders for one in askers_of(state, frozenset((wanted.account,))))
        return weight, _fair(wanted.orders, orders_left, traders + 1)

    def _left(self, state: State, wanted: BudgetWanted) -> tuple[int, int]:
        """(weight, orders) of what may be granted; whoever asks now is one of those it is withheld for."""
        me = frozenset((wanted.instance,))
        near, here = neighbours(state, wanted.account), frozenset((wanted.account,))
        weight, orders = total(state, wanted.account)
        usable = self.limits.usable_weight if wanted.is_urgent else self.limits.ordinary_weight
        return (
            usable(len(instances(state, near) | me)) - weight,
            self.limits.usable_orders(len(instances(state, here) | me)) - orders,
        )

    def _reading_share(self, state: State, account: str) -> int:
        """The weight a minute for each instance's reconciliation."""
        near = neighbours(state, account)
        readers = sum(one.reads_account for one in askers_of(state, near))
        ordinary = max(0, self.limits.ordinary_weight(len(instances(state, near))))
        return max(1, int(ordinary * self.limits.reading_share / max(1, readers)))

    def _asker(self, wanted: BudgetWanted, weight: int, orders: int, waits_since_ns: int, now_ns: int) -> Asker:
        to = wanted.reply_to if "." in wanted.reply_to else f"{wanted.instance}.{wanted.reply_to}"
        return Asker(
            account=wanted.account,
            to=to,
            weight=weight,
            orders=orders,
            expires_at_ns=now_ns + self.limits.lease_ns,
            takes_orders=wanted.orders > 0,
            reads_account=wanted.role == "reconciler",
            lacking=wanted.least_weight if weight < wanted.least_weight else 0,
            waits_since_ns=waits_since_ns,
            life=wanted.life,
            told_weight=wanted.spent_weight,
            told_orders=wanted.spent_orders,
        )

    # --- what the exchange says --------------------------------------------------------------------------------------

    def _correct(self, state: State, report: UsageReported, now_ns: int) -> Step[State]:
        """Where the exchange counted more than we did, the difference is spent."""
        if report.account not in state.accounts:
            new = Spending(exchange=report.exchange)
            state = replace(state, accounts={**state.accounts, report.account: new})
        state = settled(state, now_ns)
        spending, (weight, orders) = state.accounts[report.account], total(state, report.account)
        at_ns = report.observed_at_ns
        more_weight = max(0, report.used_weight - weight) if is_of_now(at_ns, MINUTE, now_ns) else 0
        counted = min(report.order_count, self.limits.orders_per_ten_seconds)  # beyond it all the same is left: nothing
        more_orders = max(0, counted - orders) if is_of_now(at_ns, ORDERS_WINDOW, now_ns) else 0
        spending = replace(spending, weight=spending.weight + more_weight, orders=spending.orders + more_orders)
        if report.retry_after_ms == 0:
            return replace(state, accounts={**state.accounts, report.account: spending}), ()
        return self._back_off(state, report, spending, now_ns)

    def _back_off(self, state: State, report: UsageReported, spending: Spending, now_ns: int) -> Step[State]:
        """Everybody is told before it is noted: a disk that refuses must not keep them from stopping."""
        pause_ns = report.retry_after_ms * 1_000_000
        until_ns = max(spending.backed_off_until_ns, now_ns + pause_ns)
        waiting = replace(spending, backed_off_until_ns=until_ns, is_stopped=spending.is_stopped or report.is_ban)
        after = replace(state, accounts={**state.accounts, report.account: waiting})
        banned_ns = banned_for_ns(after, report.account, now_ns)
        nothing = BudgetGranted(weight=0, orders=0, valid_for_ns=pause_ns, banned_for_ns=banned_ns)
        near = askers_of(after, neighbours(after, report.account))
        told = tuple(Send(to=one.to, message=nothing) for one in near)
        why = "banned" if report.is_ban else "left alone"
        note = Note(level="WARNING", text=f"{report.account} is {why} for {report.retry_after_ms} ms")
        return after, (*told, note, *((noted(after),) if state.is_ready else ()))

    # --- time --------------------------------------------------------------------------------------------------------

    def _tick(self, state: State, now_ns: int) -> Step[State]:
        state = settled(state, now_ns)
        alive = {k: a for k, a in state.askers.items() if now_ns - a.expires_at_ns < self.limits.forget_ns}
        state = replace(state, askers=alive)
        effects: tuple[Effect, ...] = (
            WakeAt(at_ns=now_ns + SECOND, label=TICK),
            Publish(phase="READY" if state.is_ready else "STARTING", extra=shown(state)),
        )
        return state, effects

    def _assume_all_spent(self, state: State, text: str, now_ns: int) -> Step[State]:
        note = Note(level="CRITICAL", text=f"grants nothing for a minute: {text}")
        return state, (note, WakeAt(at_ns=now_ns + MINUTE, label="forgive"))


def _fair(wanted: int, left: int, askers: int) -> int:
    """At most an equal part of what is left, with one part kept for whoever comes next."""
    return max(0, min(wanted, left // (askers + 1)))


def _waits_since(state: State, wanted: BudgetWanted, name: str, now_ns: int) -> int:
    """Since when this asker waits for what its request costs: now, unless it did so before; who has to protect, for
    ever."""
    before = state.askers.get(name)
    if wanted.is_urgent:
        return 0
    return before.waits_since_ns if before is not None and before.lacking else now_ns
