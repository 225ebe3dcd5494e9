"""The day of the daily loss begins at midnight in the configured zone, also where clocks change (B14)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from engine import ledger as ledgers
from engine.messages import control as ct
from engine.messages import events as ev
from engine.safety.limits import Limits
from engine.safety.risk import lost_today
from engine.signal import Intent
from tests.actors.executor_desk import Desk
from tests.builders import D

SECOND_NS = 1_000_000_000
BERLIN = "Europe/Berlin"


def at(zone: str, year: int, month: int, day: int) -> int:
    """Midnight there, in UTC's nanoseconds."""
    return int(datetime(year, month, day, tzinfo=ZoneInfo(zone)).timestamp()) * SECOND_NS


def days_at(desk: Desk, *times_ns: int) -> list[str]:
    for now_ns in times_ns:
        desk.now_ns = now_ns
        desk.tell(ct.Woken(label="tick"))
    return [event.day for event in desk.events(ev.DayBegan) if isinstance(event, ev.DayBegan)]


# A day of 23 hours (clocks go forward), one of 25 (back), and one of 24: UTC's offset is 1 h in winter, 2 h in summer.
@pytest.mark.parametrize(
    ("today", "hours"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)],
    ids=["forward", "back", "even"],
)
def test_a_day_lasts_from_midnight_to_midnight_where_the_settings_say(today, hours):
    desk = Desk(limits=Limits(day_zone=BERLIN)).ready()
    begins = at(BERLIN, today.year, today.month, today.day)
    ends = begins + hours * 3_600 * SECOND_NS

    days = days_at(desk, begins - SECOND_NS, begins, ends - SECOND_NS, ends)

    assert days[-3:] == [(today + timedelta(days=number)).isoformat() for number in (-1, 0, 1)]


@pytest.mark.parametrize(("zone", "is_over"), [(BERLIN, True), ("UTC", False)])
def test_a_loss_counts_until_midnight_there_and_not_for_a_day_from_its_hour(zone, is_over):
    desk = Desk(limits=Limits(day_zone=zone)).ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(1_000)
    desk.market(39_500)
    desk.run(200)
    midnight_ns = at(BERLIN, 2023, 11, 15)
    assert 0 < midnight_ns - desk.now_ns < 3_600 * SECOND_NS

    lost = [lost_on(desk, now_ns) for now_ns in (midnight_ns - SECOND_NS, midnight_ns)]

    assert lost[0] == D(50) + desk.book.ledger.fees > 50
    assert lost[1] == (0 if is_over else lost[0])


def lost_on(desk: Desk, now_ns: int) -> Decimal:
    days_at(desk, now_ns)
    assert desk.state is not None
    return lost_today(desk.book, ledgers.equity(desk.book.ledger, desk.state.ready.mark))
