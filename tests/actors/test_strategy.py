"""The strategy machine: bars in, cycles out; the same play state after any restart; nothing old is traded."""

from __future__ import annotations

from actors.strategy import State, Strategy
from engine.machine import Effect, Send
from engine.market import MINUTE_NS, Bar
from engine.messages import control as ct
from engine.messages import market as mk
from engine.messages.base import Message
from engine.signal import Intent, Signal

FIRST_NS = 1_640_995_200_000_000_000
NOW_NS = 1_700_000_000_000_000_000


class CountingPlay:
    """Says how many bars it was fed, so that a wrong feed is a wrong feature."""

    def __init__(self) -> None:
        self.fed = 0

    def step(self, bar: Bar) -> Signal | None:
        self.fed += 1
        if self.fed <= 2:
            return None
        return Signal(
            play_hash="counting",
            symbol="BTC/USDT:USDT",
            bar_open_time_ns=bar.open_time_ns,
            intent=Intent.ENTER_LONG,
            close=bar.close,
            features=(("fed", float(self.fed)),),
        )


MACHINE = Strategy(make_evaluator=CountingPlay, warmup_bars=2)


def bar(number: int) -> Bar:
    return Bar(open_time_ns=FIRST_NS + number * MINUTE_NS, open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0)


def closed(number: int) -> mk.BarClosed:
    return mk.BarClosed(bar=bar(number), observed_at_ns=NOW_NS)


def fed(*messages: Message) -> tuple[State, list[Effect]]:
    state, effects = MACHINE.start(NOW_NS)
    done = list(effects)
    for message in messages:
        state, effects = MACHINE.receive(state, message, NOW_NS)
        done += effects
    return state, done


def history(first: int, last: int, *, is_last: bool = True) -> mk.HistoryDelivered:
    return mk.HistoryDelivered(bars=tuple(bar(number) for number in range(first, last + 1)), is_last=is_last)


def cycles(effects: list[Effect]) -> list[mk.CycleReady]:
    return [e.message for e in effects if isinstance(e, Send) and isinstance(e.message, mk.CycleReady)]


NEW = mk.ResumePoint(anchor_ns=None, last_bar_ns=None)


def test_a_new_instance_chooses_its_anchor_and_hands_over_only_live_bars() -> None:
    _, effects = fed(NEW, history(0, 4), closed(5))

    chosen = [e.message for e in effects if isinstance(e, Send) and isinstance(e.message, mk.AnchorChosen)]
    assert chosen == [mk.AnchorChosen(open_time_ns=bar(0).open_time_ns, live_from_ns=bar(5).open_time_ns)]
    assert [cycle.bar for cycle in cycles(effects)] == [bar(5)]
    assert cycles(effects)[0].observed_at_ns == NOW_NS


def test_after_a_restart_the_play_has_seen_the_same_bars_and_missed_ones_are_handed_over_as_old() -> None:
    resumed = mk.ResumePoint(anchor_ns=bar(0).open_time_ns, last_bar_ns=bar(5).open_time_ns)
    _, effects = fed(resumed, history(0, 7), closed(8))

    assert [(c.bar, c.observed_at_ns) for c in cycles(effects)] == [(bar(6), None), (bar(7), None), (bar(8), NOW_NS)]
    assert cycles(effects)[-1].signal.features == (("fed", 9.0),)


def test_live_bars_that_arrive_while_history_is_fed_wait_their_turn() -> None:
    _, effects = fed(NEW, closed(3), closed(4), history(0, 3), closed(5))

    assert [cycle.bar for cycle in cycles(effects)] == [bar(4), bar(5)]


def test_a_missing_bar_is_fetched_before_anything_newer_is_fed() -> None:
    state, effects = fed(NEW, history(0, 4), closed(7))

    assert cycles(effects) == []
    assert not state.is_live
    wanted = [e.message for e in effects if isinstance(e, Send) and isinstance(e.message, mk.HistoryWanted)]
    assert wanted[-1].from_open_time_ns == bar(5).open_time_ns

    _, more = MACHINE.receive(state, history(5, 6), NOW_NS)
    assert [(c.bar, c.observed_at_ns) for c in cycles(list(more))] == [(bar(5), None), (bar(6), None), (bar(7), NOW_NS)]


def test_a_bar_told_twice_is_fed_once() -> None:
    _, effects = fed(NEW, history(0, 4), closed(5), closed(5), closed(4))

    assert [cycle.bar for cycle in cycles(effects)] == [bar(5)]


def test_a_hole_in_history_is_never_fed_over() -> None:
    state, effects = fed(NEW, history(0, 3, is_last=False), history(6, 8), closed(9))

    assert cycles(effects) == []
    assert state.last_ns == bar(3).open_time_ns


def test_an_answer_to_what_an_earlier_life_asked_is_not_where_the_play_begins() -> None:
    resumed = mk.ResumePoint(anchor_ns=bar(0).open_time_ns, last_bar_ns=bar(3).open_time_ns)

    state, effects = fed(resumed, history(2, 4), history(0, 5))

    handed = [(c.bar, c.signal.features) for c in cycles(effects)]
    assert handed == [(bar(4), (("fed", 5.0),)), (bar(5), (("fed", 6.0),))]
    assert state.is_live


def test_an_executor_that_has_no_anchor_is_told_the_chosen_one_again() -> None:
    state, _ = fed(NEW, history(0, 4), closed(5))

    _, effects = MACHINE.receive(state, NEW, NOW_NS)

    assert effects[0].message == mk.AnchorChosen(open_time_ns=bar(0).open_time_ns, live_from_ns=bar(5).open_time_ns)
    assert [(c.bar, c.anchor_ns) for c in cycles(list(effects))] == [(bar(5), bar(0).open_time_ns)]


def test_a_play_that_began_elsewhere_than_recorded_begins_anew() -> None:
    elsewhere, _ = fed(NEW, history(2, 4), closed(5))
    recorded = mk.ResumePoint(anchor_ns=bar(0).open_time_ns, last_bar_ns=bar(4).open_time_ns)

    state, effects = MACHINE.receive(elsewhere, recorded, NOW_NS)
    asked = [e.message.from_open_time_ns for e in effects if isinstance(e, Send)]
    _, more = MACHINE.receive(state, history(0, 5), NOW_NS)

    assert asked == [bar(0).open_time_ns]
    assert [(c.bar, c.signal.features) for c in cycles(list(more))] == [(bar(5), (("fed", 6.0),))]


def test_until_the_executor_answers_it_is_asked_again() -> None:
    state, _ = fed()
    _, effects = MACHINE.receive(state, ct.Woken(label="again"), NOW_NS)

    assert Send(to="executor", message=mk.ResumeWanted()) in effects


def test_an_executor_that_lost_cycles_gets_them_again_as_they_were() -> None:
    state, _ = fed(NEW, history(0, 4), closed(5), closed(6), closed(7))
    resumed = mk.ResumePoint(anchor_ns=bar(0).open_time_ns, last_bar_ns=bar(5).open_time_ns)
    after, effects = MACHINE.receive(state, resumed, NOW_NS + 1)

    assert [(c.bar, c.observed_at_ns) for c in cycles(list(effects))] == [(bar(6), NOW_NS), (bar(7), NOW_NS)]
    assert after == state
