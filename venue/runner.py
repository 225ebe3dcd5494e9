"""The pace: plays the market against the wall clock, and does what is due each second."""

import asyncio
import logging
from contextlib import suppress

from venue.core.algo_status import become
from venue.core.matching import cancel_all, end
from venue.core.orders import AlgoStatus, Execution
from venue.market import steps_per_minute
from venue.stage import Stage
from venue.venue import Venue

LOG = logging.getLogger("venue")
MINUTE_S = 60.0
MOST_BEHIND_S = 1.0  # a stalled machine catches up this much, no more
IDLE_S = 0.05
HOUSEKEEPING_S = 0.1
MOST_PLAYED_AT_ONCE = 50  # minutes between two looks at the sockets while jumping


class Runner:
    """Plays until told to stop; speed, pause and leaps may change what comes between any two steps."""

    def __init__(self, venue: Venue, stage: Stage) -> None:
        self._venue, self._stage = venue, stage
        self._changed = asyncio.Event()
        self.is_over = asyncio.Event()

    def changed(self) -> None:
        """Speed, pause or place changed: don't sleep on."""
        self._changed.set()

    async def play(self) -> None:
        """Step after step. At the end of the candles the price stands still, or the venue ends."""
        self._catch_up()
        due = asyncio.get_running_loop().time()
        while True:
            if self._venue.market.is_over:
                await self._end()
            elif self._venue.is_paused:
                await self._sleep(IDLE_S * 10)
            else:
                due = await self._play_step(due)

    def _catch_up(self) -> None:
        """A market that shows the present minute starts where the wall clock is within it."""
        venue, step_ms = self._venue, MINUTE_S * 1000 / steps_per_minute(self._venue.speed)
        while venue.settings.is_now and venue.clock.market_ms() + 2 * step_ms <= venue.clock.now_ms():
            venue.market.advance(steps_per_minute(venue.speed))
            if venue.market.is_over:
                return

    async def _end(self) -> None:
        if self._venue.settings.at_end == "stop":
            LOG.info("the candles are over: ending, as --at-end stop says")
            self.is_over.set()
        await asyncio.sleep(IDLE_S)

    async def _play_step(self, due: float) -> float:
        """Plays one step and waits out its length; when the next is due."""
        now, market = asyncio.get_running_loop().time(), self._venue.market
        market.advance(steps_per_minute(self._venue.speed))
        self._stage.play_due()
        self._commit()
        due = max(due, now - MOST_BEHIND_S) + MINUTE_S / self._venue.speed / market.steps
        if due <= now:
            await asyncio.sleep(0)
            return due
        was_changed = await self._sleep(due - now)
        return asyncio.get_running_loop().time() if was_changed else due

    async def _sleep(self, seconds: float) -> bool:
        """Sleeps, unless something changes; whether it did."""
        self._changed.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)
        return self._changed.is_set()

    async def leap(self, minutes: int) -> int:
        """Plays this many minutes at once (fewer at the end of the candles); how many it were."""
        played, market = 0, self._venue.market
        while played < minutes and not market.is_over:
            market.finish_minute()
            self._stage.play_due()
            played += 1
            if played % MOST_PLAYED_AT_ONCE == 0:
                self._commit()
                await asyncio.sleep(0)
        self._commit()
        self.changed()
        return played

    def _commit(self) -> None:
        """What a step did; accounts with trailing stops are looked at because those move without an event."""
        state = self._venue.state
        for account in self._venue.floor.accounts.values() if state else ():
            if state and account.open_algos:
                state.save_account(account)
        self._venue.commit()

    async def keep_house(self) -> None:
        """Listen keys expire, countdowns end, tickers tick."""
        since_second = 0.0
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            self._countdowns()
            since_second += HOUSEKEEPING_S
            if since_second >= 1:
                since_second = 0.0
                self._second()

    def _countdowns(self) -> None:
        now = self._venue.clock.now_ms()
        for account in self._venue.floor.accounts.values():
            for symbol in [s for s, due in account.countdowns.items() if due <= now]:
                account.countdowns.pop(symbol)
                cancel_all(self._venue.floor, account, symbol)
                self._venue.commit(account)

    def _good_till(self) -> None:
        """Orders with an end, ordinary and conditional, whose moment has come expire."""
        now = self._venue.clock.now_ms()
        for account in self._venue.floor.accounts.values():
            for order in account.working():
                if 0 < order.request.good_till_ms <= now:
                    end(self._venue.floor, order, Execution.EXPIRED)
                    self._venue.commit(account)
            for algo in account.waiting():
                if algo.status is AlgoStatus.NEW and 0 < algo.request.good_till_ms <= now:
                    become(self._venue.floor, account, algo, AlgoStatus.EXPIRED)
                    self._venue.commit(account)

    def _second(self) -> None:
        self._good_till()
        venue = self._venue
        for key in venue.listen_keys.expired(venue.clock.now_ms()):
            venue.expire_listen_key(key.account)
        for lane in venue.market.lanes.values():
            venue.feed.second(lane)
            venue.bybit_feed.second(lane)
            venue.mexc_feed.second(lane)
        venue.feed.second_of_all(list(venue.market.lanes.values()))
        venue.mexc_feed.second_of_all(list(venue.market.lanes.values()))
