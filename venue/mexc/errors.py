"""MEXC's way to say no: HTTP 200, `success` false, a code, a text. Every refusal of the core has its line here."""

from venue.core.refusal import Reason, Refused

JsonObject = dict[str, object]


class MexcError(Exception):
    """An answer that is an error, exactly as it goes over the wire."""

    def __init__(self, code: int, text: str, status: int = 200) -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text, self.status = code, text, status


QUANTITY = "Order quantity error, please try to modify."
PRECISION = "Price or quantity accuracy error"
NO_ORDER = "order not exist"
NOT_CANCELLABLE = "order state cannot be cancelled"
REFUSALS: dict[Reason, tuple[int, str]] = {
    Reason.UNKNOWN_SYMBOL: (1001, "Contract does not exist!"),
    Reason.SYMBOL_CLOSED: (1002, "Contract not allow place order!"),
    Reason.SYMBOL_CLOSING: (6002, "Open forbidden"),
    Reason.QUANTITY_NOT_POSITIVE: (2011, QUANTITY),
    Reason.QUANTITY_TOO_SMALL: (2011, QUANTITY),
    Reason.QUANTITY_TOO_LARGE: (2028, "The maximum order quantity is exceeded"),
    Reason.QUANTITY_OFF_STEP: (2015, PRECISION),
    Reason.TOO_PRECISE: (2015, PRECISION),
    Reason.PRICE_NOT_POSITIVE: (2007, "Order price error"),
    Reason.PRICE_OFF_TICK: (2015, PRECISION),
    Reason.PRICE_TOO_HIGH: (2003, "Bid price is great than max allow price {limit}"),
    Reason.PRICE_TOO_LOW: (2004, "Ask price is less than min allow price {limit}"),
    Reason.NOTIONAL_TOO_SMALL: (2011, QUANTITY),
    Reason.MARGIN_INSUFFICIENT: (2005, "Insufficient balance!"),
    Reason.DUPLICATE_CLIENT_ID: (603, "Repeated requests"),
    Reason.UNKNOWN_ORDER: (2040, NO_ORDER),
    Reason.ORDER_DOES_NOT_EXIST: (2040, NO_ORDER),
    Reason.REDUCE_ONLY: (2009, "Position is not exists or closed."),
    Reason.WOULD_TRIGGER: (3004, "Trigger price error"),
    Reason.WOULD_TAKE: (2007, "Order price error"),
    Reason.WOULD_NOT_FILL: (2007, "Order price error"),
    Reason.TOO_MANY_ORDERS: (2036, "The orders more than the limit, please contact customer service"),
    Reason.TOO_MANY_ALGO_ORDERS: (2036, "The orders more than the limit, please contact customer service"),
    Reason.POSITION_SIDE: (2022, "Wrong position type"),
    Reason.REDUCE_ONLY_IN_HEDGE: (2022, "Wrong position type"),
    Reason.CLOSE_POSITION_EXISTS: (5003, "Take-profit and stop-loss price setting is wrong"),
    Reason.CLOSE_POSITION_WITH_QUANTITY: (2011, QUANTITY),
    Reason.CLOSE_POSITION_WITH_REDUCE_ONLY: (2001, "Wrong order direction"),
    Reason.CLOSE_POSITION_TRAILING: (2029, "Error order type"),
    Reason.LEVERAGE_INVALID: (2006, "Leverage ratio error"),
    Reason.LEVERAGE_TOO_LOW: (2018, "Exceeding the maximum available margin"),
    Reason.POSITION_TOO_LARGE: (2031, "The allowable holding position exceed the current risk limit"),
    Reason.MARGIN_MODE_UNCHANGED: (2002, "Wrong opening type"),
    Reason.MARGIN_MODE_HAS_ORDERS: (2027, "There is only one cross or isolated in the same direction"),
    Reason.MARGIN_MODE_HAS_POSITION: (2027, "There is only one cross or isolated in the same direction"),
    Reason.POSITION_MODE_UNCHANGED: (600, "Parameter error"),
    Reason.POSITION_MODE_HAS_ORDERS: (2024, "There are active orders, the position mode cannot be changed"),
    Reason.POSITION_MODE_HAS_POSITION: (2019, "There is an active open position"),
    Reason.NOT_ISOLATED: (2018, "Exceeding the maximum available margin"),
    Reason.AMEND_UNCHANGED: (600, "Parameter error"),
    Reason.AMEND_TOO_OFTEN: (2037, "Frequent transactions, please try it later"),
    Reason.AMEND_NOT_LIMIT: (2029, "Error order type"),
    Reason.CALLBACK_RATE: (600, "Parameter error"),
    Reason.NO_LIQUIDITY: (2035, "Unsupported market price tier"),
    Reason.LEVERAGE_LESS_WHILE_ISOLATED: (2006, "Leverage ratio error"),
    # said only of what the other faces can set
    Reason.ISOLATED_IN_MULTI_ASSETS: (2002, "Wrong opening type"),
    Reason.MULTI_ASSETS_UNCHANGED: (600, "Parameter error"),
    Reason.MULTI_ASSETS_HAS_ORDERS: (2024, "There are active orders"),
    Reason.MULTI_ASSETS_IS_ISOLATED: (2002, "Wrong opening type"),
    Reason.REDUCE_ONLY_ALLOWED: (6002, "Open forbidden"),
}


def from_refusal(refusal: Refused) -> MexcError:
    code, text = REFUSALS[refusal.reason]
    return MexcError(code, text.format(**{name: str(value) for name, value in refusal.detail.items()}))


def invalid(name: str) -> MexcError:
    return MexcError(600, f"Parameter error: {name}")


def success(data: object = None) -> JsonObject:
    """The form of every good answer; some say nothing more."""
    return {"success": True, "code": 0} | ({} if data is None else {"data": data})


def failure(code: int, text: str) -> JsonObject:
    return {"success": False, "code": code, "message": text}
