"""The plan, rule by rule: given a book, what is placed, cancelled, looked up and said."""

from dataclasses import replace

import pytest

from engine.messages import events as ev
from engine.order import OrderKind, OrderStatus, Side
from engine.plan import Plan
from engine.safety.breaker import Breaker, Level
from tests.builders import MS, NOW_NS, D, a_fill, accepted, an_order, filled, folded, intended, opened
from tests.engine.planning import EXIT, LIMITS, STOP, TARGET, moved_to, planned, refused, the_stop, with_stop


def test_with_nothing_to_do_nothing_is_done():
    assert planned(folded([])) == Plan()
    assert planned(with_stop()) == Plan()


def test_an_open_position_gets_a_stop_and_a_target_that_only_reduce():
    made = planned(folded(opened(390_000, 410_000))).place

    assert [(o.purpose, o.kind, o.side, o.quantity, o.trigger_price) for o in made] == [
        (STOP, OrderKind.STOP_MARKET, Side.SELL, D("0.1"), D(39_000)),
        (TARGET, OrderKind.TAKE_PROFIT_MARKET, Side.SELL, D("0.1"), D(41_000)),
    ]
    assert all(order.is_reduce_only and order.trade_number == 1 for order in made)


def test_a_play_without_protection_gets_none():
    assert planned(folded(opened(0, 0))).place == ()


@pytest.mark.parametrize("status", [OrderStatus.INTENDED, OrderStatus.UNKNOWN])
def test_while_a_stop_is_on_its_way_no_second_is_made(status):
    book = folded([*opened(), intended(the_stop())])
    book = replace(book, orders={**book.orders, "stop": replace(book.orders["stop"], status=status)})

    assert planned(book, placing={"stop": NOW_NS}).place == ()


def test_d4_a_stop_for_another_quantity_is_replaced():
    more = replace(a_fill("2", "entry2"), quantity=D("0.05"))
    book = folded([intended(an_order("entry2")), filled(more)], book=with_stop())

    assert [(o.purpose, o.quantity) for o in planned(book).place] == [(STOP, D("0.15"))]


def test_who_does_not_hear_what_becomes_of_orders_takes_no_old_stop_away_and_lets_few_pile_up():
    """The new one may have met its trigger since, and have filled in part only (simulated seed 105)."""
    names = ["new", "newer"]
    moved = [event for name in names for event in (intended(the_stop(name)), accepted(name))]
    book = folded([*moved, moved_to(395_000)], book=with_stop())
    late_ms = LIMITS.stop_move_interval_ms

    assert planned(book, after_ms=late_ms, hears=False) == Plan()
    heard = planned(book, after_ms=late_ms)
    assert [order.client_order_id for order in heard.cancel] == ["stop", "new"]
    assert [order.trigger_price for order in heard.place] == [D(39_500)]


def test_d5_the_old_stop_goes_only_when_the_new_one_rests():
    both = folded([intended(the_stop("new"))], book=with_stop())
    assert planned(both, placing={"new": NOW_NS}).cancel == ()

    assert [o.client_order_id for o in planned(folded([accepted("new")], book=both)).cancel] == ["stop"]


def test_a_newer_stop_whose_fate_is_in_doubt_replaces_nothing():
    both = folded([intended(the_stop("new")), accepted("new")], book=with_stop())

    assert planned(both, doubted=frozenset({"new"})).cancel == ()
    assert len(planned(both).cancel) == 1


def test_d7_a_moved_stop_waits_for_its_minimum_interval():
    book = folded([moved_to(395_000)], book=with_stop())

    assert planned(book, after_ms=LIMITS.stop_move_interval_ms - 1).place == ()
    assert [o.trigger_price for o in planned(book, after_ms=LIMITS.stop_move_interval_ms).place] == [D(39_500)]


def test_it_is_said_once_when_the_position_is_protected_and_how_long_it_was_not():
    book = folded([*opened(), intended(the_stop()), accepted("stop")])

    said = planned(book, after_ms=700).events

    assert said == (ev.PositionProtected(trade_number=1, stop_price=D(39_000), naked_ns=700 * MS),)
    assert planned(folded(said, book=book), after_ms=900).events == ()


def test_a_stop_for_less_than_the_position_does_not_count_as_protection():
    book = folded([*opened(), intended(the_stop(quantity=D("0.05"))), accepted("stop")])

    assert planned(book).events == ()


@pytest.mark.parametrize(("after_ms", "leaves"), [(LIMITS.naked_limit_ms - 1, False), (LIMITS.naked_limit_ms, True)])
def test_naked_for_too_long_is_left(after_ms, leaves):
    said = planned(folded(opened()), after_ms=after_ms).events

    assert (said == (ev.ExitWanted(reason="emergency_exit"),)) is leaves


def half_covered(last: OrderStatus):
    """A stop rests for 0.05 of 0.1; the one for all of it is on its way, or nobody knows of it."""
    said = [intended(the_stop("half", quantity=D("0.05"))), accepted("half"), intended(the_stop("whole"))]
    if last is OrderStatus.UNKNOWN:
        said.append(ev.OrderBecameUnknown(client_order_id="whole", text=""))
    if last is OrderStatus.ACCEPTED:
        said.append(accepted("whole"))
    protected = ev.PositionProtected(trade_number=1, stop_price=D(39_000), naked_ns=0)
    return folded([*opened(), said[0], said[1], protected, *said[2:]])


