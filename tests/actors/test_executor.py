"""The executor, driven directly: one saga of entry, stop, target and exit, and what may refuse it."""

from dataclasses import replace

from engine.machine import Send
from engine.market import Bar
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.messages import market as mk
from engine.messages import notices as nt
from engine.order import Order, OrderKind, OrderPurpose, OrderStatus, Side
from engine.safety.limits import Limits
from engine.signal import Intent, Signal
from engine.sizing import Sizing, SizingMode
from tests.actors import executor_desk
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import assert_all_agree, closed_trades, fate_of, holding
from tests.builders import MS, SECOND_NS, SYMBOL, D

ENTRY, EXIT, STOP = OrderPurpose.ENTRY, OrderPurpose.EXIT, OrderPurpose.STOP
TARGET, EMERGENCY = OrderPurpose.TAKE_PROFIT, OrderPurpose.EMERGENCY_EXIT


def test_an_entry_is_one_saga_entry_then_stop_and_target_for_exactly_what_is_held():
    desk = holding()

    assert [o.purpose for o in desk.placed()] == [ENTRY, STOP, TARGET]
    assert {o.quantity for o in desk.placed()} == {D("0.1")}
    assert desk.placed(STOP)[0].trigger_price == D("39200.0")
    assert desk.placed(TARGET)[0].trigger_price == D("42000.0")
    assert desk.book.trade.naked_since_ns is None
    assert_all_agree(desk)


def test_the_intent_is_in_the_journal_before_the_request_leaves():
    desk = Desk().ready()
    desk.die_before = desk.performed + 1  # its record is performed, its request is not

    desk.cycle(1, Intent.ENTER_LONG)

    assert isinstance(desk.journal[-1][1], ev.OrderIntended)
    assert desk.placed() == []
    assert desk.journal[-1][1].decision_id.startswith("r1-")


def test_av1_a_thousand_identical_cycles_make_one_entry():
    desk = Desk().ready()
    for _ in range(1_000):
        desk.cycle(1, Intent.ENTER_LONG)

    assert len(desk.placed(ENTRY)) == 1
    assert len(desk.events(ev.SignalReceived)) == 1


def test_partial_fills_are_protected_for_exactly_what_is_filled_new_before_old():
    desk = Desk(fate_of(ENTRY, "silent")).ready()
    desk.holds_stream = True
    desk.cycle(1, Intent.ENTER_LONG)
    whole = desk.exchange.fills[-1]
    desk.exchange.pushed = []
    desk.holds_stream = False
    name = whole.client_order_id
    desk.tell(accepted(name))
    desk.exchange.fills[-1:] = []
    desk.tell(ex.FillReceived(fill=replace(whole, trade_id="a", quantity=D("0.04"), fee=D("0.8"))))
    desk.run(500)

    assert [o.quantity for o in desk.placed(STOP)] == [D("0.04")]

    desk.tell(ex.FillReceived(fill=replace(whole, trade_id="b", quantity=D("0.06"), fee=D("1.2"))))
    desk.run(500)

    assert [o.quantity for o in desk.placed(STOP)] == [D("0.04"), D("0.1")]
    sent = [call.order.client_order_id if isinstance(call, ex.PlaceOrder) else call for call in desk.calls]
    old, new = (order.client_order_id for order in desk.placed(STOP))
    taken_away = [n for n, call in enumerate(sent) if getattr(call, "client_order_id", "") == old]
    assert sent.index(new) < taken_away[0]
    assert [o.quantity for o in desk.book.open_orders(STOP)] == [D("0.1")]


def test_a_stop_that_would_trigger_at_once_closes_the_position():
    desk = Desk(fate_of(STOP, "refuse would_trigger")).ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(1_000)

    assert desk.exchange.position.is_flat
    assert [t.exit_reason for t in closed_trades(desk)] == ["stop_loss"]
    assert_all_agree(desk)


