"""Money: what fills do to positions, fees and wallets, to the last unit."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.venue.builders import SYMBOL, exchange
from venue.core.account import after_fill

D = Decimal
FILLS = st.lists(
    st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 300), st.integers(590_000, 610_000)),
    min_size=1,
    max_size=12,
)


def test_a_market_buy_pays_the_ask_and_the_taker_fee():
    venue = exchange()

    order = venue.market("BUY", "0.5")

    assert (order.status, order.filled, order.average_price) == ("FILLED", D("0.5"), D("60000.1"))
    assert venue.account.wallet == D("100000") - D("15.000025")
    assert venue.account.position(SYMBOL).entry_price == D("60000.1")


def test_a_resting_order_pays_the_maker_fee_at_its_own_price():
    venue = exchange()
    venue.limit("BUY", "1", "59990")

    venue.move("59980")

    assert venue.account.trades[-1].price == D("59990")
    assert venue.account.wallet == D("100000") - D("59990") * D("0.0002")


def test_closing_realizes_the_difference_and_flipping_opens_the_rest_at_the_new_price():
    assert after_fill(D(2), D(100), D(-1), D(110)) == (D(1), D(100), D(10))
    assert after_fill(D(2), D(100), D(-3), D(110)) == (D(-1), D(110), D(20))
    assert after_fill(D(-2), D(100), D(2), D(90)) == (D(0), D(0), D(20))
    assert after_fill(D(1), D(100), D(3), D(120)) == (D(4), D(115), D(0))


@given(FILLS)
def test_the_wallet_is_what_was_realized_less_fees_whatever_was_traded(fills):
    venue = exchange(balance="100000000")
    for side, thousandths, tenths in fills:
        venue.move(str(D(tenths) / 10), is_gap=True)
        venue.market(side, str(D(thousandths) / 1000 + D("0.001")))

    account = venue.account
    realized = sum((t.realized_pnl for t in account.trades), D(0))
    fees = sum((t.fee for t in account.trades), D(0))

    assert account.wallet == D("100000000") + realized - fees
    assert sum((i.amount for i in account.incomes), D(0)) == realized - fees
    assert venue.amount == sum((t.quantity * t.side.sign for t in account.trades), D(0))


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=8), st.integers(1, 10**7))
def test_a_position_is_the_same_however_its_fill_was_split(parts, tenths):
    price, whole, split = D(tenths) / 10, D(sum(parts)) / 1000, (D(0), D(0))

    for part in parts:
        split = after_fill(*split, D(part) / 1000, price)[:2]

    assert split == after_fill(D(0), D(0), whole, price)[:2]


def test_break_even_covers_the_fee():
    venue = exchange()
    venue.market("BUY", "1")

    position = venue.account.position(SYMBOL)

    assert position.break_even_price == D("60000.1") + D("30.00005")
