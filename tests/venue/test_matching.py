"""Orders meet the book: what fills, rests, expires, and what is refused."""

from decimal import Decimal

import pytest

from tests.venue.builders import SYMBOL, add_account, exchange
from venue.core.instrument import instrument
from venue.core.matching import amend, cancel
from venue.core.orders import Kind, PositionSide, Side
from venue.core.refusal import Reason, Refused
from venue.core.terms import set_leverage, set_margin_mode, set_position_mode

D = Decimal


def refusal(action, *arguments, **named):
    with pytest.raises(Refused) as caught:
        action(*arguments, **named)
    return caught.value.reason


@pytest.mark.parametrize(
    ("quantity", "price", "reason"),
    [
        ("0", "60000", Reason.QUANTITY_NOT_POSITIVE),
        ("0.0015", "60000", Reason.TOO_PRECISE),
        ("1001", "60000", Reason.QUANTITY_TOO_LARGE),
        ("0.01", "0", Reason.PRICE_NOT_POSITIVE),
        ("0.01", "60000.001", Reason.TOO_PRECISE),
        ("0.01", "60000.05", Reason.PRICE_OFF_TICK),
        ("0.01", "63000.1", Reason.PRICE_TOO_HIGH),
        ("0.001", "60000", Reason.NOTIONAL_TOO_SMALL),
        ("40", "60000", Reason.MARGIN_INSUFFICIENT),
    ],
)
def test_filters_refuse_before_anything_happens(quantity, price, reason):
    venue = exchange()

    assert refusal(venue.limit, "BUY", quantity, price) is reason
    assert (venue.events, venue.account.orders) == ([], {})


def test_a_market_order_walks_the_levels_and_pays_more_the_larger_it_is():
    venue = exchange(level_notional="60000")

    order = venue.market("BUY", "5")

    assert len(venue.account.trades) > 3
    assert order.average_price > D("60000.2")
    assert order.filled_quote == sum(t.price * t.quantity for t in venue.account.trades)


def test_what_was_taken_from_the_book_comes_back_when_the_price_moves():
    venue = exchange(level_notional="60000")
    first = venue.market("BUY", "2").average_price

    assert venue.market("BUY", "2").average_price > first
    venue.move("60000.1", "60000")
    assert venue.market("BUY", "2").average_price == first


def test_immediate_or_cancel_takes_what_there_is_and_expires():
    venue = exchange(level_notional="60000")

    order = venue.limit("BUY", "10", "60000.1", tif="IOC")

    assert order.status == "EXPIRED"
    assert D(0) < order.filled < D(10)
    assert venue.told()[-1] == "order EXPIRED"


def test_fill_or_kill_and_post_only_are_refused_when_they_cannot_be_what_they_say():
    venue = exchange(level_notional="60000")

    assert refusal(venue.limit, "BUY", "10", "60000.1", tif="FOK") is Reason.WOULD_NOT_FILL
    assert refusal(venue.limit, "BUY", "1", "60000.1", tif="GTX") is Reason.WOULD_TAKE
    assert venue.limit("BUY", "1", "60000", tif="GTX").status == "NEW"


def test_a_limit_order_rests_until_the_price_comes_and_fills_at_its_own_price():
    venue = exchange()
    order = venue.limit("SELL", "1", "60100")

    venue.move("60099.9")
    assert order.status == "NEW"
    venue.move("60200")

    assert (order.status, order.average_price) == ("FILLED", D("60100"))


def test_two_accounts_trade_with_each_other_before_the_synthetic_depth():
    venue = exchange()
    other = add_account(venue.floor, "account-2")
    resting = venue.order("SELL", "1", account=other, kind=Kind.LIMIT, price=D("60000.1"))

    taken = venue.market("BUY", "1")

    assert (resting.status, taken.average_price) == ("FILLED", D("60000.1"))
    assert (other.trades[-1].is_maker, venue.account.trades[-1].is_maker) == (True, False)


