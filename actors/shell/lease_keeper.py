"""What this process knows of its instrument lease, measured on its own clock from the moment it asked.

It also knows when the last order left, because an instrument that is given up must rest until that one has arrived or
never will.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.messages.account import InstrumentReleased
from engine.messages.base import Message
from engine.messages.control import InstrumentGranted, InstrumentRefused, InstrumentWanted
from engine.safety.limits import ARRIVES_WITHIN_NS

MOST_ASKINGS = 16  # without an answer; one is sent every second


class LeaseKeeper:
    """Watches the executor's askings and the answers. A process that was paused finds its lease run out, and in an
    answer that waited for it only what is left since the asking it is for.
    """

    def __init__(self, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._now_ns = now_ns
        self._asked: dict[int, int] = {}  # time in the asking: when it left; none older than the newest answered
        self._good_until_ns = 0
        self._order_left_ns = now_ns()  # of the life before nothing is known: as if its last order left now
        self.wanted: InstrumentWanted | None = None
        self.epoch = 0

    def on_sent(self, message: Message) -> None:
        if isinstance(message, InstrumentWanted):
            self.wanted = message
            self._asked = dict([*self._asked.items(), (message.asked_at_ns, self._now_ns())][-MOST_ASKINGS:])
        elif isinstance(message, InstrumentReleased):
            self._forget()

    def on_received(self, message: Message) -> None:
        if isinstance(message, InstrumentGranted) and message.asked_at_ns in self._asked:
            asked_at_ns = self._asked[message.asked_at_ns]
            self._asked = {asking: at_ns for asking, at_ns in self._asked.items() if at_ns >= asked_at_ns}
            self.epoch = message.epoch
            self._good_until_ns = asked_at_ns + message.valid_for_ns
        elif isinstance(message, InstrumentRefused):
            self._forget()

    def _forget(self) -> None:
        """Whatever was asked before this: an answer to it is of another time."""
        self._good_until_ns = 0
        self._asked = {}

    def on_order(self) -> None:
        """An order leaves now."""
        self._order_left_ns = self._now_ns()

    def released(self) -> InstrumentReleased | None:
        """What to tell the keeper of the table when this life ends; None when nothing is held."""
        if self.wanted is None or self.left_ns() <= 0:
            return None
        return InstrumentReleased(
            instance=self.wanted.instance,
            account=self.wanted.account,
            symbol=self.wanted.symbol,
            settles_in_ns=max(0, self._order_left_ns + ARRIVES_WITHIN_NS - self._now_ns()),
        )

    def left_ns(self) -> int:
        """0 or less: not ours, or not any more."""
        return self._good_until_ns - self._now_ns()
