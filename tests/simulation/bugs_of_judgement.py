"""Deliberate bugs of what is decided and said: side, size, stop, day, profit, who may trade and reset. See `bugs`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from actors import cycle, executor, leases, operator, recovery, strategy, turn
from actors.leases import Leases
from actors.shell.budget_keeper import BudgetKeeper
from actors.simulator import ports
from engine import ledger, order, protection
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages.market import CycleReady
from engine.safety import risk
from engine.safety.breaker import Level

HOUR_NS = 3_600_000_000_000
DOUBTS = ("breaker", "reconciliation", "reconciliation_age", "stale_data", "user_stream")


# --- decisions -------------------------------------------------------------------------------------------------------


def _enter_on_the_wrong_side() -> tuple[Any, ...]:
    right = cycle._entry

    def turned_round(now: turn.Turn, ready: Any) -> order.Order:
        made = right(now, ready)
        return replace(made, side=order.Side.SELL if made.side is order.Side.BUY else order.Side.BUY)

    return (patch.object(cycle, "_entry", turned_round),)


def _twice_the_size() -> tuple[Any, ...]:
    right = cycle._quantity
    return (patch.object(cycle, "_quantity", lambda *given: right(*given) * 2),)


def _enter_when_in_doubt() -> tuple[Any, ...]:
    return (patch.object(risk, "RULES", tuple(rule for rule in risk.RULES if rule.name not in DOUBTS)),)


def _a_stop_far_away() -> tuple[Any, ...]:
    right = protection.open_protection

    def far(rules: protection.ProtectionRules, side: int, ticks: int) -> protection.ProtectionState:
        return right(replace(rules, stoploss=Decimal("0.8")), side, ticks)

    return (patch.object(protection, "open_protection", far),)


def _a_trail_that_loosens() -> tuple[Any, ...]:
    right = protection.advance

    def loosened(*given: Any) -> protection.ProtectionState:
        moved = right(*given)
        return replace(moved, stop_ticks=int(moved.stop_ticks * (0.99 if moved.side > 0 else 1.01)))

    return (patch.object(protection, "advance", loosened),)


def _begin_a_play_anywhere() -> tuple[Any, ...]:
    right = strategy._step

    def anywhere(state: strategy.State, bar: Any, observed_at_ns: int | None) -> Any:
        return right(replace(state, anchor_ns=None) if state.last_ns is None else state, bar, observed_at_ns)

    believe = patch.object(CycleReady, "began_elsewhere", lambda *_: False)
    return (patch.object(strategy, "_step", anywhere), believe)


# --- what is said ----------------------------------------------------------------------------------------------------


def _profit_without_fees() -> tuple[Any, ...]:
    right = turn.Turn.happen

    def boast(now: turn.Turn, event: Any) -> None:
        right(now, replace(event, profit=event.gross_profit) if isinstance(event, ev.TradeClosed) else event)

    return (patch.object(turn.Turn, "happen", boast),)


def _the_day_begins_with_each_life() -> tuple[Any, ...]:
    right = recovery._begin

    def forget_the_loss(now: turn.Turn) -> None:
        before = now.book
        right(now)
        if now.book.epoch != before.epoch and now.book.instrument is not None and before.day:
            now.happen(ev.DayBegan(day=before.day, equity=ledger.equity(now.book.ledger, now.state.ready.mark)))

    return (patch.object(recovery, "_begin", forget_the_loss),)


def _a_view_that_shows_nothing() -> tuple[Any, ...]:
    right = turn.view_of
    return (patch.object(turn, "view_of", lambda *given: replace(right(*given), position_quantity=Decimal(0))),)


def _report_the_first_halt_only() -> tuple[Any, ...]:
    right = turn.Turn._incident

    def once(now: turn.Turn, view: Any) -> tuple[Any, ...]:
        return right(now, view) if now.book.sequence < 60 else ()

    return (patch.object(turn.Turn, "_incident", once),)


# --- who may ---------------------------------------------------------------------------------------------------------


def _lease_to_nobody() -> tuple[Any, ...]:
    def refuse(_: Leases, state: Any, wanted: Any, __: int) -> Any:
        return state, (leases._refuse(wanted, "nobody"),)

    return (patch.object(Leases, "_answer", refuse),)


def _a_guard_lease_for_an_hour() -> tuple[Any, ...]:
    def hold(tree: Any, life: Any, _: ct.HoldGuardLease) -> None:
        tree.cells[life.role].lease_until_ns = tree.stage.agenda.now_ns + HOUR_NS

    return (patch.dict(ports._ON_THE_SCOREBOARD, {ct.HoldGuardLease: hold}),)


def _red_resets_itself() -> tuple[Any, ...]:
    right = executor._woken

    def forgive(now: turn.Turn, message: ct.Woken) -> None:
        right(now, message)
        is_halted = now.book.breaker.level is Level.RED or now.book.is_panicked
        if message.label == "tick" and now.book.instrument is not None and is_halted:
            operator.reset(now, ct.ResetBreaker(reason="by itself", operator="nobody"))

    return (patch.dict(executor._HANDLERS, {ct.Woken: forgive}),)


def _spend_without_a_budget() -> tuple[Any, ...]:
    return (
        patch.object(BudgetKeeper, "spend", lambda *_: True),
        patch.object(BudgetKeeper, "can_spend", lambda *_: True),
    )


OF_JUDGEMENT: Mapping[str, Callable[[], tuple[Any, ...]]] = {
    "enter on the wrong side": _enter_on_the_wrong_side,
    "twice the size": _twice_the_size,
    "enter when in doubt": _enter_when_in_doubt,
    "a stop far away": _a_stop_far_away,
    "a trail that loosens": _a_trail_that_loosens,
    "begin a play anywhere": _begin_a_play_anywhere,
    "profit without fees": _profit_without_fees,
    "the day begins with each life": _the_day_begins_with_each_life,
    "a view that shows nothing": _a_view_that_shows_nothing,
    "report the first halt only": _report_the_first_halt_only,
    "lease to nobody": _lease_to_nobody,
    "a guard lease for an hour": _a_guard_lease_for_an_hour,
    "RED resets itself": _red_resets_itself,
    "spend without a budget": _spend_without_a_budget,
}
