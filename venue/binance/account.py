"""Account calls: balances, positions, income, forced orders, listen keys."""

from decimal import Decimal

from venue.binance.call import Call
from venue.binance.errors import NO_PERMISSION, JsonObject, WireError, malformed
from venue.binance.orders import is_between
from venue.binance.render import (
    balance_json,
    income_json,
    max_notional,
    money,
    order_json,
    plain,
    plain_price,
    position_risk_json,
    quantity_text,
)
from venue.core.account import Position
from venue.core.margin import Figures, figures, maintenance_of, order_margin_of, pnl_of, position_margin_of
from venue.core.orders import PositionSide

ZERO = Decimal(0)
FORCED = {"liquidation": "LIQUIDATION", "adl": "ADL"}


def version(call: Call) -> int:
    """The 2 of /fapi/v2/account."""
    return int(call.path.split("/")[2][1:])


def get_balance(call: Call) -> list[JsonObject]:
    return [balance_json(call.account, figures(call.venue.floor, call.account), call.venue.clock.now_ms())]


def get_account(call: Call) -> JsonObject:
    totals = figures(call.venue.floor, call.account)
    body = totals_json(totals) | {"assets": [asset_json(call, totals)], "positions": positions_json(call)}
    if version(call) == 2:
        now = call.venue.clock.now_ms()
        body = {"feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": True, "updateTime": now} | body
        body |= {"multiAssetsMargin": call.account.is_multi_assets, "tradeGroupId": -1}
    return body


def totals_json(totals: Figures) -> JsonObject:
    return {
        "totalInitialMargin": money(totals.position_margin + totals.order_margin),
        "totalMaintMargin": money(totals.maintenance),
        "totalWalletBalance": money(totals.wallet),
        "totalUnrealizedProfit": money(totals.unrealized_pnl),
        "totalMarginBalance": money(totals.margin_balance),
        "totalPositionInitialMargin": money(totals.position_margin),
        "totalOpenOrderInitialMargin": money(totals.order_margin),
        "totalCrossWalletBalance": money(totals.cross_wallet),
        "totalCrossUnPnl": money(totals.cross_unrealized_pnl),
        "availableBalance": money(totals.available),
        "maxWithdrawAmount": money(min(totals.available, max(ZERO, totals.cross_wallet))),
    }


def asset_json(call: Call, totals: Figures) -> JsonObject:
    return {
        "asset": "USDT",
        "walletBalance": money(totals.wallet),
        "unrealizedProfit": money(totals.unrealized_pnl),
        "marginBalance": money(totals.margin_balance),
        "maintMargin": money(totals.maintenance),
        "initialMargin": money(totals.position_margin + totals.order_margin),
        "positionInitialMargin": money(totals.position_margin),
        "openOrderInitialMargin": money(totals.order_margin),
        "crossWalletBalance": money(totals.cross_wallet),
        "crossUnPnl": money(totals.cross_unrealized_pnl),
        "availableBalance": money(totals.available),
        "maxWithdrawAmount": money(min(totals.available, max(ZERO, totals.cross_wallet))),
        "marginAvailable": True,
        "updateTime": call.venue.clock.now_ms(),
    }


def listed(call: Call, symbol: str | None, everything: bool) -> list[Position]:
    """Positions to show: version 3 only those held or with orders, version 2 all."""
    account = call.account
    sides = [PositionSide.LONG, PositionSide.SHORT] if account.is_hedged else [PositionSide.BOTH]
    symbols = [symbol] if symbol else list(call.venue.floor.books)
    positions = [account.position(s, side) for s in symbols for side in sides]
    return [p for p in positions if everything or p.amount or account.working(p.symbol)]


def positions_json(call: Call) -> list[JsonObject]:
    return [account_position_json(call, p) for p in listed(call, None, everything=version(call) == 2)]


def account_position_json(call: Call, position: Position) -> JsonObject:
    floor, account = call.venue.floor, call.account
    book, setting = floor.books[position.symbol], account.setting(position.symbol)
    own, working = position_margin_of(floor, account, position), order_margin_of(floor, account, position.symbol)
    body: JsonObject = {
        "symbol": position.symbol,
        "positionSide": position.side.value,
        "positionAmt": quantity_text(book.instrument, position.amount),
        "unrealizedProfit": money(pnl_of(floor, position)),
        "isolatedMargin": money(position.isolated_wallet + pnl_of(floor, position) if setting.is_isolated else ZERO),
        "notional": money(position.amount * book.mark),
        "isolatedWallet": money(position.isolated_wallet),
        "initialMargin": money(own + working),
        "maintMargin": money(maintenance_of(floor, position)),
        "updateTime": position.updated_ms,
    }
    if version(call) == 2:
        body |= {
            "positionInitialMargin": money(own),
            "openOrderInitialMargin": money(working),
            "leverage": str(setting.leverage),
            "isolated": setting.is_isolated,
            "entryPrice": plain_price(position.entry_price),
            "breakEvenPrice": plain_price(position.break_even_price),
            "maxNotional": max_notional(book.instrument, setting.leverage),
            "bidNotional": "0",
            "askNotional": "0",
        }
    return body


