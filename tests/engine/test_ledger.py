"""Position and ledger: exact, whatever the split and the order of the fills; money is conserved."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import ledger as ledgers
from engine import position as positions
from engine.errors import InvariantViolated
from engine.ledger import Ledger
from engine.messages.funding import FundingPayment
from engine.position import Position
from tests.builders import BTC, D, a_fill

lots = st.integers(1, 500).map(lambda n: D(n) / 1_000)
prices = st.integers(300_000, 500_000).map(lambda ticks: D(ticks) / 10)
executions = st.lists(st.tuples(st.sampled_from([1, -1]), lots, prices), max_size=25)


def fills_of(made):
    return [
        a_fill(str(n), sign=sign, quantity=quantity, price=price, fee=quantity * price / 2_000)
        for n, (sign, quantity, price) in enumerate(made)
    ]


def ledger_after(fills):
    ledger = Ledger(starting_equity=D(10_000))
    for fill in fills:
        ledger = ledgers.after(ledger, fill)
    return ledger


def cash_flow(fills):
    return sum((-fill.sign * fill.quantity * fill.price - fill.fee for fill in fills), Decimal(0))


@given(executions)
def test_what_is_held_is_the_sum_of_what_was_traded(made):
    fills = fills_of(made)

    assert ledger_after(fills).position.quantity == sum((f.sign * f.quantity for f in fills), Decimal(0))


@given(executions, prices)
def test_money_is_conserved(made, mark):
    """Equity is what came in and went out, plus what the position is worth now: to the 20th digit."""
    fills = fills_of(made)
    ledger = ledger_after(fills)

    worth = D(10_000) + cash_flow(fills) + ledger.position.quantity * mark

    assert abs(ledgers.equity(ledger, mark) - worth) < D("1e-18")


@given(st.lists(st.tuples(lots, prices), min_size=1, max_size=8), prices, st.randoms())
def test_a_round_trip_earns_the_same_however_its_fills_are_cut_and_shuffled(entries, exit_price, chance):
    total = sum(quantity for quantity, _ in entries)
    bought = [a_fill(str(n), quantity=q, price=p, fee=D(0)) for n, (q, p) in enumerate(entries)]
    shuffled = list(bought)
    chance.shuffle(shuffled)
    out = a_fill("out", sign=-1, quantity=total, price=exit_price, fee=D(0))

    once, again = ledger_after([*bought, out]), ledger_after([*shuffled, out])

    assert once.realised_profit == again.realised_profit == sum(q * (exit_price - p) for q, p in entries)
    assert once.position.is_flat


@given(lots, prices, lots, prices)
def test_a_fill_beyond_the_position_turns_it_round_at_its_own_price(held, entry, beyond, price):
    long = Position(quantity=held, cost=held * entry)

    turned, profit = positions.after_fill(long, a_fill(sign=-1, quantity=held + beyond, price=price))

    assert turned.quantity == -beyond
    assert turned.entry_price == price
    assert profit == held * (price - entry)


def test_a_short_earns_when_the_price_falls():
    ledger = ledger_after(
        [
            a_fill("1", sign=-1, quantity=D("0.5"), price=D(40_000), fee=D(10)),
            a_fill("2", sign=1, quantity=D("0.5"), price=D(39_000), fee=D(10)),
        ]
    )

    assert ledger.realised_profit == 500
    assert ledger.fees == 20
    assert ledger.wallet_balance == 10_480


def test_a_flat_position_has_no_entry_price_and_no_direction():
    assert Position().entry_price is None
    assert Position().direction == 0
    assert Position(quantity=D(-1), cost=D(-5)).direction == -1


def test_without_a_mark_equity_is_the_wallet():
    ledger = ledger_after([a_fill()])

    assert ledgers.equity(ledger, None) == D(9_998)
    assert ledgers.equity(ledger, D(41_000)) == D(10_098)


# --- funding, and money in other currencies --------------------------------------------------------------------------


@pytest.mark.parametrize(("quantity", "used"), [(D("0.1"), D(800)), (D(0), D(0))])
def test_margin_used_is_what_was_paid_for_the_position_over_the_leverage(quantity, used):
    held = Ledger(starting_equity=D(10_000), position=Position(quantity=-quantity, cost=-quantity * 40_000))

    assert ledgers.margin_used(held, 5) == used


def a_payment(payment_id: str = "f1", amount: str | Decimal = "-1.5", asset: str = "USDT") -> FundingPayment:
    return FundingPayment(
        payment_id=payment_id, symbol="BTC/USDT:USDT", amount=D(amount), asset=asset, occurred_at_ns=1
    )


payments = st.lists(st.integers(-10_000, 10_000).map(lambda n: D(n) / 10_000_000), max_size=12)


LAST_DIGITS = D("1e-20")  # the average price of several fills may have no end; sums of 28 digits differ in the last


@given(executions, payments, st.randoms())
def test_the_wallet_is_start_plus_profit_less_fees_plus_funding_in_whatever_order_they_come(made, paid, chance):
    happened = [*fills_of(made), *(a_payment(f"f{n}", amount) for n, amount in enumerate(paid))]
    funding = [one for one in happened if isinstance(one, FundingPayment)]
    chance.shuffle(funding)
    ledger = ledger_after(fills_of(made))

    for payment in funding:
        ledger = ledgers.after_funding(ledger, payment)

    left = ledger.wallet_balance - (D(10_000) + ledger.realised_profit - ledger.fees + ledger.funding)
    assert ledger.funding == sum(paid, Decimal(0))
    assert abs(left) < LAST_DIGITS


def test_a_payment_booked_twice_is_a_defect():
    ledger = ledgers.after_funding(Ledger(starting_equity=D(10_000)), a_payment())

    with pytest.raises(InvariantViolated, match="funding f1 twice"):
        ledgers.after_funding(ledger, a_payment())


def test_what_is_paid_in_another_asset_is_kept_apart_under_its_name_and_leaves_the_wallet_alone():
    ledger = ledgers.opened(D(10_000), BTC)

    ledger = ledgers.after(ledger, a_fill("1", fee=D("0.003"), fee_asset="BNB"))
    ledger = ledgers.after(ledger, a_fill("2", fee=D("0.002"), fee_asset="BNB"))
    ledger = ledgers.after_funding(ledger, a_payment("f1", D("-0.5"), "USDC"))

    assert dict(ledger.elsewhere) == {"BNB": D("-0.005"), "USDC": D("-0.5")}
    assert (ledger.fees, ledger.funding, ledger.wallet_balance) == (0, 0, D(10_000))
