"""Positions and wallets as Bybit writes them."""

from decimal import Decimal

from venue.bybit.entries import PROTECTION, STOP_LOSS, TAKE_PROFIT, TRAILING
from venue.bybit.errors import JsonObject
from venue.bybit.render import INDEX, ZERO, money, plain, price_or_empty
from venue.core.account import Account, Position
from venue.core.floor import Floor
from venue.core.margin import (
    Figures,
    figures,
    liquidation_price,
    maintenance_of,
    order_margin_of,
    pnl_of,
    position_margin_of,
)
from venue.core.orders import AlgoOrder, PositionSide


def position_json(floor: Floor, account: Account, position: Position) -> JsonObject:
    book, setting = floor.books[position.symbol], account.setting(position.symbol)
    held = bool(position.amount)
    own = {prefix: whole_protection(account, position, prefix) for prefix in (TAKE_PROFIT, STOP_LOSS, TRAILING)}
    trailing = own[TRAILING]
    return {
        "positionIdx": INDEX[position.side],
        "riskId": 1,
        "riskLimitValue": plain(book.instrument.brackets[0].notional_cap),
        "symbol": position.symbol,
        "side": side_of(position),
        "size": plain(abs(position.amount)),
        "avgPrice": money(position.entry_price),
        "positionValue": money(abs(position.amount) * position.entry_price) if held else "",
        "tradeMode": int(setting.is_isolated),
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 2 if held else 0,
        "leverage": str(setting.leverage),
        "positionBalance": money(position.isolated_wallet) if setting.is_isolated else "0",
        "markPrice": plain(book.mark),
        "liqPrice": price_or_empty(liquidation_price(floor, account, position)) if held else "",
        "bustPrice": "",
        "positionMM": money(maintenance_of(floor, position)) if held else "",
        "positionIM": money(position_margin_of(floor, account, position)) if held else "",
        "tpslMode": "Full",
        "takeProfit": trigger_text(own[TAKE_PROFIT]),
        "stopLoss": trigger_text(own[STOP_LOSS]),
        "trailingStop": plain(trailing.request.callback_distance) if trailing else "0",
        "activePrice": plain(trailing.request.activate_price) if trailing else "0",
        "unrealisedPnl": money(pnl_of(floor, position)) if held else "",
        "curRealisedPnl": money(position.realized_pnl - position.fees),
        "cumRealisedPnl": money(position.realized_pnl),
        "sessionAvgPrice": "",
        "seq": book.update_id,
        "isReduceOnly": account.may_only_reduce,
        "mmrSysUpdatedTime": "",
        "leverageSysUpdatedTime": "",
        "createdTime": str(position.updated_ms),
        "updatedTime": str(position.updated_ms),
    }


def side_of(position: Position) -> str:
    """Empty for a flat position in one-way mode; in hedge mode each index has its side."""
    if position.side is not PositionSide.BOTH:
        return "Buy" if position.side is PositionSide.LONG else "Sell"
    return "" if not position.amount else "Buy" if position.amount > 0 else "Sell"


def trigger_text(algo: AlgoOrder | None) -> str:
    return plain(algo.request.trigger_price) if algo else ""


def protection_of(account: Account, position: Position) -> list[AlgoOrder]:
    """Take-profits, stop-losses and trailing stop, of all of the position and of parts."""
    own = (a for a in account.waiting(position.symbol) if a.request.position_side is position.side)
    return [a for a in own if a.request.client_algo_id.startswith(PROTECTION)]


def whole_protection(account: Account, position: Position, prefix: str) -> AlgoOrder | None:
    """The one of this kind that stands for all of the position."""
    own = protection_of(account, position)
    return next((a for a in own if a.request.client_algo_id.startswith(prefix)), None)


def wallet_json(floor: Floor, account: Account) -> JsonObject:
    totals = figures(floor, account)
    balance = money(totals.margin_balance)
    return {
        "accountType": "UNIFIED",
        "accountLTV": "",
        "accountIMRate": rate(totals.position_margin + totals.order_margin, totals.margin_balance),
        "accountMMRate": rate(totals.maintenance, totals.margin_balance),
        "totalEquity": balance,
        "totalWalletBalance": money(totals.wallet),
        "totalMarginBalance": balance,
        "totalAvailableBalance": money(totals.available),
        "totalPerpUPL": money(totals.unrealized_pnl),
        "totalInitialMargin": money(totals.position_margin + totals.order_margin),
        "totalMaintenanceMargin": money(totals.maintenance),
        "coin": [coin_json(floor, account, totals)],
    }


def rate(part: Decimal, whole: Decimal) -> str:
    return plain((part / whole).quantize(Decimal("0.0001"))) if whole > 0 else ""


def coin_json(floor: Floor, account: Account, totals: Figures) -> JsonObject:
    order_margin = sum(
        (order_margin_of(floor, account, s) for s in {o.request.symbol for o in account.working()}), ZERO
    )
    return {
        "coin": "USDT",
        "equity": money(totals.margin_balance),
        "usdValue": money(totals.margin_balance),
        "walletBalance": money(totals.wallet),
        "locked": "0",
        "borrowAmount": "0",
        "accruedInterest": "0",
        "availableToWithdraw": "",
        "availableToBorrow": "",
        "totalOrderIM": money(order_margin),
        "totalPositionIM": money(totals.position_margin),
        "totalPositionMM": money(totals.maintenance),
        "unrealisedPnl": money(totals.unrealized_pnl),
        "cumRealisedPnl": money(account.realized_pnl - account.fees + account.funding),
        "bonus": "0",
        "spotHedgingQty": "0",
        "collateralSwitch": True,
        "marginCollateral": True,
    }
