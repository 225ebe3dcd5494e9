"""What a customer changes about its own account: leverage, margin, position mode, asset mode, fees."""

from venue.binance.call import Call
from venue.binance.errors import JsonObject, WireError, malformed
from venue.binance.orders import is_between, read_position_side
from venue.binance.render import max_notional, money
from venue.core.orders import MarginMove
from venue.core.terms import move_margin, set_leverage, set_margin_mode, set_multi_assets, set_position_mode


def post_leverage(call: Call) -> JsonObject:
    symbol, leverage = call.symbol(), call.integer("leverage")
    set_leverage(call.venue.floor, call.account, symbol, leverage)
    instrument = call.venue.floor.books[symbol].instrument
    return {"symbol": symbol, "leverage": leverage, "maxNotionalValue": max_notional(instrument, leverage)}


def post_margin_type(call: Call) -> JsonObject:
    symbol, wanted = call.symbol(), call.text("marginType")
    if wanted not in ("ISOLATED", "CROSSED"):
        raise WireError(-4054, "Invalid margin type.")
    set_margin_mode(call.venue.floor, call.account, symbol, wanted == "ISOLATED")
    return {"code": 200, "msg": "success"}


def get_position_mode(call: Call) -> JsonObject:
    return {"dualSidePosition": call.account.is_hedged}


def post_position_mode(call: Call) -> JsonObject:
    call.text("dualSidePosition")
    set_position_mode(call.account, call.flag("dualSidePosition"))
    return {"code": 200, "msg": "success"}


def post_position_margin(call: Call) -> JsonObject:
    symbol, amount, kind = call.symbol(), call.decimal("amount"), call.integer("type")
    if kind not in (1, 2) or amount <= 0:
        raise malformed("type" if amount > 0 else "amount")
    change = amount if kind == 1 else -amount
    move_margin(call.venue.floor, call.account, symbol, read_position_side(call), change)
    return {"amount": float(amount), "code": 200, "msg": "Successfully modify position margin.", "type": kind}


def get_margin_history(call: Call) -> list[JsonObject]:
    symbol, kind, (start, end) = call.symbol(), call.maybe_integer("type"), call.times()
    if kind not in (None, 1, 2):
        raise malformed("type")
    found = [
        m
        for m in call.account.margin_moves
        if m.symbol == symbol and kind in (None, direction(m)) and is_between(m.time_ms, start, end)
    ]
    return [margin_move_json(m) for m in found[-call.limit(500, 500) :]]


def direction(move: MarginMove) -> int:
    return 1 if move.amount > 0 else 2


def margin_move_json(move: MarginMove) -> JsonObject:
    return {
        "symbol": move.symbol,
        "type": direction(move),
        "deltaType": "USER_ADJUST",
        "amount": money(abs(move.amount)),
        "asset": "USDT",
        "time": move.time_ms,
        "positionSide": move.side.value,
    }


def get_fee_burn(call: Call) -> JsonObject:
    return {"feeBurn": call.account.is_burning_fees}


def post_fee_burn(call: Call) -> JsonObject:
    call.text("feeBurn")
    call.account.is_burning_fees = call.flag("feeBurn")
    return {"code": 200, "msg": "success"}


def get_multi_assets(call: Call) -> JsonObject:
    return {"multiAssetsMargin": call.account.is_multi_assets}


def post_multi_assets(call: Call) -> JsonObject:
    call.text("multiAssetsMargin")
    set_multi_assets(call.account, call.flag("multiAssetsMargin"))
    return {"code": 200, "msg": "success"}