def get_position_risk(call: Call) -> list[JsonObject]:
    number = 3 if version(call) == 3 else 2
    shown = listed(call, call.maybe_symbol(), everything=number == 2)
    return [position_risk_json(call.venue.floor, call.account, p, number) for p in shown]


def get_symbol_config(call: Call) -> list[JsonObject]:
    symbol = call.maybe_symbol()
    return [symbol_config(call, s) for s in ([symbol] if symbol else call.venue.floor.books)]


def symbol_config(call: Call, symbol: str) -> JsonObject:
    setting, instrument = call.account.setting(symbol), call.venue.floor.books[symbol].instrument
    return {
        "symbol": symbol,
        "marginType": "ISOLATED" if setting.is_isolated else "CROSSED",
        "isAutoAddMargin": False,
        "leverage": setting.leverage,
        "maxNotionalValue": max_notional(instrument, setting.leverage),
    }


def get_account_config(call: Call) -> JsonObject:
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": call.account.is_hedged,
        "updateTime": 0,
        "multiAssetsMargin": call.account.is_multi_assets,
        "tradeGroupId": -1,
    }


def get_leverage_bracket(call: Call) -> object:
    symbol = call.maybe_symbol()
    return [bracket_json(call, s) for s in ([symbol] if symbol else call.venue.floor.books)]


def bracket_json(call: Call, symbol: str) -> JsonObject:
    return {
        "symbol": symbol,
        "notionalCoef": 1.0,
        "brackets": [
            {
                "bracket": b.number,
                "initialLeverage": b.max_leverage,
                "notionalCap": int(b.notional_cap),
                "notionalFloor": int(b.notional_floor),
                "maintMarginRatio": float(b.maintenance_rate),
                "cum": float(b.cumulative),
            }
            for b in call.venue.floor.books[symbol].instrument.brackets
        ],
    }


def get_income(call: Call) -> list[JsonObject]:
    symbol, kind = call.maybe_symbol(), call.maybe("incomeType")
    start, end = call.times()
    found = [
        i
        for i in call.account.incomes
        if symbol in (None, i.symbol) and kind in (None, i.kind) and is_between(i.time_ms, start, end)
    ]
    limit = call.limit(100, 1000)
    return [income_json(i) for i in (found[:limit] if start is not None else found[-limit:])]


def get_commission_rate(call: Call) -> JsonObject:
    symbol = call.symbol()
    instrument = call.venue.floor.books[symbol].instrument
    return {
        "symbol": symbol,
        "makerCommissionRate": plain(instrument.maker_rate),
        "takerCommissionRate": plain(instrument.taker_rate),
    }


def get_force_orders(call: Call) -> list[JsonObject]:
    """Orders the exchange made to liquidate this account, or to take its profit for somebody who could not pay."""
    symbol, kind, (start, end) = call.maybe_symbol(), call.maybe("autoCloseType"), call.times()
    if kind not in (None, *FORCED.values()):
        raise malformed("autoCloseType")
    forced = [
        o
        for o in call.account.orders.values()
        if o.request.origin in FORCED
        and kind in (None, FORCED[o.request.origin])
        and symbol in (None, o.request.symbol)
        and is_between(o.created_ms, start, end)
    ]
    return [order_json(call.venue.floor, o) for o in forced[-call.limit(50, 100) :]]


def get_order_rate_limit(call: Call) -> list[JsonObject]:
    most = call.venue.limits.order_limit
    return [
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": most // 4},
        {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": most},
    ]


def get_adl(call: Call) -> list[JsonObject]:
    held = call.account.held(call.maybe_symbol())
    return [{"symbol": p.symbol, "adlQuantile": {p.side.value: 2}} for p in held]


def get_portfolio_margin(call: Call) -> JsonObject:
    """An account without portfolio margin may withdraw nothing through it."""
    return {"maxWithdrawAmountUSD": "0.00000000", "asset": call.text("asset"), "maxWithdrawAmount": "0.00000000"}


def refuse_permission(call: Call) -> JsonObject:
    """Conversions, downloads, share contracts: the keys here are for trading."""
    raise WireError(*NO_PERMISSION, status=401)


def post_listen_key(call: Call) -> JsonObject:
    return {"listenKey": call.venue.listen_keys.open(call.account.name, call.venue.clock.now_ms())}


def put_listen_key(call: Call) -> JsonObject:
    now = call.venue.clock.now_ms()
    if not call.venue.listen_keys.extend(call.account.name, now):
        raise WireError(-1125, "This listenKey does not exist.")
    return {"listenKey": call.venue.listen_keys.open(call.account.name, now)}


def delete_listen_key(call: Call) -> JsonObject:
    call.venue.listen_keys.close(call.account.name)
    return {}
