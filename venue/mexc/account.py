"""The account: assets, positions now and before, leverage, modes, margin, fees, funding."""

from decimal import Decimal

from venue.core.account import Account
from venue.core.instrument import Instrument
from venue.core.orders import Income
from venue.core.terms import move_margin, set_leverage, set_margin_mode, set_position_mode
from venue.mexc.call import Call
from venue.mexc.contracts import number, to_vol, wire_symbol
from venue.mexc.errors import JsonObject, MexcError, invalid
from venue.mexc.holdings import asset_json, life_json, position_by_id, position_json
from venue.mexc.market_render import tiers_json
from venue.mexc.public import paged
from venue.mexc.rounds import past_rounds


def get_assets(call: Call) -> object:
    return [asset_json(call.venue.floor, call.account)]


def get_asset(call: Call) -> object:
    if call.text("currency") != "USDT":
        raise MexcError(4001, "Unsupported currency")
    return asset_json(call.venue.floor, call.account)


def get_transfers(call: Call) -> object:
    """Nothing is moved between wallets here."""
    return paged(call, [])


def get_positions(call: Call) -> object:
    symbol = call.maybe_symbol()
    return [position_json(call.venue.floor, call.account, p) for p in call.account.held(symbol)]


def get_past_positions(call: Call) -> object:
    """Newest first."""
    symbol, kind = call.maybe_symbol(), call.maybe("type")
    found = [
        life
        for life in past_rounds(call.account)
        if symbol in (None, life.symbol) and kind in (None, "1" if life.is_long else "2")
    ]
    found.sort(key=lambda life: (life.closed_ms, life.position_id), reverse=True)
    skip, size = call.page()
    return [life_json(call.venue.floor, call.account, life) for life in found[skip : skip + size]]


def get_position_mode(call: Call) -> object:
    return mode_of(call.account)


def mode_of(account: Account) -> int:
    return 1 if account.is_hedged else 2


def change_position_mode(call: Call) -> None:
    """For all symbols. What is so already stays so."""
    if call.text("positionMode") not in ("1", "2"):
        raise invalid("positionMode")
    is_hedged = call.text("positionMode") == "1"
    if is_hedged != call.account.is_hedged:
        set_position_mode(call.account, is_hedged)


def get_leverage(call: Call) -> object:
    """Both directions of a symbol."""
    instrument = call.instrument()
    return [leverage_json(call.account, instrument, position_type) for position_type in (1, 2)]


def leverage_json(account: Account, instrument: Instrument, position_type: int) -> JsonObject:
    setting, tier = account.setting(instrument.symbol), instrument.brackets[0]
    return {
        "level": tier.number,
        "maxVol": to_vol(instrument, instrument.max_quantity),
        "mmr": number(tier.maintenance_rate),
        "imr": number(Decimal(1) / tier.max_leverage),
        "positionType": position_type,
        "openType": 1 if setting.is_isolated else 2,
        "leverage": setting.leverage,
        "limitBySys": False,
        "currentMmr": number(tier.maintenance_rate),
    }


def change_leverage(call: Call) -> None:
    """Of a position (`positionId`), or of a symbol that has none (`openType`, `positionType`); the same for both."""
    leverage = call.integer("leverage")
    if call.maybe("positionId"):
        position = position_by_id(call.account, call.integer("positionId"))
        set_leverage(call.venue.floor, call.account, position.symbol, leverage)
        return
    symbol, open_type = call.symbol(), call.text("openType")
    if open_type not in ("1", "2"):
        raise MexcError(2002, "Wrong opening type")
    if call.text("positionType") not in ("1", "2"):
        raise MexcError(2022, "Wrong position type")
    if (open_type == "1") != call.account.setting(symbol).is_isolated:
        set_margin_mode(call.venue.floor, call.account, symbol, is_isolated=open_type == "1")
    set_leverage(call.venue.floor, call.account, symbol, leverage)


def change_margin(call: Call) -> None:
    """Into an isolated position (ADD) or out of it (SUB)."""
    position, amount = position_by_id(call.account, call.integer("positionId")), call.decimal("amount")
    sign = {"ADD": 1, "SUB": -1}.get(call.text("type"))
    if sign is None:
        raise invalid("type")
    if amount <= 0:
        raise MexcError(1004, "Amount error")
    if not call.account.setting(position.symbol).is_isolated:
        raise MexcError(2026, "Modification of margin is not supported for cross")
    move_margin(call.venue.floor, call.account, position.symbol, position.side, sign * amount)


def change_auto_margin(call: Call) -> None:
    """Margin is never added by itself here."""
    position_by_id(call.account, call.integer("positionId"))
    if call.flag("isEnabled"):
        raise MexcError(604, "Sorry, this feature is under maintenance")


def get_risk_limits(call: Call) -> object:
    """By symbol: the tiers of both directions."""
    symbol = call.maybe_symbol()
    chosen = [b.instrument for s, b in call.venue.floor.books.items() if symbol in (None, s)]
    return {
        wire_symbol(i.symbol): [
            {"symbol": wire_symbol(i.symbol), "positionType": kind, **tier} for kind in (1, 2) for tier in tiers_json(i)
        ]
        for i in chosen
    }


def change_risk_level(call: Call) -> None:
    """The tier follows from the size of the position."""
    raise MexcError(8817, "The risk limit function has been upgraded, please go to the web to view")


def get_tiered_fees(call: Call) -> object:
    instrument = call.instrument()
    return {
        "level": 0,
        "dealAmount": 0,
        "walletBalance": 0,
        "makerFee": number(instrument.maker_rate),
        "takerFee": number(instrument.taker_rate),
        "makerFeeDiscount": 1,
        "takerFeeDiscount": 1,
    }


def get_fee_rates(call: Call) -> object:
    symbol = call.maybe_symbol()
    chosen = [b.instrument for s, b in call.venue.floor.books.items() if symbol in (None, s)]
    return [
        {
            "symbol": wire_symbol(i.symbol),
            "makerFeeRate": number(i.maker_rate),
            "takerFeeRate": number(i.taker_rate),
        }
        for i in chosen
    ]


def get_funding_records(call: Call) -> object:
    """Newest first: what funding took and gave."""
    symbol = call.maybe_symbol()
    found = [i for i in call.account.incomes if i.kind == "FUNDING_FEE" and symbol in (None, i.symbol)]
    return paged(call, [funding_json(call, income) for income in reversed(found)])


def funding_json(call: Call, income: Income) -> JsonObject:
    rate = call.venue.market.funding_rate
    is_long = (income.amount < 0) == (rate > 0)
    return {
        "id": income.income_id,
        "symbol": wire_symbol(income.symbol),
        "positionType": 1 if is_long else 2,
        "positionValue": number(abs(income.amount / rate)) if rate else 0,
        "funding": number(income.amount),
        "rate": number(rate),
        "settleTime": income.time_ms,
    }
