"""Bybit's way to say no: HTTP 200, a retCode, a text. Every refusal of the core has its line here."""

from venue.core.refusal import Reason, Refused

JsonObject = dict[str, object]


class BybitError(Exception):
    """An answer that is an error, exactly as it goes over the wire."""

    def __init__(self, code: int, text: str, status: int = 200) -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text, self.status = code, text, status


REFUSALS: dict[Reason, tuple[int, str]] = {
    Reason.UNKNOWN_SYMBOL: (10001, "Not supported symbols"),
    Reason.SYMBOL_CLOSED: (110066, "No trading is allowed at the current time"),
    Reason.SYMBOL_CLOSING: (110023, "Currently you can only reduce your position on this contract"),
    Reason.QUANTITY_NOT_POSITIVE: (10001, "Qty invalid"),
    Reason.QUANTITY_TOO_SMALL: (10001, "The number of contracts below minimum limit allowed"),
    Reason.QUANTITY_TOO_LARGE: (10001, "The number of contracts exceeds maximum limit allowed: too large"),
    Reason.QUANTITY_OFF_STEP: (10001, "Qty invalid"),
    Reason.TOO_PRECISE: (10001, "params error: too many decimals"),
    Reason.PRICE_NOT_POSITIVE: (10001, "Price invalid"),
    Reason.PRICE_OFF_TICK: (10001, "Price invalid"),
    Reason.PRICE_TOO_HIGH: (110003, "Order price exceeds the allowable range: max price {limit}"),
    Reason.PRICE_TOO_LOW: (110003, "Order price exceeds the allowable range: min price {limit}"),
    Reason.NOTIONAL_TOO_SMALL: (110094, "Order does not meet minimum order value {least}USDT"),
    Reason.MARGIN_INSUFFICIENT: (110007, "ab not enough for new order"),
    Reason.DUPLICATE_CLIENT_ID: (110072, "OrderLinkedID is duplicate"),
    Reason.UNKNOWN_ORDER: (110001, "order not exists or too late to cancel"),
    Reason.ORDER_DOES_NOT_EXIST: (110001, "order not exists or too late to replace"),
    Reason.REDUCE_ONLY: (110017, "Reduce-only rule not satisfied"),
    Reason.WOULD_TRIGGER: (110092, "expect Rising, but trigger_price <= current"),
    Reason.WOULD_TAKE: (110032, "EC_PostOnlyWillTakeLiquidity"),
    Reason.WOULD_NOT_FILL: (110032, "EC_NoImmediateQtyToFill"),
    Reason.TOO_MANY_ORDERS: (110020, "Not allowed to have more than 500 active orders"),
    Reason.TOO_MANY_ALGO_ORDERS: (110009, "The number of stop orders exceeds maximum limit allowed"),
    Reason.POSITION_SIDE: (10001, "position idx not match position mode"),
    Reason.REDUCE_ONLY_IN_HEDGE: (10001, "position idx not match position mode"),
    Reason.CLOSE_POSITION_EXISTS: (110060, "Under full TP/SL mode, it is not allowed to modify TP/SL"),
    Reason.CLOSE_POSITION_WITH_QUANTITY: (10001, "params error: Qty not allowed"),
    Reason.CLOSE_POSITION_WITH_REDUCE_ONLY: (10001, "params error: reduceOnly not allowed"),
    Reason.CLOSE_POSITION_TRAILING: (10001, "params error: trailingStop not allowed"),
    Reason.LEVERAGE_INVALID: (110013, "Cannot set leverage [{leverage}] gt maxLeverage by risk limit"),
    Reason.LEVERAGE_TOO_LOW: (110012, "Insufficient available balance"),
    Reason.POSITION_TOO_LARGE: (110090, "Order quantity exceeds the maximum position limit at the current leverage"),
    Reason.MARGIN_MODE_UNCHANGED: (110026, "Cross/isolated margin mode is not modified"),
    Reason.MARGIN_MODE_HAS_ORDERS: (110073, "Set margin mode failed: you have open orders"),
    Reason.MARGIN_MODE_HAS_POSITION: (110073, "Set margin mode failed: you have an existing position"),
    Reason.POSITION_MODE_UNCHANGED: (110025, "Position mode is not modified"),
    Reason.POSITION_MODE_HAS_ORDERS: (110028, "You have existing open orders, so position mode cannot be switched"),
    Reason.POSITION_MODE_HAS_POSITION: (110024, "You have an existing position, so position mode cannot be switched"),
    Reason.NOT_ISOLATED: (110015, "The position is in cross_margin"),
    Reason.AMEND_UNCHANGED: (10001, "The order remains unchanged as the parameters entered match the existing ones."),
    Reason.AMEND_NOT_LIMIT: (110001, "order not exists or too late to replace"),
    Reason.AMEND_TOO_OFTEN: (10001, "The order was modified too often"),
    Reason.LEVERAGE_LESS_WHILE_ISOLATED: (110012, "Insufficient available balance"),
    Reason.ISOLATED_IN_MULTI_ASSETS: (110073, "Set margin mode failed: the account is in multi-assets mode"),
    Reason.MULTI_ASSETS_UNCHANGED: (110025, "Position mode is not modified"),
    Reason.MULTI_ASSETS_HAS_ORDERS: (110028, "You have existing open orders"),
    Reason.MULTI_ASSETS_IS_ISOLATED: (110073, "Set margin mode failed"),
    Reason.CALLBACK_RATE: (10001, "params error: trailingStop invalid"),
    Reason.NO_LIQUIDITY: (110032, "EC_NoImmediateQtyToFill"),
    Reason.REDUCE_ONLY_ALLOWED: (110023, "Currently you can only reduce your position on this contract"),
}


def from_refusal(refusal: Refused) -> BybitError:
    code, text = REFUSALS[refusal.reason]
    return BybitError(code, text.format(**{name: str(value) for name, value in refusal.detail.items()}))


def invalid(name: str) -> BybitError:
    return BybitError(10001, f"params error: {name} invalid")


def envelope(result: object, now_ms: int, code: int = 0, text: str = "OK") -> JsonObject:
    """The form of every answer."""
    return {"retCode": code, "retMsg": text, "result": result, "retExtInfo": {}, "time": now_ms}
