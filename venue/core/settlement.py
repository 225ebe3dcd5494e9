"""A fill becomes a position, a fee, a realized profit or loss and a wallet change: all of it, exactly, in one place."""

from dataclasses import dataclass
from decimal import Decimal

from venue.core.account import EXACT, Account, Position, after_fill, to_cents
from venue.core.events import AccountChanged, OrderChanged
from venue.core.floor import Floor
from venue.core.orders import ZERO, Execution, Income, Order, Status, Trade


@dataclass(frozen=True, slots=True)
class Fill:
    """So many contracts at this price, resting (maker) or taking; `is_second`: the other side of the match was told."""

    quantity: Decimal
    price: Decimal
    is_maker: bool
    is_second: bool = False


@dataclass(frozen=True, slots=True)
class Booked:
    """What one fill did to the wallet."""

    fee: Decimal
    realized: Decimal
    closed: Decimal
    open_fee: Decimal


def settle(floor: Floor, order: Order, fill: Fill) -> Trade:
    """Books one fill of `order` and tells it: first the account, then the order."""
    account = floor.account_of(order)
    booked = book_fill(floor, account, order, fill)
    advance(floor, order, fill)
    trade = record(floor, order, fill, booked)
    account.trades.append(trade)
    book_income(floor, account, "COMMISSION", -booked.fee, trade)
    book_income(floor, account, "REALIZED_PNL", booked.realized, trade)
    position = account.position(order.request.symbol, order.request.position_side)
    change = booked.realized - booked.fee
    floor.emit(AccountChanged(account=account, reason="ORDER", change=change, positions=(position,)))
    floor.emit(OrderChanged(account=account, order=order, execution=Execution.TRADE, trade=trade))
    return trade


def book_fill(floor: Floor, account: Account, order: Order, fill: Fill) -> Booked:
    position = account.position(order.request.symbol, order.request.position_side)
    instrument = floor.books[order.request.symbol].instrument
    fee = to_cents(fill.quantity * fill.price * (instrument.maker_rate if fill.is_maker else instrument.taker_rate))
    before, signed = position.amount, fill.quantity * order.request.side.sign
    closed = min(abs(before), abs(signed)) if before * signed < 0 else ZERO
    open_fee = to_cents(EXACT.divide(position.fees * closed, abs(before))) if closed else ZERO
    position.amount, position.entry_price, realized = after_fill(before, position.entry_price, signed, fill.price)
    position.realized_pnl += realized
    position.fees = carry_fees(before, position, fee)
    position.updated_ms = floor.clock.now_ms()
    move_isolated(account, position, before, fill.price)
    account.wallet += realized - fee
    account.fees += fee
    account.realized_pnl += realized
    return Booked(fee, realized, closed, open_fee)


def carry_fees(before: Decimal, position: Position, fee: Decimal) -> Decimal:
    """Fees still to be earned back: gone with the part that was closed."""
    if position.amount == 0:
        return ZERO
    if before * position.amount < 0:
        return fee
    kept = min(abs(before), abs(position.amount))
    share = EXACT.divide(position.fees * kept, abs(before)) if before else ZERO
    return share + fee


def move_isolated(account: Account, position: Position, before: Decimal, price: Decimal) -> None:
    """An isolated position takes its margin out of the cross wallet and gives it back in proportion."""
    setting = account.setting(position.symbol)
    if not setting.is_isolated:
        return
    kept = min(abs(before), abs(position.amount)) if before * position.amount > 0 else ZERO
    rest = EXACT.divide(position.isolated_wallet * kept, abs(before)) if before else ZERO
    opened = abs(position.amount) - kept
    position.isolated_wallet = to_cents(rest + opened * price / setting.leverage)


def advance(floor: Floor, order: Order, fill: Fill) -> None:
    order.filled += fill.quantity
    order.filled_quote += fill.quantity * fill.price
    order.updated_ms = floor.clock.now_ms()
    order.status = Status.FILLED if order.leaves == 0 else Status.PARTIALLY_FILLED


def record(floor: Floor, order: Order, fill: Fill, booked: Booked) -> Trade:
    return Trade(
        trade_id=floor.trade_ids.next(),
        order_id=order.order_id,
        account=order.account,
        symbol=order.request.symbol,
        side=order.request.side,
        position_side=order.request.position_side,
        quantity=fill.quantity,
        price=fill.price,
        fee=booked.fee,
        realized_pnl=booked.realized,
        is_maker=fill.is_maker,
        closed=booked.closed,
        open_fee=booked.open_fee,
        is_second=fill.is_second,
        time_ms=floor.clock.now_ms(),
    )


def book_income(floor: Floor, account: Account, kind: str, amount: Decimal, cause: "Trade | Adjustment") -> None:
    """Keeps the line of an income statement; the caller changed the wallet."""
    if not amount:
        return
    line = Income(
        income_id=floor.income_ids.next(),
        kind=kind,
        symbol=cause.symbol,
        amount=amount,
        trade_id=cause.trade_id if isinstance(cause, Trade) else None,
        time_ms=floor.clock.now_ms(),
        balance=account.wallet,
        quantity=ZERO if isinstance(cause, Trade) else cause.quantity,
        price=ZERO if isinstance(cause, Trade) else cause.price,
    )
    account.add_income(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Money that comes or goes without a trade: funding, a transfer, a drift."""

    change: Decimal
    kind: str  # the line of the income statement
    reason: str  # the word of the account event
    symbol: str = ""
    quantity: Decimal = ZERO  # of funding: what was held, and the mark price
    price: Decimal = ZERO


def adjust(floor: Floor, account: Account, adjustment: Adjustment) -> None:
    account.wallet += adjustment.change
    book_income(floor, account, adjustment.kind, adjustment.change, adjustment)
    positions = tuple(account.held(adjustment.symbol)) if adjustment.symbol else ()
    floor.emit(
        AccountChanged(
            account=account,
            reason=adjustment.reason,
            change=adjustment.change,
            positions=positions,
        )
    )
