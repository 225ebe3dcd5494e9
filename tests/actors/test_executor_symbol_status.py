"""A closed instrument: entries are refused by name, whatever only reduces is tried all the same."""

from engine.messages import events as ev
from engine.order import OrderPurpose
from engine.signal import Intent
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import holding


def test_no_entry_is_sent_while_the_exchange_says_it_is_closed_and_the_filter_names_the_rule():
    desk = Desk().ready()
    desk.exchange.symbol_status = "HALT"
    desk.run(30_000)
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(2_000)

    assert desk.placed() == []
    [filtered] = desk.events(ev.SignalFiltered)
    assert filtered.rule == "symbol_status"
    assert "HALT" in filtered.reason


def test_a_position_is_closed_all_the_same():
    desk = holding()
    desk.exchange.symbol_status = "SETTLING"
    desk.run(30_000)
    desk.cycle(3, Intent.EXIT_LONG)
    desk.run(3_000)

    assert desk.placed(OrderPurpose.EXIT)
    assert desk.book.position_quantity == 0


def test_when_it_trades_again_the_next_signal_is_acted_on():
    desk = Desk().ready()
    desk.exchange.symbol_status = "HALT"
    desk.run(30_000)
    desk.exchange.symbol_status = ""
    desk.run(30_000)
    desk.cycle(2, Intent.ENTER_LONG)
    desk.run(3_000)

    assert desk.placed(OrderPurpose.ENTRY)
