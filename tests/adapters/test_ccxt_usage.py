"""What an exchange's headers say of our use of its limits: in the windows in which the rate limiter counts."""

from __future__ import annotations

from adapters.ccxt.access import Access
from adapters.ccxt.connection import Connection
from adapters.ccxt.dialects.binance import used
from engine.messages.exchange import UsageObserved

SECOND = 1_000_000_000
ORDER_ANSWER = {"x-mbx-used-weight-1m": "50", "x-mbx-order-count-10s": "7", "x-mbx-order-count-1m": "40"}
READ_ANSWER = {"x-mbx-used-weight-1m": "51"}


def test_orders_are_told_of_ten_seconds_and_not_of_the_minute():
    """The minute's count was once held against the limit of ten seconds: no order was granted for the rest of it."""
    assert used(ORDER_ANSWER) == (50, 7)
    assert used({}) == (None, None)


def test_the_order_count_is_repeated_within_its_window_and_not_beyond():
    now, told = [103 * SECOND], list[UsageObserved]()
    access = Access(exchange="binanceusdm", environment="local", redirect_to="http://127.0.0.1:1")
    connection = Connection(access, told.append, lambda: now[0])

    connection._tell_usage(ORDER_ANSWER)
    now[0] = 110 * SECOND - 1
    connection._tell_usage(READ_ANSWER)
    now[0] = 110 * SECOND
    connection._tell_usage(READ_ANSWER)

    assert [one.order_count for one in told] == [7, 7, 0]
