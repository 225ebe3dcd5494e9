"""What others see of an executor: the view in its journal, and what it shows on the scoreboard."""

from __future__ import annotations

from decimal import Decimal

from actors.executor_state import State
from engine import ledger as ledgers
from engine.book.state import Book
from engine.machine import Publish
from engine.messages.reports import InstanceView
from engine.order import OrderPurpose
from engine.safety.breaker import Level


def view_of(state: State) -> InstanceView:
    """What operators see: only what is durable, so that it can be compared with the store."""
    book, position = state.book, state.book.ledger.position
    return InstanceView(
        sequence=book.sequence,
        phase="HALTED" if book.is_panicked or book.breaker.level is Level.RED else "TRADING",
        epoch=book.epoch,
        position_quantity=position.quantity,
        entry_price=position.entry_price,
        wallet_balance=book.ledger.wallet_balance,
        realised_profit=book.ledger.realised_profit,
        fees=book.ledger.fees,
        funding=book.ledger.funding,
        paid_elsewhere=tuple((asset, -amount) for asset, amount in sorted(book.ledger.elsewhere.items())),
        margin_used=ledgers.margin_used(book.ledger, state.settings.leverage),
        day=book.day,
        day_start_equity=book.day_start_equity,
        stop_price=_resting_price(book, OrderPurpose.STOP),
        take_profit_price=_resting_price(book, OrderPurpose.TAKE_PROFIT),
        open_orders=len(book.open_orders()),
        unresolved_orders=sum(order.is_unresolved for order in book.orders.values()),
        trade_count=book.trade_count,
        breaker=str(book.breaker.level),
        breaker_cause=book.breaker.cause,
        reconciliation=book.reconciliation,
        is_panicked=book.is_panicked,
    )


def _resting_price(book: Book, purpose: OrderPurpose) -> Decimal | None:
    resting = [order for order in book.open_orders(purpose) if order.is_working]
    return resting[-1].trigger_price if resting else None


def shown(state: State, view: InstanceView, digest: bytes) -> Publish:
    ready, book = state.ready, state.book
    naked = book.trade.naked_since_ns if book.trade else None
    extra = {
        "equity": str(ledgers.equity(book.ledger, ready.mark)),
        "mark": str(ready.mark) if ready.mark is not None else None,
        "last_bar_ns": state.last_bar_ns,
        "replaced_cycles": state.replaced_cycles,
        "naked_since_ns": naked,
        "reconciled_at_ns": ready.reconciled_at_ns,
        "store_failed": state.store_failed,
        "leased_until_ns": ready.leased_until_ns,
    }
    return Publish(phase=state.phase, sequence=view.sequence, digest=digest, extra=extra)
