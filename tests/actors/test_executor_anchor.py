"""B5: an instance's signals are those of one play, fed from one bar on; no other feed is traded."""

from __future__ import annotations

import executor_desk
from executor_desk import Desk

from engine.messages import events as ev
from engine.messages import market as mk
from engine.order import OrderPurpose
from engine.signal import Intent

ANCHOR_NS = executor_desk.FIRST_BAR_NS - executor_desk.MINUTE_NS


def desk_fed_from(open_time_ns: int) -> Desk:
    desk = Desk().ready()
    desk.fed_from_ns = open_time_ns
    return desk


def chosen(open_time_ns: int) -> mk.AnchorChosen:
    return mk.AnchorChosen(open_time_ns=open_time_ns, live_from_ns=executor_desk.FIRST_BAR_NS)


def test_before_the_anchor_is_recorded_no_signal_counts() -> None:
    desk = desk_fed_from(ANCHOR_NS)

    desk.cycle(0, Intent.ENTER_LONG)

    assert desk.placed(OrderPurpose.ENTRY) == []
    assert desk.events(ev.SignalReceived) == []


def test_once_it_is_recorded_the_same_signal_is_traded() -> None:
    desk = desk_fed_from(ANCHOR_NS)
    desk.cycle(0, Intent.ENTER_LONG)

    desk.tell(chosen(ANCHOR_NS))
    desk.cycle(0, Intent.ENTER_LONG)

    assert len(desk.placed(OrderPurpose.ENTRY)) == 1


def test_a_play_fed_from_elsewhere_is_not_traded() -> None:
    desk = desk_fed_from(ANCHOR_NS)
    desk.tell(chosen(ANCHOR_NS - executor_desk.MINUTE_NS))

    desk.cycle(0, Intent.ENTER_LONG)

    assert desk.placed(OrderPurpose.ENTRY) == []
    assert desk.events(ev.SignalReceived) == []