@pytest.mark.parametrize(
    ("last", "leaves"), [(OrderStatus.INTENDED, True), (OrderStatus.UNKNOWN, True), (OrderStatus.ACCEPTED, False)]
)
def test_a_position_that_is_covered_in_part_for_too_long_is_left(last, leaves):
    """Executors that died again and again never came to learn of the new stop (seed 7222)."""
    before, after = LIMITS.naked_limit_ms - 1, LIMITS.naked_limit_ms
    left = ev.ExitWanted(reason="emergency_exit")

    assert left not in planned(half_covered(last), placing={"whole": NOW_NS}, after_ms=before).events
    assert (left in planned(half_covered(last), placing={"whole": NOW_NS}, after_ms=after).events) is leaves


def test_a_refused_stop_is_tried_again_after_a_pause_and_given_up_after_three():
    once = folded([*opened(), *refused("s1")])
    assert planned(once, after_ms=LIMITS.exit_retry_ms - 1).place == ()
    assert [o.purpose for o in planned(once, after_ms=LIMITS.exit_retry_ms).place] == [STOP]

    thrice = folded([*opened(), *refused("s1"), *refused("s2"), *refused("s3")])
    assert planned(thrice).events == (ev.ExitWanted(reason="emergency_exit"),)


def test_a_target_refused_three_times_is_done_without():
    book = folded(
        [*refused("t1", TARGET), *refused("t2", TARGET), *refused("t3", TARGET)], book=folded(opened(0, 410_000))
    )

    made = planned(book, after_ms=2_000)

    assert made.place == ()


def test_a_triggered_stop_that_does_not_fill_is_helped():
    book = folded([ev.OrderTriggered(client_order_id="stop", venue_order_id="9")], book=with_stop())

    assert planned(book, after_ms=LIMITS.trigger_stuck_ms - 1).events == ()
    assert planned(book, after_ms=LIMITS.trigger_stuck_ms).events == (ev.ExitWanted(reason="emergency_exit"),)


def test_flat_means_no_protective_order_stays():
    book = with_stop()
    closed = folded([intended(an_order("x", EXIT)), filled(a_fill("2", "x", sign=-1))], book=book)

    assert [o.client_order_id for o in planned(closed).cancel] == ["stop"]
    assert planned(closed, cancelling={"stop": NOW_NS}, after_ms=LIMITS.exit_retry_ms - 1).cancel == ()
    assert len(planned(closed, cancelling={"stop": NOW_NS}, after_ms=LIMITS.exit_retry_ms).cancel) == 1
    assert planned(closed, doubted=frozenset({"stop"})).cancel == ()


def test_a_request_nobody_answers_becomes_unknown_and_is_asked_for():
    book = folded([intended(an_order())])

    assert planned(book, placing={"entry": NOW_NS}, after_ms=LIMITS.order_answer_ms - 1).events == ()
    said = planned(book, placing={"entry": NOW_NS}, after_ms=LIMITS.order_answer_ms).events
    assert [type(e) for e in said] == [ev.OrderBecameUnknown]
    assert planned(book).events == (ev.OrderBecameUnknown(client_order_id="entry", text="no answer"),)

    unknown = folded(said, book=book)
    assert [o.client_order_id for o in planned(unknown).find] == ["entry"]


def test_an_unknown_order_is_asked_for_again_but_not_at_the_speed_of_the_network():
    book = folded([intended(an_order()), ev.OrderBecameUnknown(client_order_id="entry", text="")])

    assert planned(book, finding={"entry": NOW_NS}, after_ms=LIMITS.resolve_every_ms - 1).find == ()
    assert len(planned(book, finding={"entry": NOW_NS}, after_ms=LIMITS.resolve_every_ms).find) == 1


@pytest.mark.parametrize(("times", "pause_ms"), [(1, 500), (2, 500), (3, 2_000), (20, 2_000)])
def test_what_is_not_found_again_and_again_is_asked_for_more_rarely(times, pause_ms):
    """Eight lost exits, asked for twice a second, took the weight of a minute (seed 3415)."""
    book = folded([intended(an_order()), ev.OrderBecameUnknown(client_order_id="entry", text="")])
    asked = {"finding": {"entry": NOW_NS}, "absent": {"entry": (times, 0)}}

    assert planned(book, **asked, after_ms=pause_ms - 1).find == ()
    assert len(planned(book, **asked, after_ms=pause_ms).find) == 1


@pytest.mark.parametrize(
    ("unheard", "pause_ms"), [(1, 500), (4, 500), (5, 500), (6, 1_000), (8, 2_000), (1_000, 2_000)]
)
def test_questions_that_are_not_answered_become_rarer_up_to_two_seconds(unheard, pause_ms):
    """They cost the budget of the account; asked twice a second they once left a stop nothing (seed 2175)."""
    book = folded([intended(an_order()), ev.OrderBecameUnknown(client_order_id="entry", text="")])
    asked = {"finding": {"entry": NOW_NS}, "unheard": {"entry": unheard}}

    assert planned(book, **asked, after_ms=pause_ms - 1).find == ()
    assert len(planned(book, **asked, after_ms=pause_ms).find) == 1


def test_a_doubted_order_is_asked_for_while_it_is_open():
    assert [o.client_order_id for o in planned(with_stop(), doubted=frozenset({"stop"})).find] == ["stop"]
    assert planned(with_stop(), doubted=frozenset({"entry"})).find == ()


@pytest.mark.parametrize("halt", [{"breaker": Breaker(level=Level.RED, cause="x")}, {"is_panicked": True}])
def test_c15_halted_cancels_entries_that_still_work(halt):
    book = folded([intended(an_order()), accepted("entry")])

    assert planned(book).cancel == ()
    assert [o.client_order_id for o in planned(replace(book, **halt)).cancel] == ["entry"]


def test_the_same_book_always_gives_the_same_ids():
    book = folded(opened(390_000, 410_000))

    first, second = planned(book).place, planned(book, after_ms=1).place

    assert [o.client_order_id for o in first] == [o.client_order_id for o in second]
