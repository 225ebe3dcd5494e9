"""What of the limiter's state survives its process: what was spent, until when to wait, and all that is out in leases.

A limiter that is started again knows each lease with its end, so one that is still out counts in the window that began
meanwhile too, and its holder is believed as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from actors.spending import MINUTE, ORDERS_WINDOW, Asker, Spending, State
from engine.machine import Record
from engine.messages.account import AccountSpending, BudgetLease, SpendingNoted
from engine.messages.base import Message


def noted(state: State) -> Record:
    """As it now stands."""
    accounts = tuple(_account(name, spent) for name, spent in state.accounts.items())
    leases = tuple(_lease(name, one) for name, one in state.askers.items() if one.weight or one.orders)
    return Record(events=(SpendingNoted(accounts=accounts, leases=leases),))


def remembered(events: tuple[tuple[int, Message], ...], state: State) -> State:
    """What the disk says was spent and granted. What `state` knows beside it, because a write failed, is the
    exchange's wish to be left alone, and who is there.
    """
    tables = [event for _, event in events if isinstance(event, SpendingNoted)]
    accounts = {kept.account: revived(kept) for table in tables for kept in table.accounts}
    leases = {kept.asker: _asker(kept) for table in tables for kept in table.leases}
    empty_handed = {name: replace(one, weight=0, orders=0) for name, one in state.askers.items()}
    return State(accounts=_with_pauses(accounts, state.accounts), askers={**empty_handed, **leases}, is_ready=True)


def _with_pauses(accounts: Mapping[str, Spending], before: Mapping[str, Spending]) -> dict[str, Spending]:
    waiting = {name: _with_pause(accounts.get(name, Spending()), held) for name, held in before.items()}
    return {**accounts, **waiting}


def _with_pause(spending: Spending, held: Spending) -> Spending:
    return replace(
        spending,
        backed_off_until_ns=max(spending.backed_off_until_ns, held.backed_off_until_ns),
        is_stopped=spending.is_stopped or held.is_stopped,
        exchange=held.exchange or spending.exchange,
    )


def revived(kept: AccountSpending) -> Spending:
    return Spending(
        minute=kept.minute_started_at_ns // MINUTE,
        weight=kept.weight,
        orders_window=kept.orders_started_at_ns // ORDERS_WINDOW,
        orders=kept.orders,
        backed_off_until_ns=kept.backed_off_until_ns,
        is_stopped=kept.is_stopped,
        exchange=kept.exchange,
    )


def _account(name: str, spent: Spending) -> AccountSpending:
    return AccountSpending(
        account=name,
        minute_started_at_ns=spent.minute * MINUTE,
        weight=spent.weight,
        orders_started_at_ns=spent.orders_window * ORDERS_WINDOW,
        orders=spent.orders,
        backed_off_until_ns=spent.backed_off_until_ns,
        is_stopped=spent.is_stopped,
        exchange=spent.exchange,
    )


def _lease(name: str, held: Asker) -> BudgetLease:
    return BudgetLease(
        asker=name,
        account=held.account,
        to=held.to,
        weight=held.weight,
        orders=held.orders,
        expires_at_ns=held.expires_at_ns,
        takes_orders=held.takes_orders,
        reads_account=held.reads_account,
        life=held.life,
        told_weight=held.told_weight,
        told_orders=held.told_orders,
    )


def _asker(kept: BudgetLease) -> Asker:
    return Asker(
        account=kept.account,
        to=kept.to,
        weight=kept.weight,
        orders=kept.orders,
        expires_at_ns=kept.expires_at_ns,
        takes_orders=kept.takes_orders,
        reads_account=kept.reads_account,
        lacking=0,
        waits_since_ns=0,
        life=kept.life,
        told_weight=kept.told_weight,
        told_orders=kept.told_orders,
    )
