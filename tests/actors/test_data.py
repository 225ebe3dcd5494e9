"""The data machine: bars in order and without a gap, whatever the stream does."""

from __future__ import annotations

from decimal import Decimal

from actors.data import Data, State
from engine.machine import Effect, Request, Send
from engine.market import MINUTE_NS, Bar, MarkPrice
from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.messages import market as mk
from engine.messages.base import Message

FIRST_NS = 1_640_995_200_000_000_000
NOW_NS = 1_700_000_000_000_000_000
MACHINE = Data(symbol="BTC/USDT:USDT", timeframe="1m")


def bar(number: int) -> Bar:
    return Bar(open_time_ns=FIRST_NS + number * MINUTE_NS, open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0)


def closed(number: int) -> mk.BarClosed:
    return mk.BarClosed(bar=bar(number), observed_at_ns=0)


def fetched(first: int, last: int) -> ex.BarsFetched:
    return ex.BarsFetched(bars=tuple(bar(number) for number in range(first, last + 1)))


def told(*messages: Message) -> tuple[State, list[Effect]]:
    state, effects = MACHINE.start(NOW_NS)
    done = list(effects)
    for message in messages:
        state, effects = MACHINE.receive(state, message, NOW_NS)
        done += effects
    return state, done


def passed_on(effects: list[Effect]) -> list[Bar]:
    return [e.message.bar for e in effects if isinstance(e, Send) and isinstance(e.message, mk.BarClosed)]


def kept(effects: list[Effect]) -> list[Bar]:
    calls = [e.call for e in effects if isinstance(e, Request) and isinstance(e.call, mk.AppendBars)]
    return [each for call in calls for each in call.bars]


def fetches(effects: list[Effect]) -> list[ex.FetchBars]:
    return [e.call for e in effects if isinstance(e, Request) and isinstance(e.call, ex.FetchBars)]


UP, LOST = ex.StreamOpened(stream="market"), ex.StreamLost(stream="market", reason="dropped")
MARK = mk.MarkPriceChanged(mark=MarkPrice(price=Decimal(1), observed_at_ns=NOW_NS))
SECOND_NS = 1_000_000_000


def test_bars_in_order_are_passed_on_and_kept() -> None:
    _, effects = told(UP, closed(0), closed(1), closed(2))

    assert passed_on(effects) == kept(effects) == [bar(0), bar(1), bar(2)]


def test_repeated_and_older_bars_are_dropped() -> None:
    _, effects = told(UP, closed(1), closed(1), closed(0), closed(2))

    assert passed_on(effects) == [bar(1), bar(2)]


def test_a_gap_is_read_by_rest_before_anything_newer_is_passed_on() -> None:
    state, effects = told(UP, closed(0), closed(3))

    assert passed_on(effects) == [bar(0)]
    assert fetches(effects)[-1].from_open_time_ns == bar(1).open_time_ns

    _, more = MACHINE.receive(state, fetched(1, 3), NOW_NS)
    assert passed_on(list(more)) == [bar(1), bar(2), bar(3)]


def test_after_a_reconnect_what_was_missed_comes_first_and_only_then_is_trading_told() -> None:
    state, effects = told(UP, closed(0), ex.StreamLost(stream="market", reason="dropped"), UP)

    assert [type(e.message) for e in effects if isinstance(e, Send) and e.to == "executor"] == [
        mk.MarketDataRestored,
        mk.MarketDataLost,
    ]

    _, more = MACHINE.receive(state, fetched(1, 2), NOW_NS)
    sent = [e.message for e in more if isinstance(e, Send)]
    assert [m.bar for m in sent if isinstance(m, mk.BarClosed)] == [bar(1), bar(2)]
    assert isinstance(sent[-1], mk.MarketDataRestored)


def times(effects: list[Effect]) -> list[int | None]:
    messages = [e.message for e in effects if isinstance(e, Send)]
    return [message.observed_at_ns for message in messages if isinstance(message, mk.BarClosed)]


def at(seconds: int, message: Message, state: State) -> tuple[State, list[Effect]]:
    state, effects = MACHINE.receive(state, message, NOW_NS + seconds * SECOND_NS)
    return state, list(effects)