def test_d3_a_stop_refused_three_times_rolls_the_entry_back():
    desk = Desk(fate_of(STOP, *["refuse nonsense"] * 3)).ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(6_000)

    assert [o.purpose for o in desk.placed()] == [ENTRY, STOP, TARGET, STOP, STOP, EMERGENCY]
    assert [t.exit_reason for t in closed_trades(desk)] == ["emergency_exit"]
    assert desk.exchange.position.is_flat
    assert_all_agree(desk)


def test_d3_when_even_the_exit_is_refused_three_times_it_panics_and_goes_on_trying():
    desk = Desk(_refuse_all_but_entries).ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(15_000)

    assert desk.book.breaker.level == "RED"
    assert desk.book.is_panicked
    assert len(desk.events(ev.PanicObserved)) == 1
    tried = len(desk.placed(EMERGENCY))

    desk.fate = lambda call: "ok"
    desk.run(3_000)

    assert len(desk.placed(EMERGENCY)) == tried + 1
    assert desk.exchange.position.is_flat
    assert desk.book.breaker.level == "RED"


def accepted(name):
    status = OrderStatus.ACCEPTED
    return ex.OrderPlaced(client_order_id=name, venue_order_id="1001", status=status, filled_quantity=D(0))


def _refuse_all_but_entries(call):
    return "refuse nonsense" if isinstance(call, ex.PlaceOrder) and call.order.purpose is not ENTRY else "ok"


def test_a_position_naked_for_longer_than_its_limit_is_closed():
    desk = Desk(fate_of(STOP, "request lost")).ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(4_900)
    assert not desk.placed(EMERGENCY)

    desk.run(1_000)

    assert desk.placed(EMERGENCY)
    assert closed_trades(desk)[0].naked_ns >= 5 * SECOND_NS
    assert desk.longest_naked_ns <= Limits().naked_limit_ms * MS + SECOND_NS


def test_a_filled_target_takes_the_stop_away():
    desk = holding()
    desk.market(42_100)
    desk.run(1_000)

    assert [t.exit_reason for t in closed_trades(desk)] == ["take_profit"]
    assert desk.book.open_orders() == ()
    assert_all_agree(desk)


def test_a_filled_stop_takes_the_target_away():
    desk = holding()
    desk.market(39_100)
    desk.run(1_000)

    assert [t.exit_reason for t in closed_trades(desk)] == ["stop_loss"]
    assert desk.book.open_orders() == ()
    assert_all_agree(desk)


def test_d5_d7_a_trailing_stop_is_replaced_new_before_old_and_not_more_often_than_allowed():
    desk = holding()
    desk.market(40_500)
    desk.cycle(2, close=40_500.0)
    desk.cycle(3, close=40_600.0)
    desk.run(3_000)

    assert [o.trigger_price for o in desk.placed(STOP)] == [D("39200.0"), D("40297.5"), D("40397.0")]
    made = [order.created_at_ns for order in desk.placed(STOP)]
    assert made[2] - made[1] >= Limits().stop_move_interval_ms * MS
    assert desk.longest_naked_ns == 0
    assert len(desk.book.open_orders(STOP)) == 1


def test_an_exit_keeps_the_stop_until_the_position_is_gone():
    desk = holding(fate=fate_of(EXIT, "request lost"))
    desk.cycle(2, Intent.EXIT_LONG)
    desk.run(2_000)
    assert desk.book.open_orders(STOP)

    desk.run(20_000)

    assert len(desk.exchange.accepted) == len(set(desk.exchange.accepted))
    assert [t.exit_reason for t in closed_trades(desk)] == ["exit_signal"]
    assert desk.longest_naked_ns == 0
    assert_all_agree(desk)


def test_av2_one_trade_is_one_message_even_when_the_notifier_is_deaf_for_a_while():
    desk = holding()
    desk.market(39_100)
    desk.run(60_000, step_ms=500)

    told = [one for one in desk.sent if isinstance(one.message, nt.Notify)]
    assert len(told) == len(closed_trades(desk)) == 1
    assert desk.book.outbox == {}


