"""When the margin balance no longer covers maintenance, the exchange closes the positions itself."""

from decimal import Decimal

from venue.core.account import Account, Position
from venue.core.events import MarginCalled
from venue.core.floor import Floor
from venue.core.margin import figures, maintenance_of, pnl_of
from venue.core.matching import accept, cancel, execute
from venue.core.orders import Kind, OrderRequest, PositionSide, Side, TimeInForce
from venue.core.settlement import Adjustment, adjust


def liquidate_if_due(floor: Floor, symbol: str) -> None:
    for account in floor.accounts.values():
        if any(account.held(symbol)):
            liquidate_isolated(floor, account, symbol)
            liquidate_cross(floor, account)


def liquidate_cross(floor: Floor, account: Account) -> None:
    totals = figures(floor, account)
    if totals.cross_maintenance <= 0 or totals.cross_wallet + totals.cross_unrealized_pnl > totals.cross_maintenance:
        return
    positions = tuple(p for p in account.held() if not account.setting(p.symbol).is_isolated)
    liquidate(floor, account, positions)


def liquidate_isolated(floor: Floor, account: Account, symbol: str) -> None:
    if not account.setting(symbol).is_isolated:
        return
    for position in list(account.held(symbol)):
        if position.isolated_wallet + pnl_of(floor, position) <= maintenance_of(floor, position):
            before, at_risk = account.wallet, position.isolated_wallet
            liquidate(floor, account, (position,))
            insure(floor, account, before - account.wallet - at_risk)


def liquidate(floor: Floor, account: Account, positions: tuple[Position, ...]) -> None:
    """Cancels the orders of these symbols and closes the positions at the market, whatever it costs."""
    floor.emit(MarginCalled(account=account, positions=positions))
    for position in positions:
        for order in account.working(position.symbol):
            cancel(floor, order)
        take_over(floor, account, position)
    if not any(account.held()):
        insure(floor, account, -account.wallet)


def take_over(floor: Floor, account: Account, position: Position) -> None:
    """The liquidation order: at any price within half of the mark."""
    side = closing_side(position)
    request = OrderRequest(
        symbol=position.symbol,
        side=side,
        kind=Kind.LIQUIDATION,
        quantity=abs(position.amount),
        price=worst_price(floor, position.symbol, side),
        time_in_force=TimeInForce.IOC,
        client_order_id=f"autoclose-{floor.clock.now_ms()}",
        is_reduce_only=position.side is PositionSide.BOTH,
        position_side=position.side,
        origin="liquidation",
    )
    execute(floor, accept(floor, account, request))


def close_by_hand(floor: Floor, account: Account, position: Position, client_order_id: str, origin: str) -> None:
    """A market order for all of the position that the account's own program did not send."""
    request = OrderRequest(
        symbol=position.symbol,
        side=closing_side(position),
        kind=Kind.MARKET,
        quantity=abs(position.amount),
        client_order_id=client_order_id,
        is_reduce_only=position.side is PositionSide.BOTH,
        position_side=position.side,
        origin=origin,
    )
    execute(floor, accept(floor, account, request))


def closing_side(position: Position) -> Side:
    return Side.SELL if position.amount > 0 else Side.BUY


def worst_price(floor: Floor, symbol: str, side: Side) -> Decimal:
    book = floor.books[symbol]
    factor = Decimal(1) + Decimal("0.5") * side.sign
    return book.instrument.round_price(book.mark * factor)


def insure(floor: Floor, account: Account, shortfall: Decimal) -> None:
    """The insurance fund pays what the margin can't: no account owes the exchange."""
    if shortfall > 0:
        adjust(floor, account, Adjustment(change=shortfall, kind="INSURANCE_CLEAR", reason="INSURANCE_CLEAR"))