@pytest.mark.parametrize(
    ("mode", "resting_status", "taken_status"),
    [
        ("EXPIRE_MAKER", "EXPIRED_IN_MATCH", "FILLED"),
        ("EXPIRE_TAKER", "NEW", "EXPIRED_IN_MATCH"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
        ("NONE", "FILLED", "FILLED"),
    ],
)
def test_an_account_trades_with_itself_only_when_it_says_so(mode, resting_status, taken_status):
    venue = exchange()
    resting = venue.limit("SELL", "1", "60000.1")

    taken = venue.market("BUY", "1", self_trade=mode)

    assert (resting.status, taken.status) == (resting_status, taken_status)
    assert venue.amount == (1 if mode == "EXPIRE_MAKER" else 0)
    assert venue.account.open_orders == ({} if resting_status != "NEW" else {resting.order_id: resting})
    assert set(venue.book.resting) == set(venue.account.open_orders)


def test_what_was_taken_comes_back_by_half_while_the_price_stays():
    venue = exchange(level_notional="60000")
    whole = venue.book.depth(Side.BUY, 1)
    venue.market("BUY", format(whole[0][1], "f"))
    seen = [venue.book.depth(Side.BUY, 1)]
    for _ in range(3):
        venue.move("60000")
        seen.append(venue.book.depth(Side.BUY, 1))

    quantities = [levels[0][1] for levels in seen]
    assert seen[0][0][0] == whole[0][0] + venue.book.instrument.tick  # the best level was eaten
    assert quantities[1:] == sorted(quantities[1:])
    assert {levels[0][0] for levels in seen[1:]} == {whole[0][0]}
    assert quantities[3] < whole[0][1]


def test_a_price_that_only_touches_a_large_order_fills_it_in_part_the_oldest_first():
    venue = exchange(level_notional="60000", balance="10000000")
    first = venue.limit("BUY", "4", "59990")
    second = venue.limit("BUY", "4", "59990")

    venue.move("59990")
    touched = first.filled, second.filled
    venue.move("59990.1", "59990")
    again = first.filled, second.filled
    venue.move("59989.9")

    assert 0 < touched[0] < 4
    assert touched[1] == 0
    assert sum(again) == 2 * touched[0]
    assert (first.status, second.status) == ("FILLED", "FILLED")
    assert {t.price for t in venue.account.trades} == {D("59990")}
    assert all(t.is_maker for t in venue.account.trades)


def test_a_client_id_is_unique_among_open_orders_only():
    venue = exchange()
    resting = venue.limit("BUY", "1", "59000", client_order_id="same")

    assert refusal(venue.limit, "BUY", "1", "59000", client_order_id="same") is Reason.DUPLICATE_CLIENT_ID
    cancel(venue.floor, resting)
    assert venue.limit("BUY", "1", "59000", client_order_id="same").status == "NEW"
    venue.market("BUY", "0.01", client_order_id="filled")
    assert venue.market("BUY", "0.01", client_order_id="filled").status == "FILLED"


def test_reduce_only_never_opens():
    venue = exchange()
    assert refusal(venue.market, "SELL", "1", is_reduce_only=True) is Reason.REDUCE_ONLY
    venue.market("BUY", "1")
    assert refusal(venue.market, "BUY", "1", is_reduce_only=True) is Reason.REDUCE_ONLY

    order = venue.market("SELL", "3", is_reduce_only=True)

    assert (order.filled, order.status, venue.amount) == (D(1), "EXPIRED", D(0))


def test_resting_reduce_only_orders_go_when_the_position_is_gone():
    venue = exchange()
    venue.market("BUY", "1")
    take_profit = venue.limit("SELL", "1", "61000", is_reduce_only=True)

    venue.market("SELL", "1")

    assert take_profit.status == "EXPIRED"


def test_cancel_and_amend():
    venue = exchange()
    order = venue.limit("BUY", "1", "59000")

    amend(venue.floor, order, D("2"), D("59500"))
    assert (order.quantity, order.price, venue.told()[-1]) == (D(2), D("59500"), "order AMENDMENT")
    assert refusal(amend, venue.floor, order, D("2"), D("59500")) is Reason.AMEND_UNCHANGED
    cancel(venue.floor, order)
    assert refusal(cancel, venue.floor, order) is Reason.UNKNOWN_ORDER
    assert refusal(amend, venue.floor, order, D("1"), D("59000")) is Reason.ORDER_DOES_NOT_EXIST


def test_working_orders_bind_margin_and_reducing_ones_do_not():
    venue = exchange(balance="1000")
    set_leverage(venue.floor, venue.account, SYMBOL, 10)
    venue.limit("BUY", "0.1", "59000")
    assert refusal(venue.limit, "BUY", "0.1", "59000") is Reason.MARGIN_INSUFFICIENT
    venue.move("58999.9")

    assert venue.limit("SELL", "0.1", "61000").status == "NEW"


def test_a_high_leverage_allows_only_small_positions():
    venue = exchange(balance="10000000")
    set_leverage(venue.floor, venue.account, SYMBOL, 125)

    assert refusal(venue.market, "BUY", "1") is Reason.POSITION_TOO_LARGE
    assert refusal(set_leverage, venue.floor, venue.account, SYMBOL, 126) is Reason.LEVERAGE_INVALID


def test_modes_change_only_when_flat_and_without_orders():
    venue = exchange()
    assert refusal(set_position_mode, venue.account, False) is Reason.POSITION_MODE_UNCHANGED
    assert refusal(set_margin_mode, venue.floor, venue.account, SYMBOL, False) is Reason.MARGIN_MODE_UNCHANGED
    venue.limit("BUY", "1", "59000")
    assert refusal(set_position_mode, venue.account, True) is Reason.POSITION_MODE_HAS_ORDERS


def test_hedge_mode_holds_both_sides_at_once():
    venue = exchange()
    set_position_mode(venue.account, True)
    assert refusal(venue.market, "BUY", "1") is Reason.POSITION_SIDE
    venue.market("BUY", "1", position_side=PositionSide.LONG)
    venue.market("SELL", "2", position_side=PositionSide.SHORT)

    held = {p.side: p.amount for p in venue.account.held()}
    assert held == {"LONG": D(1), "SHORT": D(-2)}
    assert refusal(venue.market, "SELL", "2", position_side=PositionSide.LONG) is Reason.REDUCE_ONLY
    venue.market("SELL", "1", position_side=PositionSide.LONG)
    assert [p.side for p in venue.account.held()] == ["SHORT"]


def test_an_account_that_lost_its_margin_is_liquidated_and_owes_nothing():
    venue = exchange(balance="10000")
    venue.market("BUY", "3")

    venue.move("50000")

    assert venue.amount == 0
    assert venue.account.orders[max(venue.account.orders)].request.client_order_id.startswith("autoclose-")
    assert D(0) <= venue.account.wallet < D(1000)


def test_an_isolated_position_risks_only_its_own_margin():
    venue = exchange(balance="100000")
    set_margin_mode(venue.floor, venue.account, SYMBOL, True)
    venue.market("BUY", "1")
    assert venue.account.position(SYMBOL).isolated_wallet == D("3000.005")

    venue.move("55000")

    assert venue.amount == 0
    assert venue.account.wallet > D("96000")


def test_brackets_keep_maintenance_continuous():
    traded = instrument(SYMBOL)
    for before, after in zip(traded.brackets, traded.brackets[1:], strict=False):
        cap = before.notional_cap
        assert cap * before.maintenance_rate - before.cumulative == cap * after.maintenance_rate - after.cumulative
