"""Funding: who pays whom, and when."""

from decimal import Decimal

from tests.venue.builders import exchange
from venue.build import build
from venue.core.funding import is_due, next_funding_ms, settle_funding
from venue.settings import read_settings

D = Decimal
HOUR_MS = 3_600_000


def test_longs_pay_shorts_when_the_rate_is_positive():
    venue = exchange()
    venue.market("BUY", "1")
    before = venue.account.wallet

    settle_funding(venue.floor, D("0.0001"))
    assert venue.account.wallet == before - D(6)
    settle_funding(venue.floor, D("-0.0001"))

    assert (venue.account.wallet, venue.account.funding) == (before, D(0))
    assert [i.kind for i in venue.account.incomes[-2:]] == ["FUNDING_FEE", "FUNDING_FEE"]


def test_it_is_due_every_eight_hours_of_market_time():
    assert [hour for hour in range(25) if is_due(hour * HOUR_MS)] == [0, 8, 16, 24]
    assert next_funding_ms(8 * HOUR_MS) == 16 * HOUR_MS


def test_the_market_pays_it_only_when_asked_to():
    for rate, paid in (("0", 0), ("0.0001", 2)):
        venue = build(read_settings(["--history", "5", "--funding-rate", rate]))
        account = venue.floor.accounts["account-1"]
        account.position("BTCUSDT").amount = D(1)
        for _ in range(1000):
            venue.market.finish_minute()

        assert len(account.incomes) == paid
