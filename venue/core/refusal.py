"""Why the exchange says no. A dialect turns each reason into its own code and text.

A refusal is raised before anything was changed, so whoever catches it has nothing to undo.
"""

from enum import StrEnum, auto


class Reason(StrEnum):
    UNKNOWN_SYMBOL = auto()
    SYMBOL_CLOSED = auto()
    SYMBOL_CLOSING = auto()
    QUANTITY_NOT_POSITIVE = auto()
    QUANTITY_TOO_SMALL = auto()
    QUANTITY_TOO_LARGE = auto()
    QUANTITY_OFF_STEP = auto()
    TOO_PRECISE = auto()
    PRICE_NOT_POSITIVE = auto()
    PRICE_OFF_TICK = auto()
    PRICE_TOO_HIGH = auto()
    PRICE_TOO_LOW = auto()
    NOTIONAL_TOO_SMALL = auto()
    MARGIN_INSUFFICIENT = auto()
    DUPLICATE_CLIENT_ID = auto()
    UNKNOWN_ORDER = auto()
    ORDER_DOES_NOT_EXIST = auto()
    REDUCE_ONLY = auto()
    WOULD_TRIGGER = auto()
    WOULD_TAKE = auto()
    WOULD_NOT_FILL = auto()
    TOO_MANY_ORDERS = auto()
    TOO_MANY_ALGO_ORDERS = auto()
    POSITION_SIDE = auto()
    REDUCE_ONLY_IN_HEDGE = auto()
    CLOSE_POSITION_EXISTS = auto()
    CLOSE_POSITION_WITH_QUANTITY = auto()
    CLOSE_POSITION_WITH_REDUCE_ONLY = auto()
    CLOSE_POSITION_TRAILING = auto()
    LEVERAGE_INVALID = auto()
    LEVERAGE_TOO_LOW = auto()
    POSITION_TOO_LARGE = auto()
    MARGIN_MODE_UNCHANGED = auto()
    MARGIN_MODE_HAS_ORDERS = auto()
    MARGIN_MODE_HAS_POSITION = auto()
    POSITION_MODE_UNCHANGED = auto()
    POSITION_MODE_HAS_ORDERS = auto()
    POSITION_MODE_HAS_POSITION = auto()
    NOT_ISOLATED = auto()
    AMEND_UNCHANGED = auto()
    AMEND_NOT_LIMIT = auto()
    AMEND_TOO_OFTEN = auto()
    LEVERAGE_LESS_WHILE_ISOLATED = auto()
    ISOLATED_IN_MULTI_ASSETS = auto()
    MULTI_ASSETS_UNCHANGED = auto()
    MULTI_ASSETS_HAS_ORDERS = auto()
    MULTI_ASSETS_IS_ISOLATED = auto()
    CALLBACK_RATE = auto()
    NO_LIQUIDITY = auto()
    REDUCE_ONLY_ALLOWED = auto()


class Refused(Exception):
    """The exchange refuses: `reason`, and the figures its text needs."""

    def __init__(self, reason: Reason, **detail: object) -> None:
        super().__init__(f"{reason} {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail
