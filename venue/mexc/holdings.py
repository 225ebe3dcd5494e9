"""Positions and assets as MEXC writes them."""

from decimal import Decimal

from venue.core.account import Account, Position
from venue.core.floor import Floor
from venue.core.margin import figures, liquidation_price, maintenance_of, pnl_of, position_margin_of
from venue.core.orders import ZERO, PositionSide
from venue.mexc.contracts import number, to_vol, wire_symbol
from venue.mexc.errors import JsonObject, MexcError
from venue.mexc.rounds import Round, position_id, present_round

HOLDING, CLOSED = 1, 3
NO_POSITION = MexcError(2009, "Position is not exists or closed.")


def position_by_id(account: Account, number: int) -> Position:
    """Raises MexcError when there is no such position (any more)."""
    found = next((p for p in account.held() if position_id(account, p) == number), None)
    if found is None:
        raise NO_POSITION
    return found


def position_json(floor: Floor, account: Account, position: Position) -> JsonObject:
    """One that was just closed is told once more, with nothing held."""
    life, setting = present_round(account, position), account.setting(position.symbol)
    instrument, held = floor.books[position.symbol].instrument, bool(position.amount)
    margin = position_margin_of(floor, account, position) if held else ZERO
    kept = position.isolated_wallet if setting.is_isolated else margin
    return {
        **life_json(floor, account, life),
        "state": HOLDING if held else CLOSED,
        "holdVol": to_vol(instrument, abs(position.amount)),
        "frozenVol": to_vol(instrument, frozen(account, position)),
        "holdAvgPrice": number(position.entry_price),
        "liquidatePrice": number(liquidation_price(floor, account, position)) if held else 0,
        "oim": number(kept),
        "im": number(kept),
        "marginRatio": number(margin_ratio(floor, account, position)) if held else 0,
        "unRealizedPnl": number(pnl_of(floor, position)) if held else 0,
        "updateTime": position.updated_ms,
    }


def life_json(floor: Floor, account: Account, life: Round) -> JsonObject:
    instrument, setting = floor.books[life.symbol].instrument, account.setting(life.symbol)
    return {
        "positionId": life.position_id,
        "symbol": wire_symbol(life.symbol),
        "positionType": 1 if life.is_long else 2,
        "openType": 1 if setting.is_isolated else 2,
        "state": CLOSED,
        "holdVol": 0,
        "frozenVol": 0,
        "closeVol": to_vol(instrument, life.closed),
        "holdAvgPrice": number(life.open_price),
        "openAvgPrice": number(life.open_price),
        "closeAvgPrice": number(life.close_price),
        "liquidatePrice": 0,
        "oim": 0,
        "im": 0,
        "holdFee": 0,
        "realised": number(life.realized - life.fees),
        "closeProfitLoss": number(life.realized),
        "fee": number(life.fees),
        "leverage": setting.leverage,
        "createTime": life.opened_ms,
        "updateTime": life.closed_ms or life.opened_ms,
        "autoAddIm": False,
    }


def frozen(account: Account, position: Position) -> Decimal:
    """Waiting to be closed by resting orders."""
    sign = -1 if position.amount > 0 else 1
    resting = (
        o.leaves
        for o in account.working(position.symbol)
        if o.request.position_side is position.side
        and o.request.side.sign == sign
        and (o.request.is_reduce_only or position.side is not PositionSide.BOTH)
    )
    return min(abs(position.amount), sum(resting, ZERO))


def margin_ratio(floor: Floor, account: Account, position: Position) -> Decimal:
    totals = figures(floor, account)
    is_isolated = account.setting(position.symbol).is_isolated
    whole = position.isolated_wallet + pnl_of(floor, position) if is_isolated else totals.margin_balance
    need = maintenance_of(floor, position) if is_isolated else totals.cross_maintenance
    return need / whole if whole > 0 else Decimal(1)


def asset_json(floor: Floor, account: Account) -> JsonObject:
    totals = figures(floor, account)
    return {
        "currency": "USDT",
        "positionMargin": number(totals.position_margin),
        "availableBalance": number(totals.available),
        "cashBalance": number(totals.wallet - totals.position_margin - totals.order_margin),
        "frozenBalance": number(totals.order_margin),
        "equity": number(totals.margin_balance),
        "unrealized": number(totals.unrealized_pnl),
        "bonus": 0,
    }
