"""How much of an account is bound, and how much is free."""

from dataclasses import dataclass
from decimal import Decimal

from venue.core.account import Account, Position
from venue.core.floor import Floor
from venue.core.orders import ZERO, OrderRequest, PositionSide, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One account at the present mark prices."""

    wallet: Decimal
    cross_wallet: Decimal
    unrealized_pnl: Decimal
    cross_unrealized_pnl: Decimal
    position_margin: Decimal
    order_margin: Decimal
    maintenance: Decimal
    cross_maintenance: Decimal
    available: Decimal

    @property
    def margin_balance(self) -> Decimal:
        return self.wallet + self.unrealized_pnl


def figures(floor: Floor, account: Account) -> Figures:
    held = list(account.held())
    cross = [p for p in held if not account.setting(p.symbol).is_isolated]
    isolated_wallets = sum((p.isolated_wallet for p in account.positions.values()), ZERO)
    cross_wallet = account.wallet - isolated_wallets
    cross_pnl = sum((pnl_of(floor, p) for p in cross), ZERO)
    position_margin = sum((position_margin_of(floor, account, p) for p in held), ZERO)
    cross_margin = sum((position_margin_of(floor, account, p) for p in cross), ZERO)
    order_margin = sum((order_margin_of(floor, account, s) for s in symbols(account)), ZERO)
    return Figures(
        wallet=account.wallet,
        cross_wallet=cross_wallet,
        unrealized_pnl=sum((pnl_of(floor, p) for p in held), ZERO),
        cross_unrealized_pnl=cross_pnl,
        position_margin=position_margin,
        order_margin=order_margin,
        maintenance=sum((maintenance_of(floor, p) for p in held), ZERO),
        cross_maintenance=sum((maintenance_of(floor, p) for p in cross), ZERO),
        available=max(ZERO, cross_wallet + cross_pnl - cross_margin - order_margin),
    )


def symbols(account: Account) -> set[str]:
    """Symbols with working orders: only they can bind order margin."""
    return {o.request.symbol for o in account.open_orders.values()}


def pnl_of(floor: Floor, position: Position) -> Decimal:
    return position.unrealized_pnl(floor.books[position.symbol].mark)


def maintenance_of(floor: Floor, position: Position) -> Decimal:
    book = floor.books[position.symbol]
    return book.instrument.maintenance(position.notional(book.mark))


def position_margin_of(floor: Floor, account: Account, position: Position) -> Decimal:
    return position.notional(floor.books[position.symbol].mark) / account.setting(position.symbol).leverage


def order_margin_of(floor: Floor, account: Account, symbol: str, extra: OrderRequest | None = None) -> Decimal:
    """Margin bound by working orders beyond what the positions bind; `extra` = as if this one worked too."""
    leverage = account.setting(symbol).leverage
    sides = (PositionSide.LONG, PositionSide.SHORT) if account.is_hedged else (PositionSide.BOTH,)
    return sum((exposure_added(floor, account, symbol, side, extra) for side in sides), ZERO) / leverage


def exposure_added(
    floor: Floor, account: Account, symbol: str, side: PositionSide, extra: OrderRequest | None
) -> Decimal:
    """The larger exposure if all buys or all sells filled, less the present one."""
    position = account.positions.get((symbol, side))
    now = position.amount * floor.books[symbol].mark if position else ZERO
    working = [o for o in account.working(symbol) if o.request.position_side is side and not o.request.is_reduce_only]
    if extra and (extra.position_side is not side or extra.is_reduce_only):
        extra = None
    buys = sum((o.leaves * o.price for o in working if o.request.side is Side.BUY), ZERO)
    sells = sum((o.leaves * o.price for o in working if o.request.side is Side.SELL), ZERO)
    if extra and extra.side is Side.BUY:
        buys += notional_of(floor, extra)
    elif extra:
        sells += notional_of(floor, extra)
    if side is PositionSide.LONG:
        return buys
    if side is PositionSide.SHORT:
        return sells
    return max(abs(now + buys), abs(now - sells), abs(now)) - abs(now)


def notional_of(floor: Floor, request: OrderRequest) -> Decimal:
    return request.quantity * (request.price or floor.books[request.symbol].facing(request.side))


def liquidation_price(floor: Floor, account: Account, position: Position) -> Decimal:
    """Where the mark price has to go for this position to be taken over; 0 when it can't happen."""
    totals, book = figures(floor, account), floor.books[position.symbol]
    own = maintenance_of(floor, position)
    if account.setting(position.symbol).is_isolated:
        room = position.isolated_wallet + pnl_of(floor, position) - own
    else:
        room = totals.cross_wallet + totals.cross_unrealized_pnl - totals.cross_maintenance
    rate = book.instrument.bracket_for(position.notional(book.mark)).maintenance_rate
    slope = position.amount - abs(position.amount) * rate
    price = book.mark - room / slope if slope else ZERO
    return max(ZERO, price)
