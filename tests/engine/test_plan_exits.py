"""The plan's way out of a position: one order for all of it, tried again with measure, and a panic when refused."""

import pytest

from engine.messages import events as ev
from engine.order import OrderKind
from tests.builders import MS, NOW_NS, D, accepted, an_order, folded, intended
from tests.engine.planning import EMERGENCY, EXIT, LIMITS, planned, refused, the_stop, with_stop


def leaving(reason="exit_signal"):
    return folded([ev.ExitWanted(reason=reason)], book=with_stop())


def test_leaving_is_one_market_order_for_all_of_it_and_the_stop_stays():
    made = planned(leaving())

    assert [(o.purpose, o.kind, o.quantity, o.reason) for o in made.place] == [
        (EXIT, OrderKind.MARKET, D("0.1"), "exit_signal")
    ]
    assert made.cancel == ()
    assert [o.purpose for o in planned(leaving("emergency_exit")).place] == [EMERGENCY]


def test_an_older_stop_that_rests_beside_the_newest_goes_while_leaving_too():
    """Where the exit can reduce nothing, both would rest for ever (simulated seed 966)."""
    both = folded([intended(the_stop("new")), ev.ExitWanted(reason="exit_signal")], book=with_stop())
    assert planned(both).cancel == ()

    assert [o.client_order_id for o in planned(folded([accepted("new")], book=both)).cancel] == ["stop"]


def unknown_exits(count):
    names = [f"x{n}" for n in range(count)]
    lost = [ev.OrderBecameUnknown(client_order_id=name, text="") for name in names]
    return folded([*(intended(an_order(name, EXIT)) for name in names), *lost], book=leaving())


def test_while_an_exit_is_under_way_no_second_is_made():
    book = folded([intended(an_order("exit", EXIT))], book=leaving())
    assert planned(book, placing={"exit": NOW_NS}, after_ms=60_000).place == ()

    assert planned(folded([accepted("exit")], book=book), after_ms=60_000).place == ()


def test_an_exit_unknown_for_too_long_gets_another_that_can_only_reduce_but_not_many():
    assert planned(unknown_exits(1), after_ms=LIMITS.exit_again_ms - 1).place == ()

    another = planned(unknown_exits(1), after_ms=LIMITS.exit_again_ms).place

    assert [(o.purpose, o.is_reduce_only, o.quantity) for o in another] == [(EXIT, True, D("0.1"))]
    assert len(planned(unknown_exits(2), after_ms=LIMITS.exit_again_ms).place) == 1
    assert planned(unknown_exits(3), after_ms=LIMITS.receive_window_ms - 1).place == ()


def test_exits_that_are_too_old_to_arrive_keep_no_other_from_being_tried():
    """Three were lost and the executor began anew twice: each life asked for them from the start, and the position had
    no stop for forty seconds (seed 772)."""
    assert len(planned(unknown_exits(3), after_ms=LIMITS.receive_window_ms).place) == 1


def test_exits_refused_beside_an_unknown_one_are_not_repeated_at_the_speed_of_the_network():
    again_ms = LIMITS.exit_again_ms
    refused_beside = folded(refused("another", EXIT), book=unknown_exits(1), now_ns=NOW_NS + again_ms * MS)

    assert planned(refused_beside, after_ms=again_ms).place == ()
    assert planned(refused_beside, after_ms=again_ms + LIMITS.exit_retry_ms - 1).place == ()
    assert len(planned(refused_beside, after_ms=again_ms + LIMITS.exit_retry_ms).place) == 1


def test_a_refused_exit_is_tried_again_after_a_pause():
    book = folded(refused("x1", EXIT), book=leaving())

    assert planned(book, after_ms=LIMITS.exit_retry_ms - 1).place == ()
    assert len(planned(book, after_ms=LIMITS.exit_retry_ms).place) == 1


@pytest.mark.parametrize(("times", "pauses"), [(3, 1), (4, 1), (5, 2), (8, 5), (40, 5)])
def test_exits_of_a_position_the_exchange_denies_become_rarer(times: int, pauses: int):
    denied = ev.ReconciliationChanged(state="CRITICAL", differences=("phantom position",))
    book = folded([*(event for k in range(times) for event in refused(f"x{k}", EXIT)), denied], book=leaving())

    assert planned(book, after_ms=pauses * LIMITS.exit_retry_ms - 1).place == ()
    assert len(planned(book, after_ms=pauses * LIMITS.exit_retry_ms).place) == 1


def test_exits_of_a_position_that_is_there_never_become_rarer():
    book = folded([event for k in range(40) for event in refused(f"x{k}", EXIT)], book=leaving())

    assert len(planned(book, after_ms=LIMITS.exit_retry_ms).place) == 1


def test_three_refused_exits_are_red_and_panic_once_and_it_goes_on_trying():
    book = folded([*refused("x1", EXIT), *refused("x2", EXIT), *refused("x3", EMERGENCY)], book=leaving())

    made = planned(book, after_ms=LIMITS.exit_retry_ms)

    assert [type(e) for e in made.events] == [ev.BreakerTripped, ev.PanicObserved]
    assert len(made.place) == 1
    assert planned(folded(made.events, book=book)).events == ()
