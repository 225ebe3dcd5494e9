"""The notifier as a machine: what a target did not take is shown until it does."""

from __future__ import annotations

from collections.abc import Mapping

from actors.notifier import Notifier, State
from engine.machine import Effect, Publish, Request, Send
from engine.messages.base import Message
from engine.messages.notices import Alert, Alerted, AlertFailed, Notified, Notify, NotifyFailed


def told(*messages: Message) -> tuple[State, tuple[Effect, ...]]:
    """The state and the last effects after these messages."""
    machine = Notifier()
    state, effects = machine.start(0)
    for message in messages:
        state, effects = machine.receive(state, message, 0)
    return state, effects


def shown(effects: tuple[Effect, ...]) -> list[Mapping[str, object]]:
    return [effect.extra for effect in effects if isinstance(effect, Publish)]


def failed(number: int, text: str = "503") -> NotifyFailed:
    return NotifyFailed(trade_number=number, text=text)


def test_a_message_goes_to_the_target_and_the_word_of_it_to_the_executor():
    notify = Notify(trade_number=1, text="trade 1")

    assert told(notify)[1] == (Request(port="notifier", call=notify),)
    assert Send(to="executor", message=Notified(trade_number=1)) in told(notify, Notified(trade_number=1))[1]


def test_what_was_not_delivered_is_shown_with_the_newest_reason_until_it_is():
    assert shown(told(failed(1), failed(1, "429"))[1]) == [{"delivered": 0, "undelivered": {"trade 1": "429"}}]
    assert shown(told(failed(1), Notified(trade_number=1))[1]) == [{"delivered": 1, "undelivered": {}}]


def test_the_oldest_three_are_shown_and_long_texts_are_cut():
    effects = told(*(failed(number, "x" * 500) for number in (9, 10, 11, 9, 12)))[1]

    waiting = ("trade 9", "trade 10", "trade 11")
    assert shown(effects) == [{"delivered": 0, "undelivered": dict.fromkeys(waiting, "x" * 120)}]


def test_a_halt_goes_the_same_way_under_the_time_when_it_happened():
    alert = Alert(subject="halt of noon", text="live-1 HALTED")
    failure = AlertFailed(subject="halt of noon", text="503")

    assert told(alert)[1] == (Request(port="notifier", call=alert),)
    assert shown(told(failed(1), failure)[1])[0]["undelivered"] == {"trade 1": "503", "halt of noon": "503"}
    _, effects = told(failure, Alerted(subject="halt of noon"))
    assert Send(to="executor", message=Alerted(subject="halt of noon")) in effects
    assert shown(effects) == [{"delivered": 1, "undelivered": {}}]
