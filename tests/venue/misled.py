"""An order under a request fault, whatever the dialect: what its sender is told."""

import time
from typing import Any

import pytest

from tests.venue.processes import VenueProcess

S = "BTC/USDT:USDT"


async def order_under(fault: dict[str, Any], aim: str, error: type[Exception], exchange: Any, venue: VenueProcess,
                      amount: float) -> str:  # fmt: skip
    """The name of a market order that met `fault` at the path `aim`, whose sender saw `error`; the venue noted it."""
    name = f"fault-{time.time_ns()}"
    target = {"method": "POST", "endpoint": aim, "client_id": name}
    venue.control("POST", "faults", {"symbol": "BTCUSDT", **fault, **target})
    exchange.timeout = 500

    with pytest.raises(error):
        await exchange.create_order(S, "market", "buy", amount, None, {"clientOrderId": name})

    exchange.timeout = 10_000
    assert [r["fault"] for r in venue.truth(kind="fault", client_id=name)] == [fault["kind"]]
    return name
