"""Deliberate bugs in what a person is told. See `defects`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from actors import executor, outbox, turn
from engine.machine import Send
from engine.messages import events as ev
from engine.messages import notices as nt
from tests.simulation.bugs import Patches


def _acknowledge_twice() -> tuple[Any, ...]:
    def always(now: turn.Turn, message: Any) -> None:
        now.happen(ev.NotificationDelivered(trade_number=message.trade_number))

    return (patch.dict(executor._HANDLERS, {nt.Notified: always}),)


def _notify_once_and_forget() -> tuple[Any, ...]:
    def send(now: turn.Turn) -> None:
        for number, text in now.book.outbox.items():
            if number not in now.state.notified_at_ns:
                now.change(notified_at_ns={**now.state.notified_at_ns, number: now.now_ns})
                now.do(Send(to="notifier", message=nt.Notify(trade_number=number, text=text)))

    return (patch.object(outbox, "send", send),)


def _halt_and_tell_nobody() -> tuple[Any, ...]:
    return (patch.object(turn.Turn, "_alert", lambda *_: ()),)


def _tell_a_halt_once_and_forget() -> tuple[Any, ...]:
    return (patch.object(outbox, "send_alerts", lambda *_: ()),)


OF_TELLING: Mapping[str, Patches] = {
    "acknowledge twice": _acknowledge_twice,
    "notify once and forget": _notify_once_and_forget,
    "halt and tell nobody": _halt_and_tell_nobody,
    "tell a halt once and forget": _tell_a_halt_once_and_forget,
}
