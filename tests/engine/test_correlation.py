"""One id follows a trade from its signal to its notification."""

from __future__ import annotations

from engine import checkpoint, correlation
from engine.messages import events as ev
from engine.signal import Intent
from tests.actors.executor_laws import holding
from tests.builders import D


def two_trades():
    """One closed and told, one opened after it."""
    desk = holding()
    desk.market(42_500)
    desk.run(2_000)
    desk.cycle(2, Intent.ENTER_LONG, close=42_500.0)
    desk.run(2_000)
    return desk


def test_everything_of_a_trade_has_the_id_of_its_signal_and_of_its_orders_names():
    desk = two_trades()

    found = list(correlation.threaded(event for _, event in desk.journal))

    first = next(name for event, name in found if isinstance(event, ev.SignalReceived))
    told = [type(event).__name__ for event, name in found if name == first]
    assert told[0] == "SignalReceived"
    assert {"OrderIntended", "OrderAccepted", "OrderFilled", "PositionOpened", "PositionProtected"} <= set(told)
    assert told[-1] == "NotificationDelivered"
    assert "TradeClosed" in told
    assert {first} == {
        correlation.of_order(order.client_order_id) for order in desk.placed() if order.trade_number == 1
    }
    assert len({name for _, name in found if name}) == 2


def test_it_is_the_same_behind_a_checkpoint_wherever_the_journal_was_cut():
    desk = two_trades()
    told = list(correlation.threaded(event for _, event in desk.journal))

    for length in range(len(told)):
        thread = correlation.Thread()
        thread.of(checkpoint.after(desk.journal[:length]))
        for event, _ in told[:length]:
            if isinstance(event, ev.TradeClosed):  # stays when all else is archived
                thread.of(event)

        assert [(event, thread.of(event)) for event, _ in told[length:]] == told[length:]
        assert thread.subject_of(ev.PositionProtected(trade_number=2, stop_price=D(1), naked_ns=0)).symbol


def test_it_is_the_same_for_who_follows_only_the_beginnings_before():
    told = list(correlation.threaded(event for _, event in two_trades().journal))

    for length in range(len(told)):
        thread = correlation.Thread()
        for event, _ in told[:length]:
            if type(event).__name__ in correlation.BEGINNINGS:
                thread.of(event)

        assert [(event, thread.of(event)) for event, _ in told[length:]] == told[length:]


def test_each_event_says_which_instrument_trade_and_order_it_is_about():
    thread, told = correlation.Thread(), {}
    for _, event in two_trades().journal:
        thread.of(event)
        told.setdefault(type(event), []).append(thread.subject_of(event))

    [entry, stop, *_] = told[ev.OrderIntended]
    assert (entry.symbol, entry.trade_number, stop.trade_number) == ("BTC/USDT:USDT", 1, 1)
    assert told[ev.OrderAccepted][0] == entry
    assert told[ev.OrderFilled][0] == entry
    for kind in (ev.PositionOpened, ev.PositionProtected, ev.TradeClosed, ev.NotificationDelivered):
        assert (told[kind][0].symbol, told[kind][0].trade_number) == ("BTC/USDT:USDT", 1), kind
    assert told[ev.OrderIntended][-1].trade_number == 2
    assert told[ev.SignalReceived][0] == correlation.Subject(symbol="BTC/USDT:USDT")
    assert told[ev.ReconciliationChanged][0] == correlation.Subject()


def test_what_belongs_to_no_signal_has_none():
    event = ev.StreamChanged(stream="user", is_up=True, text="")
    assert list(correlation.threaded([event])) == [(event, "")]
    assert correlation.of_order("web_1") == ""
