"""Funding is in the books once, whatever is told twice and whoever dies; the wallet is explained by it."""

from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import assert_all_agree, holding
from tests.builders import D


def paid(desk: Desk):
    return sum((payment.amount for payment in desk.exchange.funding), D(0))


def test_funding_is_booked_once_however_often_it_is_listed():
    desk = holding()
    desk.exchange.pay_funding(D("0.0001"), desk.now_ns)
    desk.run(30_000)

    assert paid(desk) < 0
    assert desk.book.ledger.funding == paid(desk)
    assert len(desk.book.ledger.seen_payments) == 1
    assert_all_agree(desk)


def test_after_a_crash_nothing_is_booked_again_and_nothing_is_forgotten():
    desk = holding()
    desk.exchange.pay_funding(D("0.0001"), desk.now_ns)
    desk.run(30_000)
    desk.exchange.pay_funding(D("-0.0002"), desk.now_ns)
    desk.boot()
    desk.run(30_000)

    assert len(desk.exchange.funding) == 2
    assert desk.book.ledger.funding == paid(desk)
    assert_all_agree(desk)


def test_what_was_paid_before_the_journal_began_is_in_the_wallet_it_began_with():
    desk = holding()
    desk.exchange.pay_funding(D("0.0001"), 1)
    desk.exchange.wallet.balance -= paid(desk)
    desk.run(30_000)

    assert desk.book.ledger.funding == 0
    assert_all_agree(desk)
