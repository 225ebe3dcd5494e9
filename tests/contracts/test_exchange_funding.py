"""Funding: paid while market time jumps over funding times; the ledger of what was told explains the wallet exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from local_exchange import LocalExchange
from order_builders import a_stop, an_entry, an_exit, away, place, snapshot
from simulated_subject import SIMULATED, SimulatedSubject
from subjects import Subject

from engine import ledger as ledgers
from engine.ledger import Ledger
from engine.order import Side

pytestmark = pytest.mark.processes
SIMULATED_TOO = True
EIGHT_HOURS = 480  # candles
START = Decimal(100_000)


@pytest.fixture(scope="module")
def paying_exchange(tmp_path_factory):
    exchange = LocalExchange(
        tmp_path_factory.mktemp("funding"), "--funding-rate", "0.0001", "--weight-limit", "0", "--order-limit", "0"
    )
    exchange.control("POST", "pause")
    yield exchange
    exchange.stop()


@pytest.fixture
async def holder(request, face):
    if face is SIMULATED:
        yield SimulatedSubject()
        return
    made = await Subject(request.getfixturevalue("paying_exchange"), face).prepared()
    yield made
    await made.exchange.close()


@pytest.fixture
def paying(holder):
    """The exchange that `holder` trades at."""
    return holder.venue


def booked(seen):
    """The ledger of everything a snapshot tells."""
    ledger = Ledger(starting_equity=START, settlement="USDT")
    for fill in seen.fills:
        ledger = ledgers.after(ledger, fill)
    for payment in seen.funding:
        ledger = ledgers.after_funding(ledger, payment)
    return ledger


async def test_start_plus_profit_less_fees_plus_funding_is_the_wallet_to_the_last_unit(holder, paying):
    await holder.perform(place(an_entry(quantity=Decimal("0.013"))))
    await snapshot(holder)  # nothing is paid yet, and that was read
    for _ in range(3):
        paying.control("POST", "jump", candles=EIGHT_HOURS)
    await holder.perform(place(an_entry(quantity=Decimal("0.007"))))
    paying.control("POST", "jump", candles=EIGHT_HOURS)
    held = await snapshot(holder)
    await holder.perform(place(an_exit(quantity=Decimal("0.020"))))

    seen, real = await snapshot(holder), holder.truth()
    ledger = booked(seen)

    assert len(held.funding) == len(seen.funding) == 4
    assert ledger.funding == Decimal(real["funding"]) < 0
    assert (ledger.fees, ledger.realised_profit) == (Decimal(real["fees"]), Decimal(real["realized_pnl"]))
    assert ledger.wallet_balance == Decimal(real["balance"]) == seen.wallet_balance
    assert ledger.position.is_flat


async def test_what_is_listed_again_has_the_same_names(holder, paying):
    await holder.perform(place(an_entry()))
    paying.control("POST", "jump", candles=EIGHT_HOURS)

    first, second = (await snapshot(holder)).funding, (await snapshot(holder)).funding

    assert first == second
    assert {payment.asset for payment in first} == {"USDT"}


@pytest.mark.over_a_network
async def test_other_accounts_see_no_funding_of_ours(holder, paying, face):
    await holder.perform(place(an_entry()))
    paying.control("POST", "jump", candles=EIGHT_HOURS)
    other = await Subject(paying, face).prepared()

    assert (await snapshot(other)).funding == ()
    await other.exchange.close()


async def test_shorts_are_paid(holder, paying):
    await holder.perform(place(an_entry(side=Side.SELL)))
    paying.control("POST", "jump", candles=EIGHT_HOURS)

    [payment] = (await snapshot(holder)).funding

    assert payment.amount > 0
    assert payment.amount == Decimal(holder.truth()["funding"])


@pytest.mark.parametrize("face", ["binanceusdm"], indirect=True)  # at Bybit funding comes with the executions
@pytest.mark.parametrize("long_ago", ["_changed_at_ns", "_passed_at_ns"])
async def test_unless_the_wallet_changed_near_a_funding_time_the_dear_list_is_not_asked(holder, paying, long_ago):
    """The wallet changed long ago, or the last funding time was; one of the two is enough."""
    await holder.perform(place(an_entry()))
    await holder.perform(place(a_stop(away((await snapshot(holder)).mark_price, "0.5"))))
    dialect = await holder.exchange._connection.dialect()
    setattr(dialect._funding, long_ago, 0)

    before = asked(paying, holder.account, "/fapi/v1/income")
    await snapshot(holder)

    assert asked(paying, holder.account, "/fapi/v1/income") == before


@pytest.mark.parametrize("face", ["binanceusdm"], indirect=True)
async def test_who_holds_nothing_asks_for_the_dear_list_once(holder, paying):
    for _ in range(3):
        assert (await snapshot(holder)).funding == ()
        paying.control("POST", "jump", candles=EIGHT_HOURS)

    assert asked(paying, holder.account, "/fapi/v1/income") == 1


def asked(venue, account, path):
    records = venue.control("GET", f"truth?kind=request&account={account}&limit=1000")["records"]
    return sum(request["path"] == path for request in records)
