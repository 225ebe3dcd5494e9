"""Limits: what is counted, when it is refused, and when the address is banned."""

import pytest

from venue.binance.errors import WireError
from venue.binance.routes import endpoint_for
from venue.binance.weights import PATIENCE, Limits

NOW = 1_700_000_040_000


def refused(action, *arguments):
    with pytest.raises(WireError) as caught:
        action(*arguments)
    return caught.value


def test_weight_is_counted_each_minute_and_refused_with_the_time_to_wait():
    limits = Limits(weight_limit=10, order_limit=0)
    assert limits.spend("here", 10, NOW) == 10

    error = refused(limits.spend, "here", 1, NOW)

    assert (error.status, error.code) == (429, -1003)
    assert error.retry_after_s is not None
    assert limits.spend("elsewhere", 1, NOW) == 1
    assert limits.spend("here", 1, NOW + 60_000) == 1


def test_who_does_not_listen_is_banned():
    limits = Limits(weight_limit=1, order_limit=0)
    limits.spend("here", 1, NOW)

    errors = [refused(limits.spend, "here", 1, NOW) for _ in range(PATIENCE + 1)]

    assert [e.status for e in errors[-2:]] == [429, 418]
    assert "banned until" in errors[-1].msg
    assert refused(limits.spend, "here", 1, NOW + 60_000).status == 418


def test_orders_are_counted_for_the_account():
    limits = Limits(weight_limit=0, order_limit=8)
    limits.count_order("account-1", NOW, 2)
    assert limits.order_counts("account-1", NOW) == (2, 2)

    error = refused(limits.count_order, "account-1", NOW, 1)

    assert (error.status, error.code) == (429, -1015)
    assert limits.order_counts("account-2", NOW) == (0, 0)


@pytest.mark.parametrize(
    ("method", "path", "params", "weight"),
    [
        ("GET", "/fapi/v1/klines", {"limit": "99"}, 1),
        ("GET", "/fapi/v1/klines", {"limit": "1500"}, 10),
        ("GET", "/fapi/v1/klines", {"limit": "x"}, 5),
        ("GET", "/fapi/v1/openOrders", {}, 40),
        ("GET", "/fapi/v1/openOrders", {"symbol": "BTCUSDT"}, 1),
        ("POST", "/fapi/v1/order", {}, 0),
        ("GET", "/fapi/v2/account", {}, 5),
    ],
)
def test_weights_are_the_exchanges_own(method, path, params, weight):
    assert endpoint_for(method, path).weight(params) == weight
