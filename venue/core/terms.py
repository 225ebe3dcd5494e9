"""What a customer may change about its own account: leverage, margin mode, position mode, isolated margin."""

from decimal import Decimal

from venue.core.account import Account
from venue.core.events import AccountChanged, LeverageChanged
from venue.core.floor import Floor
from venue.core.margin import figures
from venue.core.orders import MarginMove, PositionSide
from venue.core.refusal import Reason, Refused


def set_leverage(floor: Floor, account: Account, symbol: str, leverage: int) -> None:
    book, setting = floor.book(symbol), account.setting(symbol)
    if not 1 <= leverage <= book.instrument.max_leverage():
        raise Refused(Reason.LEVERAGE_INVALID, leverage=leverage)
    largest = max((p.notional(book.mark) for p in account.held(symbol)), default=Decimal(0))
    if leverage > book.instrument.max_leverage(largest):
        raise Refused(Reason.POSITION_TOO_LARGE)
    before = setting.leverage
    if leverage < before and setting.is_isolated and any(account.held(symbol)):
        raise Refused(Reason.LEVERAGE_LESS_WHILE_ISOLATED)
    setting.leverage = leverage
    if leverage < before and not can_afford(floor, account):
        setting.leverage = before
        raise Refused(Reason.LEVERAGE_TOO_LOW)
    if leverage != before:
        floor.emit(LeverageChanged(account=account, symbol=symbol, leverage=leverage))


def can_afford(floor: Floor, account: Account) -> bool:
    """Less leverage binds more margin; is there enough?"""
    totals = figures(floor, account)
    return totals.margin_balance >= totals.position_margin + totals.order_margin


def set_margin_mode(floor: Floor, account: Account, symbol: str, is_isolated: bool) -> None:
    floor.book(symbol)
    setting = account.setting(symbol)
    if setting.is_isolated == is_isolated:
        raise Refused(Reason.MARGIN_MODE_UNCHANGED)
    if is_isolated and account.is_multi_assets:
        raise Refused(Reason.ISOLATED_IN_MULTI_ASSETS)
    if account.working(symbol) or account.waiting(symbol):
        raise Refused(Reason.MARGIN_MODE_HAS_ORDERS)
    if any(account.held(symbol)):
        raise Refused(Reason.MARGIN_MODE_HAS_POSITION)
    setting.is_isolated = is_isolated


def set_position_mode(account: Account, is_hedged: bool) -> None:
    if account.is_hedged == is_hedged:
        raise Refused(Reason.POSITION_MODE_UNCHANGED)
    if account.open_orders or account.open_algos:
        raise Refused(Reason.POSITION_MODE_HAS_ORDERS)
    if any(account.held()):
        raise Refused(Reason.POSITION_MODE_HAS_POSITION)
    account.is_hedged = is_hedged


def set_multi_assets(account: Account, is_multi_assets: bool) -> None:
    """All assets as one margin, or each its own. Here is one asset only, so nothing else changes with it."""
    if account.is_multi_assets == is_multi_assets:
        raise Refused(Reason.MULTI_ASSETS_UNCHANGED)
    if account.open_orders or account.open_algos:
        raise Refused(Reason.MULTI_ASSETS_HAS_ORDERS)
    if is_multi_assets and any(setting.is_isolated for setting in account.settings.values()):
        raise Refused(Reason.MULTI_ASSETS_IS_ISOLATED)
    account.is_multi_assets = is_multi_assets


def move_margin(floor: Floor, account: Account, symbol: str, side: PositionSide, amount: Decimal) -> None:
    """Adds margin to an isolated position, or takes it away (negative)."""
    position = account.positions.get((symbol, side))
    if position is None or not position.amount or not account.setting(symbol).is_isolated:
        raise Refused(Reason.NOT_ISOLATED)
    if amount > figures(floor, account).available or position.isolated_wallet + amount <= 0:
        raise Refused(Reason.NOT_ISOLATED)
    position.isolated_wallet += amount
    account.add_margin_move(MarginMove(symbol=symbol, side=side, amount=amount, time_ms=floor.clock.now_ms()))
    floor.emit(AccountChanged(account=account, reason="MARGIN_TRANSFER", change=Decimal(0), positions=(position,)))