def test_av2_a_notifier_that_starts_after_the_trade_has_its_message_within_two_seconds():
    desk = holding()
    desk.notifier_is_up = False
    desk.market(39_100)
    desk.run(3_000)
    tried = len(told(desk))

    desk.notifier_is_up = True
    desk.run(2_000)

    assert 2 <= tried <= 4
    assert len(told(desk)) == tried + 1
    assert desk.book.outbox == {}


def told(desk: Desk) -> list[object]:
    return [one.message for one in desk.sent if isinstance(one.message, nt.Notify)]


def test_a_halted_instance_cancels_an_entry_that_still_works():
    desk = Desk(fate_of(ENTRY, "silent")).ready()
    desk.holds_stream = True
    desk.cycle(1, Intent.ENTER_LONG)
    name = desk.placed(ENTRY)[0].client_order_id
    desk.tell(accepted(name))
    desk.tell(ct.FreezeWanted(cause="views differ", text=""))

    assert [c.client_order_id for c in desk.calls if isinstance(c, ex.CancelOrder)] == [name]


def test_orders_of_a_short_are_mirrored():
    desk = Desk().ready()
    desk.cycle(1, Intent.ENTER_SHORT)
    desk.run(1_000)

    assert [(o.side, o.kind) for o in desk.placed()] == [
        (Side.SELL, OrderKind.MARKET),
        (Side.BUY, OrderKind.STOP_MARKET),
        (Side.BUY, OrderKind.TAKE_PROFIT_MARKET),
    ]
    assert desk.placed(STOP)[0].trigger_price == D("40800.0")


def test_cycles_that_died_with_an_earlier_life_are_asked_for_before_newer_ones_are_taken() -> None:
    desk = Desk().ready()
    desk.strategy_remembers = False
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(500)
    desk.crash()
    desk.ready()
    desk.sent.clear()

    desk.cycle(4, Intent.EXIT_LONG)

    (asked,) = [effect.message for effect in desk.sent if isinstance(effect, Send) and effect.to == "strategy"]
    assert isinstance(asked, mk.ResumePoint)
    assert desk.placed(OrderPurpose.EXIT) == []

    for number in (2, 3):
        desk.cycle(number)
    desk.cycle(4, Intent.EXIT_LONG)
    desk.run(500)
    assert len(desk.placed(OrderPurpose.EXIT)) == 1


def test_cycles_that_nobody_has_any_more_are_given_up_after_some_tries() -> None:
    desk = Desk().ready()
    desk.strategy_remembers = False
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(500)

    for number in (5, 6, 7):
        desk.cycle(number)
    desk.cycle(8, Intent.EXIT_LONG)
    desk.run(500)

    assert len(desk.placed(OrderPurpose.EXIT)) == 1


def test_a_position_is_sized_by_the_volatility_of_its_signal(monkeypatch) -> None:
    sizing = Sizing(mode=SizingMode.VOLATILITY_TARGET, amount=D("0.005"))
    monkeypatch.setattr(executor_desk, "SETTINGS", replace(executor_desk.SETTINGS, sizing=sizing))

    def entered(volatility: float) -> list[Order]:
        desk = Desk().ready()
        opened = executor_desk.FIRST_BAR_NS
        bar = Bar(open_time_ns=opened, open=40_000.0, high=40_000.0, low=40_000.0, close=40_000.0, volume=1.0)
        signal = Signal(
            play_hash="abcdef", symbol=SYMBOL, bar_open_time_ns=opened, intent=Intent.ENTER_LONG, close=40_000.0,
            numbers=(("sizing.volatility", volatility),),
        )  # fmt: skip
        desk.tell(mk.CycleReady(bar=bar, signal=signal, observed_at_ns=desk.now_ns))
        return desk.placed(OrderPurpose.ENTRY)

    # 0.5 % of 10,000 is 50: a move of 400.0 (to the tick of 0.1) with 0.125 held
    assert [order.quantity for order in entered(400.04)] == [D("0.125")]
    for nothing in (0.0, -1.0, float("nan"), float("inf")):
        assert entered(nothing) == []
