"""The book as operators see it."""

from __future__ import annotations

from decimal import Decimal

from engine import ledger as ledgers
from engine.book.state import Book
from engine.messages.reports import InstanceView
from engine.order import OrderPurpose
from engine.safety.breaker import Level


def view_of(book: Book, leverage: int) -> InstanceView:
    """What operators see: only what is durable, so that it can be compared with the store."""
    position = book.ledger.position
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
        margin_used=ledgers.margin_used(book.ledger, leverage),
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
