"""The account: positions, leverage, modes, wallet, and who it is."""

from venue.bybit.call import Call
from venue.bybit.errors import BybitError, JsonObject
from venue.bybit.holdings import position_json, wallet_json
from venue.bybit.render import plain
from venue.bybit.trading_stop import SIDES_BY_INDEX
from venue.core.account import Account, Position
from venue.core.orders import PositionSide
from venue.core.refusal import Reason, Refused
from venue.core.terms import move_margin, set_leverage, set_margin_mode, set_position_mode


def get_positions(call: Call) -> JsonObject:
    """One symbol: its positions also when flat; all of a coin: only what is held."""
    symbol, account = call.symbol_or_coin(), call.account
    found = positions_of(account, symbol) if symbol else list(account.held())
    rows = [position_json(call.venue.floor, account, p) for p in found]
    return {"category": "linear", "list": rows, "nextPageCursor": ""}


def positions_of(account: Account, symbol: str) -> list[Position]:
    sides = (PositionSide.LONG, PositionSide.SHORT) if account.is_hedged else (PositionSide.BOTH,)
    return [account.position(symbol, side) for side in sides]


def post_leverage(call: Call) -> JsonObject:
    symbol, account = call.symbol(), call.account
    buy, sell = call.decimal("buyLeverage"), call.decimal("sellLeverage")
    if buy != sell:
        raise BybitError(10001, "buy leverage not equal sell leverage")
    if buy % 1:
        raise BybitError(10001, "leverage invalid: whole numbers only here")
    if int(buy) == account.setting(symbol).leverage:
        raise BybitError(110043, "leverage not modified")
    set_leverage(call.venue.floor, account, symbol, int(buy))
    return {}


def post_position_mode(call: Call) -> JsonObject:
    """0 one-way, 3 hedge; here for all symbols at once."""
    mode = call.text("mode")
    if mode not in ("0", "3"):
        raise BybitError(10001, "params error: mode invalid")
    set_position_mode(call.account, is_hedged=mode == "3")
    return {}


def post_isolated(call: Call) -> JsonObject:
    """One symbol to isolated (1) or cross (0) margin, and its leverage."""
    mode, symbol = call.text("tradeMode"), call.symbol()
    if mode not in ("0", "1"):
        raise BybitError(10001, "params error: tradeMode invalid")
    leverage = call.maybe_decimal("buyLeverage")
    set_margin_mode(call.venue.floor, call.account, symbol, is_isolated=mode == "1")
    if leverage:
        set_leverage(call.venue.floor, call.account, symbol, int(leverage))
    return {}


def post_margin_mode(call: Call) -> JsonObject:
    """The whole account: every symbol changes."""
    wanted = {"REGULAR_MARGIN": False, "ISOLATED_MARGIN": True}.get(call.text("setMarginMode"))
    if wanted is None:
        raise BybitError(10001, "params error: setMarginMode invalid")
    for symbol in call.venue.floor.books:
        try:
            set_margin_mode(call.venue.floor, call.account, symbol, wanted)
        except Refused as refusal:
            if refusal.reason is not Reason.MARGIN_MODE_UNCHANGED:
                raise
    return {"reasons": []}


def post_margin(call: Call) -> JsonObject:
    """More margin for an isolated position, or less (negative)."""
    symbol, margin = call.symbol(), call.decimal("margin")
    side = SIDES_BY_INDEX.get(call.maybe("positionIdx") or "0")
    if side is None:
        raise BybitError(10001, "params error: positionIdx invalid")
    move_margin(call.venue.floor, call.account, symbol, side, margin)
    return {"category": "linear", **position_json(call.venue.floor, call.account, call.account.position(symbol, side))}


def get_dcp(call: Call) -> JsonObject:
    window = call.venue.bybit.windows.get(call.account.name)
    rows = [{"product": "DERIVATIVES", "dcpStatus": "ON", "timeWindow": str(window)}] if window else []
    return {"dcpInfos": rows}


def get_smp_group(call: Call) -> JsonObject:
    return {"smpGroup": 0}


def get_wallet(call: Call) -> JsonObject:
    if call.text("accountType") != "UNIFIED":
        raise BybitError(10001, "accountType only support UNIFIED.")
    return {"list": [wallet_json(call.venue.floor, call.account)]}


def get_info(call: Call) -> JsonObject:
    is_isolated = any(s.is_isolated for s in call.account.settings.values())
    window = call.venue.bybit.windows.get(call.account.name)
    return {
        "unifiedMarginStatus": 5,
        "marginMode": "ISOLATED_MARGIN" if is_isolated else "REGULAR_MARGIN",
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
        "dcpStatus": "ON" if window else "OFF",
        "timeWindow": window or 0,
        "smpGroup": 0,
        "updatedTime": str(call.venue.clock.now_ms()),
    }


def get_api_key(call: Call) -> JsonObject:
    number = list(call.venue.floor.accounts).index(call.account.name) + 1
    return {
        "id": str(number),
        "note": call.account.name,
        "apiKey": call.account.key,
        "readOnly": 0,
        "secret": "",
        "permissions": {"ContractTrade": ["Order", "Position"], "Wallet": ["AccountTransfer"], "Derivatives": []},
        "ips": ["*"],
        "type": 1,
        "deadlineDay": -2,
        "expiredAt": "1970-01-01T00:00:00Z",
        "createdAt": "2026-01-01T00:00:00Z",
        "unified": 0,
        "uta": 1,
        "userID": number,
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
    }


def get_fee_rates(call: Call) -> JsonObject:
    symbol = call.maybe_symbol()
    chosen = [call.venue.floor.books[s].instrument for s in ([symbol] if symbol else call.venue.floor.books)]
    rows = [
        {"symbol": i.symbol, "takerFeeRate": plain(i.taker_rate), "makerFeeRate": plain(i.maker_rate)} for i in chosen
    ]
    return {"category": "linear", "list": rows}


def get_coins(call: Call) -> JsonObject:
    return {"rows": []}
