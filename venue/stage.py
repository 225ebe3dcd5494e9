"""Plays a scenario: looks at the market time after each step and does what is due."""

import logging

from venue.candles import MINUTE_MS
from venue.core.refusal import Refused
from venue.hands import ControlError, Hands
from venue.scenario import Happening
from venue.venue import Venue

LOG = logging.getLogger("venue")


class Stage:
    """The happenings still to come."""

    def __init__(self, venue: Venue, hands: Hands, happenings: list[Happening]) -> None:
        self._venue, self._hands = venue, hands
        self._begin_ms = venue.market.first_ms + venue.settings.history * MINUTE_MS
        now_ms = venue.clock.market_ms()  # later than the beginning when a state file is continued
        self._to_come = [h for h in happenings if self._begin_ms + h.at_ms >= now_ms]

    def play_due(self) -> None:
        """A happening that can't happen (an order without margin, a name nobody has) is logged and passed over."""
        while self._to_come and self._begin_ms + self._to_come[0].at_ms <= self._venue.clock.market_ms():
            happening = self._to_come.pop(0)
            try:
                self._play(happening)
            except (ControlError, Refused) as error:
                LOG.warning("scenario: %s at %s ms did not happen: %s", happening.action, happening.at_ms, error)

    def _play(self, happening: Happening) -> None:
        if happening.fault is not None:
            fault = self._venue.faults.add(happening.fault)
            self._venue.truth.tell("control", action="fault", asked=fault.as_json(), fault_id=fault.id)
        elif happening.market:
            self._hands.change_market(happening.market, happening.values)
        else:
            account = self._venue.floor.accounts.get(happening.account)
            if account is None:
                raise ControlError("account", f"no account {happening.account}")
            self._hands.act(account, happening.action, happening.values)
