"""What the tests of the plan begin with: books to plan for, and what is planned."""

from dataclasses import replace

from engine import plan
from engine.messages import events as ev
from engine.order import OrderPurpose
from engine.plan import Plan
from engine.safety.limits import Limits
from engine.situation import Busy, Situation
from tests.builders import MS, NOW_NS, D, accepted, an_order, folded, intended, opened

ENTRY, EXIT, STOP = OrderPurpose.ENTRY, OrderPurpose.EXIT, OrderPurpose.STOP
TARGET, EMERGENCY = OrderPurpose.TAKE_PROFIT, OrderPurpose.EMERGENCY_EXIT
LIMITS = Limits()


def planned(book, *, after_ms=0, hears=True, **busy) -> Plan:
    now_ns = NOW_NS + after_ms * MS
    situation = Situation(
        instance="live-1",
        play_hash="abcdef",
        book=book,
        busy=Busy(**busy),
        limits=LIMITS,
        hears=hears,
        now_ns=now_ns,
    )
    return plan.make(situation)


def the_stop(name="stop", **fields):
    return an_order(name, STOP, **fields)


def with_stop(*, stop=390_000, target=0, **fields):
    """A protected long: the stop rests, and the book knows."""
    said = ev.PositionProtected(trade_number=1, stop_price=D(39_000), naked_ns=0)
    return folded([*opened(stop, target), intended(the_stop(**fields)), accepted("stop"), said])


def moved_to(stop_ticks: int) -> ev.ProtectionAdvanced:
    protection = replace(opened()[-1].protection, stop_ticks=stop_ticks)
    return ev.ProtectionAdvanced(bar_open_time_ns=1, protection=protection)


def refused(name, purpose=STOP):
    return intended(an_order(name, purpose)), ev.OrderRejected(client_order_id=name, code="", reason="no")
