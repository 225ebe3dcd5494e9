"""Resync: the exchange's truth becomes ours, by a person's word. What would be adopted is a value that can be shown.

Nothing here happens by itself: reconciliation finds, the breaker halts, and only a person who has seen this very plan
(its token names every figure of it) may have it carried out. A position is adopted as the execution nobody told us of,
so ledger, trade, stop and notification follow as they do from any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b

from engine import ids
from engine.book.state import Book
from engine.fill import ADOPTED, Fill
from engine.instrument import Instrument
from engine.messages.exchange import AccountSnapshot, OrderReport
from engine.order import Order, OrderKind, OrderPurpose, Side

EPSILON = Decimal("0.00000100")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What differs and would be adopted. `wallet` is None when it is explained, or not ours alone to explain."""

    ours: Decimal
    theirs: Decimal
    wallet_expected: Decimal | None
    wallet: Decimal | None
    foreign: tuple[OrderReport, ...]

    @property
    def is_empty(self) -> bool:
        return self.ours == self.theirs and self.wallet is None and not self.foreign

    @property
    def token(self) -> str:
        """Names this plan: another position, balance or order is another token."""
        said = f"{self.ours}|{self.theirs}|{self.wallet}|{[order.venue_order_id for order in self.foreign]}"
        return blake2b(said.encode(), digest_size=4).hexdigest()

    def lines(self) -> tuple[str, ...]:
        """For the person who has to decide."""
        position = f"position: ours {self.ours} becomes the exchange's {self.theirs}"
        balance = f"balance: {self.wallet_expected} is explained; the exchange's {self.wallet} is taken for right"
        return (
            *((position,) if self.ours != self.theirs else ()),
            *((balance,) if self.wallet is not None else ()),
            *(f"not our order, to be cancelled: {one.side} {one.quantity} {_name(one)}" for one in self.foreign),
        )


def adoption(book: Book, seen: AccountSnapshot, *, instance: str, owns_wallet: bool) -> Adoption:
    """What of `seen` our book does not explain. The balance of a light reading is of another moment."""
    expected, is_known = book.wallet_expected, owns_wallet and not seen.is_light
    drifts = is_known and expected is not None and abs(expected - seen.wallet_balance) > EPSILON
    mine = ids.owner_prefix(instance)
    foreign = (
        one
        for one in seen.open_orders
        if one.client_order_id not in book.orders and not one.client_order_id.startswith(mine)
    )
    return Adoption(
        ours=book.position_quantity,
        theirs=seen.position_quantity,
        wallet_expected=expected,
        wallet=seen.wallet_balance if drifts else None,
        foreign=tuple(foreign),
    )


def reduction(book: Book, seen: AccountSnapshot) -> Fill | None:
    """The execution that made our position smaller, at most to nothing; None when none did."""
    ours, theirs = book.position_quantity, seen.position_quantity
    left = theirs if ours * theirs > 0 else Decimal(0)
    gone = abs(ours) - abs(left)
    return _fill(book, seen, -1 if ours > 0 else 1, gone, seen.mark_price) if gone > 0 else None


def growth(book: Book, seen: AccountSnapshot, instrument: Instrument) -> Fill | None:
    """The execution that opened or enlarged it. Its price makes the average what the exchange says."""
    ours, theirs = book.position_quantity, seen.position_quantity
    more = abs(theirs) - abs(ours)
    if more <= 0 or ours * theirs < 0:
        return None
    paid = abs(ours) * (book.ledger.position.entry_price or Decimal(0))
    price = instrument.round_price((abs(theirs) * seen.entry_price - paid) / more)
    return _fill(book, seen, 1 if theirs > 0 else -1, more, price if price > 0 else seen.mark_price)


def order_for(book: Book, fill: Fill, *, instance: str, play_hash: str) -> Order:
    """The order this execution would have had; it was never sent."""
    bar_ns = book.last_bar_ns or fill.occurred_at_ns
    name = ids.client_order_id(
        instance=instance, epoch=book.epoch, play_hash=play_hash, bar_open_time_ns=bar_ns,
        purpose=OrderPurpose.ENTRY, number=book.sequence,
    )  # fmt: skip
    return Order(
        client_order_id=name,
        symbol=fill.symbol,
        side=Side.BUY if fill.sign > 0 else Side.SELL,
        kind=OrderKind.MARKET,
        purpose=OrderPurpose.ENTRY,
        quantity=fill.quantity,
        trade_number=book.trade.number if book.trade else book.trade_count + 1,
        bar_open_time_ns=bar_ns,
        reference_price=fill.price,
    )


def anchor_for(book: Book, wallet: Decimal) -> Decimal:
    """The anchor from which the book explains `wallet`."""
    return wallet - book.ledger.change


def _fill(book: Book, seen: AccountSnapshot, sign: int, quantity: Decimal, price: Decimal) -> Fill:
    return Fill(
        trade_id=f"{ADOPTED}{book.epoch}-{book.sequence}",
        symbol=seen.symbol,
        venue_order_id="",
        client_order_id="",
        sign=sign,
        quantity=quantity,
        price=price,
        fee=Decimal(0),
        fee_asset="",
        is_maker=False,
        occurred_at_ns=seen.finished_at_ns,
    )


def _name(order: OrderReport) -> str:
    return order.client_order_id or order.venue_order_id
