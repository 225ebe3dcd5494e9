"""Fill: one execution of one order, as the exchange reported it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

ADOPTED = "adopted-"  # so begins the id of an execution nobody told of, which a person confirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """`trade_id` is the exchange's and makes a repeated report recognisable; `sign` is +1 bought, -1 sold.

    `fee` is in `fee_asset`, positive when paid. `client_order_id` may be empty where the exchange does not repeat it;
    then `venue_order_id` says whose fill it is. `is_liquidation` when the exchange itself closed the position by force.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - read by pydantic, never changed

    trade_id: str
    symbol: str
    venue_order_id: str
    client_order_id: str
    sign: int
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    occurred_at_ns: int
    is_liquidation: bool = False
