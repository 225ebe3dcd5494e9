"""What comes late: entries are not made, exits are, the record says what is known of the age; messages say it too."""

import pytest

from engine.messages import events as ev
from engine.messages import notices as nt
from engine.order import OrderPurpose
from engine.signal import Intent
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import holding


@pytest.mark.parametrize(
    ("age_ms", "said"),
    [
        (10_001, "it is 10001 ms old; the limit is 10000 ms"),
        (None, "its bar was read after it had closed, nobody knows how long after; the limit is 10000 ms"),
    ],
)
def test_a_signal_that_is_too_old_or_of_unknown_age_is_not_entered_on_and_the_record_says_which(age_ms, said):
    desk = Desk().ready()
    desk.cycle(1, Intent.ENTER_LONG, age_ms=age_ms)
    desk.run(2_000)

    assert desk.placed() == []
    assert [(e.rule, e.reason) for e in desk.events(ev.SignalFiltered)] == [("age", said)]


def test_at_its_age_limit_a_signal_is_still_entered_on():
    desk = Desk().ready()
    desk.cycle(1, Intent.ENTER_LONG, age_ms=10_000)

    assert len(desk.placed(OrderPurpose.ENTRY)) == 1


@pytest.mark.parametrize("age_ms", [3_600_000, None])
def test_what_closes_a_position_is_never_too_late(age_ms):
    desk = holding()
    desk.cycle(3, Intent.EXIT_LONG, age_ms=age_ms)
    desk.run(1_000)

    assert desk.placed(OrderPurpose.EXIT)
    assert desk.book.position_quantity == 0


def test_only_the_first_word_of_a_trade_is_not_said_again():
    desk = holding()
    desk.notifier_is_up = False
    desk.cycle(3, Intent.EXIT_LONG)
    desk.run(500)
    first = [one.message.is_again for one in desk.sent if isinstance(one.message, nt.Notify)]
    desk.crash()
    desk.notifier_is_up = True
    desk.run(2_000)

    told = [one.message.is_again for one in desk.sent if isinstance(one.message, nt.Notify)]
    assert first[0] is False
    assert told[len(first) :] == [True]
    assert desk.book.outbox == {}