def test_a_bar_read_after_a_loss_counts_from_the_last_word_before_it_and_a_heard_one_from_its_own() -> None:
    state, _ = told(UP, closed(0))
    state, _ = at(3, MARK, state)
    state, _ = at(9, LOST, state)
    state, _ = at(40, UP, state)
    state, _ = at(41, MARK, state)
    state, _ = at(42, closed(3), state)
    state, effects = at(43, fetched(1, 3), state)

    assert times(effects) == [NOW_NS + 3 * SECOND_NS, NOW_NS + 3 * SECOND_NS, NOW_NS + 42 * SECOND_NS]
    _, effects = at(100, closed(4), state)
    assert times(effects) == [NOW_NS + 100 * SECOND_NS]


def test_bars_that_could_not_be_kept_are_tried_again_with_the_next_and_passed_on_meanwhile() -> None:
    state, _ = told(UP, closed(0))
    state, effects = at(1, closed(1), state)
    assert passed_on(effects) == [bar(1)]
    state, _ = at(1, mk.BarsNotKept(bars=(bar(1),), text="disk full"), state)

    state, effects = at(2, closed(2), state)
    assert kept(effects) == [bar(1), bar(2)]
    _, effects = at(3, closed(3), state)
    assert kept(effects) == [bar(3)]


def test_a_second_loss_before_the_gap_is_read_makes_nothing_younger() -> None:
    state, _ = told(UP, closed(0), LOST)
    for seconds, message in ((20, UP), (21, MARK), (22, LOST), (23, UP)):
        state, _ = at(seconds, message, state)
    _, effects = at(24, fetched(1, 1), state)

    assert times(effects) == [NOW_NS]


def test_of_a_bar_that_a_living_stream_kept_from_us_nobody_knows_the_age() -> None:
    state, _ = told(UP, closed(0), LOST, UP, fetched(1, 1))
    state, _ = at(1, closed(3), state)
    _, effects = at(2, fetched(2, 3), state)

    assert times(effects) == [None, NOW_NS + SECOND_NS]


def test_a_read_that_is_never_answered_is_asked_again() -> None:
    state, _ = told(UP, closed(0), closed(3))
    state, at_once = MACHINE.receive(state, ct.Woken(label="watch"), NOW_NS + 1_000_000_000)
    _, later = MACHINE.receive(state, ct.Woken(label="watch"), NOW_NS + 7_000_000_000)

    assert fetches(list(at_once)) == []
    assert fetches(list(later))[-1].from_open_time_ns == bar(1).open_time_ns


def test_history_from_an_anchor_comes_from_the_log_and_then_from_the_exchange() -> None:
    wanted = mk.HistoryWanted(from_open_time_ns=bar(0).open_time_ns, at_least=3)
    state, effects = told(UP, wanted)
    assert Request(port="bars", call=mk.ReadBars(from_open_time_ns=bar(0).open_time_ns)) in effects

    state, effects2 = MACHINE.receive(state, mk.BarsRead(bars=(bar(0), bar(1))), NOW_NS)
    assert fetches(list(effects2))[-1].from_open_time_ns == bar(2).open_time_ns

    _, effects3 = MACHINE.receive(state, fetched(2, 4), NOW_NS)
    delivered = [e.message for e in effects3 if isinstance(e, Send) and isinstance(e.message, mk.HistoryDelivered)]
    assert [each for message in delivered for each in message.bars] == [bar(number) for number in range(5)]
    assert delivered[-1].is_last


def test_history_never_hides_a_hole() -> None:
    wanted = mk.HistoryWanted(from_open_time_ns=bar(0).open_time_ns, at_least=3)
    state, _ = told(UP, wanted, mk.BarsRead(bars=(bar(0), bar(2))))
    _, effects = MACHINE.receive(state, fetched(3, 4), NOW_NS)

    delivered = [e.message for e in effects if isinstance(e, Send) and isinstance(e.message, mk.HistoryDelivered)]
    assert [each for message in delivered for each in message.bars] == [bar(0)]


def test_a_new_instance_gets_the_newest_bars() -> None:
    state, effects = told(UP, mk.HistoryWanted(from_open_time_ns=None, at_least=3))
    assert fetches(effects)[-1] == ex.FetchBars(
        symbol="BTC/USDT:USDT", timeframe="1m", from_open_time_ns=None, until_open_time_ns=None, limit=3
    )

    _, more = MACHINE.receive(state, fetched(7, 9), NOW_NS)
    assert kept(list(more)) == [bar(7), bar(8), bar(9)]
