"""Binance's way to say no: an HTTP status, a code, a text. Every refusal of the core has its line here."""

from venue.core.refusal import Reason, Refused

JsonObject = dict[str, object]


class WireError(Exception):
    """An answer that is an error, exactly as it goes over the wire."""

    def __init__(self, code: int, msg: str, status: int = 400, retry_after_s: int | None = None) -> None:
        super().__init__(f"{status} {code} {msg}")
        self.code, self.msg, self.status, self.retry_after_s = code, msg, status, retry_after_s

    def body(self) -> JsonObject:
        return {"code": self.code, "msg": self.msg}


REFUSALS: dict[Reason, tuple[int, str]] = {
    Reason.UNKNOWN_SYMBOL: (-1121, "Invalid symbol."),
    Reason.SYMBOL_CLOSED: (-4141, "Symbol is closed."),
    Reason.SYMBOL_CLOSING: (-4140, "Invalid symbol status for opening position."),
    Reason.QUANTITY_NOT_POSITIVE: (-4003, "Quantity less than or equal to zero."),
    Reason.QUANTITY_TOO_SMALL: (-4004, "Quantity less than min quantity."),
    Reason.QUANTITY_TOO_LARGE: (-4005, "Quantity greater than max quantity."),
    Reason.QUANTITY_OFF_STEP: (-4023, "Quantity not increased by step size."),
    Reason.TOO_PRECISE: (-1111, "Precision is over the maximum defined for this asset."),
    Reason.PRICE_NOT_POSITIVE: (-4001, "Price less than 0."),
    Reason.PRICE_OFF_TICK: (-4014, "Price not increased by tick size."),
    Reason.PRICE_TOO_HIGH: (-4016, "Limit price can't be higher than {limit}."),
    Reason.PRICE_TOO_LOW: (-4024, "Limit price can't be lower than {limit}."),
    Reason.NOTIONAL_TOO_SMALL: (
        -4164,
        "Order's notional must be no smaller than {least} (unless you choose reduce only).",
    ),
    Reason.MARGIN_INSUFFICIENT: (-2019, "Margin is insufficient."),
    Reason.DUPLICATE_CLIENT_ID: (-4116, "ClientOrderId is duplicated."),
    Reason.UNKNOWN_ORDER: (-2011, "Unknown order sent."),
    Reason.ORDER_DOES_NOT_EXIST: (-2013, "Order does not exist."),
    Reason.REDUCE_ONLY: (-2022, "ReduceOnly Order is rejected."),
    Reason.WOULD_TRIGGER: (-2021, "Order would immediately trigger."),
    Reason.WOULD_TAKE: (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected. "
        "The order will not be recorded in the order history",
    ),
    Reason.WOULD_NOT_FILL: (
        -5021,
        "Due to the order could not be filled immediately, the FOK order has been rejected. "
        "The order will not be recorded in the order history",
    ),
    Reason.TOO_MANY_ORDERS: (-2025, "Reach max open order limit."),
    Reason.TOO_MANY_ALGO_ORDERS: (-4045, "Reach max stop order limit."),
    Reason.POSITION_SIDE: (-4061, "Order's position side does not match user's setting."),
    Reason.REDUCE_ONLY_IN_HEDGE: (-1106, "Parameter 'reduceonly' sent when not required."),
    Reason.CLOSE_POSITION_EXISTS: (
        -4130,
        "An open stop or take profit order with GTE and closePosition in the direction is existing.",
    ),
    Reason.CLOSE_POSITION_WITH_QUANTITY: (-4137, "Quantity must be zero with closePosition equals true."),
    Reason.CLOSE_POSITION_WITH_REDUCE_ONLY: (-4138, "Reduce only must be true."),
    Reason.CLOSE_POSITION_TRAILING: (
        -4136,
        "Target strategy invalid for orderType TRAILING_STOP_MARKET,closePosition true",
    ),
    Reason.LEVERAGE_INVALID: (-4028, "Leverage {leverage} is not valid"),
    Reason.LEVERAGE_TOO_LOW: (-2028, "Leverage is smaller than permitted: insufficient margin balance."),
    Reason.POSITION_TOO_LARGE: (-2027, "Exceeded the maximum allowable position at current leverage."),
    Reason.MARGIN_MODE_UNCHANGED: (-4046, "No need to change margin type."),
    Reason.MARGIN_MODE_HAS_ORDERS: (-4047, "Margin type cannot be changed if there exists open orders."),
    Reason.MARGIN_MODE_HAS_POSITION: (-4048, "Margin type cannot be changed if there exists position."),
    Reason.POSITION_MODE_UNCHANGED: (-4059, "No need to change position side."),
    Reason.POSITION_MODE_HAS_ORDERS: (-4067, "Position side cannot be changed if there exists open orders."),
    Reason.POSITION_MODE_HAS_POSITION: (-4068, "Position side cannot be changed if there exists position."),
    Reason.NOT_ISOLATED: (-4050, "Cross balance insufficient."),
    Reason.AMEND_UNCHANGED: (-5027, "No need to modify the order."),
    Reason.AMEND_NOT_LIMIT: (-5025, "Only limit order is supported."),
    Reason.AMEND_TOO_OFTEN: (-5026, "Exceed maximum modify order limit."),
    Reason.LEVERAGE_LESS_WHILE_ISOLATED: (
        -4161,
        "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
    ),
    Reason.ISOLATED_IN_MULTI_ASSETS: (
        -4168,
        "Unable to adjust to isolated-margin mode under the Multi-Assets mode.",
    ),
    Reason.MULTI_ASSETS_UNCHANGED: (
        -4171,
        "Adjusted asset mode is currently set and does not need to be adjusted repeatedly.",
    ),
    Reason.MULTI_ASSETS_HAS_ORDERS: (
        -4170,
        "Unable to adjust Multi-Assets Mode with open orders in USDⓈ-M Futures.",
    ),
    Reason.MULTI_ASSETS_IS_ISOLATED: (
        -4167,
        "Unable to adjust to Multi-Assets mode with symbols of USDⓈ-M Futures under isolated-margin mode.",
    ),
    Reason.CALLBACK_RATE: (-2007, "Invalid callBack rate"),
    Reason.NO_LIQUIDITY: (-2020, "Unable to fill."),
    Reason.REDUCE_ONLY_ALLOWED: (-4087, "User can only place reduce only order"),
}


NO_PERMISSION = (-2015, "Invalid API-key, IP, or permissions for action.")


def from_refusal(refusal: Refused) -> WireError:
    code, text = REFUSALS[refusal.reason]
    return WireError(code, text.format(**{name: str(value) for name, value in refusal.detail.items()}))


def missing(name: str) -> WireError:
    return WireError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def malformed(name: str) -> WireError:
    return WireError(-1130, f"Data sent for parameter '{name}' is not valid.")


def not_needed(name: str) -> WireError:
    return WireError(-1106, f"Parameter '{name}' sent when not required.")
