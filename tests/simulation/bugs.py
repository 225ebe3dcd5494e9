"""Deliberate bugs, each a few words of wrong code put in the place of one right function. See `defects`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from actors import cycle, executor, guard, intake, recovery, turn, watch
from actors.leases import Leases
from actors.shell.lease_keeper import LeaseKeeper
from actors.simulator import line
from actors.supervision import Life
from actors.supervisor import _Turn
from engine import ledger, order, plan, reconcile
from engine.book import fold
from engine.book.state import Book
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.messages import wire
from engine.messages.reports import InstanceView, digest_of
from engine.safety import gate
from engine.safety.breaker import Breaker

Patches = Callable[[], tuple[Any, ...]]


def _nothing(*_: Any, **__: Any) -> tuple[()]:
    return ()


# --- money and orders ------------------------------------------------------------------------------------------------


def _resend_on_time_out() -> tuple[Any, ...]:
    def resend(now: turn.Turn, message: ex.OrderOutcomeUnknown) -> None:
        now.place(now.book.orders[message.client_order_id])

    return (patch.dict(intake._HANDLERS, {ex.OrderOutcomeUnknown: resend}),)


def _time_out_means_rejected() -> tuple[Any, ...]:
    def reject(now: turn.Turn, message: ex.OrderOutcomeUnknown) -> None:
        now.answered(message.client_order_id)
        if order.can_become(now.book.orders[message.client_order_id], order.OrderStatus.REJECTED):
            now.happen(ev.OrderRejected(client_order_id=message.client_order_id, code="", reason="timed out"))

    return (patch.dict(intake._HANDLERS, {ex.OrderOutcomeUnknown: reject}),)


def _one_not_found_is_enough() -> tuple[Any, ...]:
    def gone(now: turn.Turn, message: ex.OrderNotFound) -> None:
        known = now.book.orders.get(message.client_order_id)
        now.answered(message.client_order_id)
        if known is not None and known.is_open:
            intake._never_came(now, known)

    return (patch.dict(intake._HANDLERS, {ex.OrderNotFound: gone}),)


def _take_fills_twice() -> tuple[Any, ...]:
    right = fold._HANDLERS[ev.OrderFilled]

    def twice(before: Book, event: ev.OrderFilled, now_ns: int) -> Book:
        after = right(before, event, now_ns)
        return replace(after, ledger=ledger.after(after.ledger, event.fill))

    return (patch.dict(fold._HANDLERS, {ev.OrderFilled: twice}),)


def _ignore_dedupe_of_fills() -> tuple[Any, ...]:
    right = intake.take_fill

    def forgetful(now: turn.Turn, fill: Any) -> None:
        now.change(book=replace(now.book, seen_fills=()))
        right(now, fill)

    return (patch.object(intake, "take_fill", forgetful),)


def _no_resolution() -> tuple[Any, ...]:
    return (patch.object(plan, "_needs_word", lambda *_: False),)


def _forget_fills_of_snapshots() -> tuple[Any, ...]:
    right = intake.snapshot

    def poor(now: turn.Turn, seen: ex.AccountSnapshot) -> None:
        right(now, replace(seen, fills=()))

    return (
        patch.object(intake, "snapshot", poor),
        patch.dict(intake._HANDLERS, {ex.FillsFetched: lambda *_: None}),
    )


def _same_bar_twice() -> tuple[Any, ...]:
    def again(now: turn.Turn, message: Any) -> None:
        now.change(last_bar_ns=message.bar.open_time_ns)
        if message.signal.intent:
            now.happen(ev.SignalReceived(signal=message.signal))
        cycle._advance(now, message.bar)
        cycle._act(now, message)

    return (patch.dict(executor._HANDLERS, {cycle.CycleReady: again}),)


# --- protection ------------------------------------------------------------------------------------------------------


def _stop_for_the_ordered_quantity() -> tuple[Any, ...]:
    right = plan._order

    def ordered(now: plan.Situation, trade: Any, purpose: Any, *rest: Any) -> order.Order:
        made = right(now, trade, purpose, *rest)
        entries = [o for o in now.book.orders.values() if o.purpose is order.OrderPurpose.ENTRY]
        return replace(made, quantity=entries[-1].quantity) if purpose is order.OrderPurpose.STOP else made

    return (patch.object(plan, "_order", ordered),)


def _cancel_the_old_stop_first() -> tuple[Any, ...]:
    def all_but_the_newest(_: plan.Situation, orders: tuple[order.Order, ...]) -> tuple[order.Order, ...]:
        return orders[:-1]

    return (patch.object(plan, "_older_than_a_resting_one", all_but_the_newest),)


def _never_a_stop() -> tuple[Any, ...]:
    return (patch.object(plan, "_stop", _nothing), patch.object(plan, "_give_up", _nothing))


def _leave_orders_behind() -> tuple[Any, ...]:
    return (patch.object(plan, "_leftovers", _nothing),)


# --- durability ------------------------------------------------------------------------------------------------------


def _journal_after_sending() -> tuple[Any, ...]:
    right = turn.Turn.finish

    def late(now: turn.Turn) -> Any:
        state, effects = right(now)
        return state, tuple(sorted(effects, key=lambda effect: isinstance(effect, turn.Record)))

    return (patch.object(turn.Turn, "finish", late),)


def _clear_red_on_restart() -> tuple[Any, ...]:
    right = recovery.recover

    def clean(now: turn.Turn, message: Any) -> None:
        right(now, message)
        now.change(book=replace(now.book, breaker=Breaker(), is_panicked=False))

    return (patch.object(recovery, "recover", clean),)


def _ignore_the_disk() -> tuple[Any, ...]:
    def go_on(now: turn.Turn, _: Any) -> Any:
        return now.finish()

    return (patch.object(recovery, "store_lost", go_on),)


# --- guards and leases -----------------------------------------------------------------------------------------------


def _skip_the_guard_lease() -> tuple[Any, ...]:
    right = gate.check

    def blind(purpose: Any, glance: gate.Glance) -> str | None:
        return right(purpose, replace(glance, guard_lease_left_ns=1))

    return (patch.object(gate, "check", blind),)


def _ignore_the_panic_latch() -> tuple[Any, ...]:
    ignored = {kind: lambda *_: None for kind in (executor.ct.LatchesRead, executor.ct.PanicRaised)}
    return (patch.dict(executor._HANDLERS, ignored),)


def _forget_fencing() -> tuple[Any, ...]:
    return (patch.object(line, "overtakes", lambda *_: False), patch.object(LeaseKeeper, "left_ns", lambda _: 1))


def _grant_to_everyone() -> tuple[Any, ...]:
    right = Leases._answer

    def generous(leases: Leases, state: Any, wanted: Any, now_ns: int) -> Any:
        mine = {key: held for key, held in state.leases.items() if held.instance == wanted.instance}
        return right(leases, replace(state, leases=mine), wanted, now_ns)

    return (patch.object(Leases, "_answer", generous),)


def _restart_once_only() -> tuple[Any, ...]:
    def give_up(now: _Turn, role: str, earlier_deaths: int) -> None:
        if earlier_deaths == 0:
            now.spawn(role)

    return (patch.object(_Turn, "restart_after", give_up),)


def _hangs_are_fine() -> tuple[Any, ...]:
    return (patch.object(_Turn, "on_heartbeats", lambda *_: None), patch.object(_Turn, "on_exit", _only_when_told))


def _only_when_told(now: _Turn, role: str, generation: int) -> None:
    if now.state.children[role].life is not Life.DOWN and now.state.children[role].generation == generation:
        now.spawn(role)


def _show_another_book() -> tuple[Any, ...]:
    right = turn.shown

    def off(state: turn.State, view: InstanceView, _digest: bytes) -> Any:
        return right(state, view, digest_of(wire.encode(replace(view, trade_count=view.trade_count + 1))))

    return (patch.object(turn, "shown", off),)


def _guard_blind_to_mismatches() -> tuple[Any, ...]:
    """Of an engine that shows another book than it keeps: without such a one there is nothing to be blind to."""
    return (*_show_another_book(), patch.object(guard, "_mismatches", lambda *_: 0))


# --- reconciliation --------------------------------------------------------------------------------------------------


def _reconciler_blind_to_orders() -> tuple[Any, ...]:
    return (patch.object(reconcile, "_orders", _nothing),)


def _reconciler_blind_to_money() -> tuple[Any, ...]:
    return (patch.object(reconcile, "_wallet", _nothing),)


def _critical_is_no_alarm() -> tuple[Any, ...]:
    def calm(now: turn.Turn, message: Any) -> None:
        now.ready(reconciled_at_ns=now.now_ns)

    return (patch.dict(executor._HANDLERS, {executor.ct.Reconciled: calm}),)


def _critical_is_ones_own_affair() -> tuple[Any, ...]:
    return (patch.object(watch, "_warn_sharers", _nothing), patch.object(watch, "hold_sharers", _nothing))


OF_BOOKKEEPING: Mapping[str, Patches] = {
    "resend on time-out": _resend_on_time_out,
    "a time-out means rejected": _time_out_means_rejected,
    "one 'not found' is enough": _one_not_found_is_enough,
    "take fills twice": _take_fills_twice,
    "ignore the dedupe of fills": _ignore_dedupe_of_fills,
    "no resolution of unknown orders": _no_resolution,
    "forget the fills of snapshots": _forget_fills_of_snapshots,
    "the same bar twice": _same_bar_twice,
    "stop for the ordered quantity": _stop_for_the_ordered_quantity,
    "cancel the old stop first": _cancel_the_old_stop_first,
    "never a stop": _never_a_stop,
    "leave orders behind": _leave_orders_behind,
    "journal after sending": _journal_after_sending,
    "clear RED on restart": _clear_red_on_restart,
    "ignore the disk": _ignore_the_disk,
    "skip the guard lease": _skip_the_guard_lease,
    "ignore the panic latch": _ignore_the_panic_latch,
    "forget fencing": _forget_fencing,
    "grant the instrument to everyone": _grant_to_everyone,
    "restart once only": _restart_once_only,
    "a hang is fine": _hangs_are_fine,
    "show another book than is kept": _show_another_book,
    "guard blind to mismatches": _guard_blind_to_mismatches,
    "reconciler blind to orders": _reconciler_blind_to_orders,
    "reconciler blind to money": _reconciler_blind_to_money,
    "CRITICAL is no alarm": _critical_is_no_alarm,
    "CRITICAL is one's own affair": _critical_is_ones_own_affair,
}
