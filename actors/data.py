"""Data: the instance's eyes. Bars in order and without a gap, whatever the stream does; the newest mark price.

The stream is never trusted alone: each time it opens, and each time a bar is missing, what is lacking is read by REST
before anything newer is passed on. Every bar passed on is kept, so that a restart and `compare` can feed it again.
A bar that was read is as old as it can be: it closed after the stream was last heard. One that a living stream kept
from us has no time at all. So nobody enters a minute late because the bar has only just been read.
"""

from __future__ import annotations

from dataclasses import dataclass

from actors import failed_reading
from engine.frozen import replace
from engine.machine import Effect, Note, Publish, Request, Send, Step, WakeAt
from engine.market import MINUTE_NS, Bar
from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.messages import market as mk
from engine.messages.base import Message

MS = 1_000_000
WATCH_MS = 1_000
PAGE = 1_000
CHUNK = 500
OPEN, OPEN_AGAIN_NS = "open", 1_000_000_000  # a stream that could not be asked for is asked for again
ANSWER_NS = 6_000_000_000  # a read unanswered for so long is asked again


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`last_ns` is the newest bar passed on; `fetching_since_ns` is set while a read by REST is awaited.

    `history` collects the answer to the strategy's `HistoryWanted`; `ahead` holds live bars that wait for a gap.
    `unkept` could not be written down and are tried again with the next.
    `heard_ns` is when the stream last said anything, `lost_ns` what that was when it was lost, until nothing lacks.
    """

    last_ns: int | None = None
    is_up: bool = False
    fetching_since_ns: int | None = None
    wanted: mk.HistoryWanted | None = None
    history: tuple[Bar, ...] = ()
    ahead: tuple[mk.BarClosed, ...] = ()
    heard_ns: int | None = None
    lost_ns: int | None = None
    unkept: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """The machine of role `data`."""

    symbol: str
    timeframe: str

    def start(self, now_ns: int) -> Step[State]:
        return State(), (self._stream(), _watch(now_ns), Publish(phase="STARTING"))

    def receive(self, state: State, message: Message, now_ns: int) -> Step[State]:
        match message:
            case mk.BarClosed(bar=bar):
                return self._bar(state, bar, now_ns)
            case mk.MarkPriceChanged():
                return replace(state, heard_ns=now_ns), (Send(to="executor", message=message),)
            case mk.HistoryWanted():
                return self._history(state, message, now_ns)
            case mk.BarsRead() | mk.BarsNotKept():
                return self._of_the_log(state, message, now_ns)
            case ex.BarsFetched(bars=bars):
                return self._fetched(state, bars, now_ns)
            case ex.StreamOpened():
                return self._opened(state, now_ns)
            case ex.StreamLost(reason=reason):
                return self._lost(state, reason)
            case ct.Woken(label=label) if label == OPEN:
                return state, () if state.is_up else (self._stream(),)
            case ct.Woken():
                return self._woken(state, now_ns)
            case ex.ExchangeUnavailable(call="OpenMarketStream", text=text):
                again = WakeAt(at_ns=now_ns + OPEN_AGAIN_NS, label=OPEN)
                note = Note(level="WARNING", text=f"no market stream: {text}")
                return state, (note, *failed_reading.told(message), again)
            case ex.ExchangeUnavailable(text=text):
                note = Note(level="WARNING", text=f"bars cannot be read: {text}")
                return state, (note, *failed_reading.told(message))
            case _:
                return state, (Note(level="DEBUG", text=f"nothing to do for {type(message).__name__}"),)

    def _stream(self) -> Request:
        return Request(port="exchange", call=ex.OpenMarketStream(symbol=self.symbol))

    # --- live --------------------------------------------------------------------------------------------------------

    def _bar(self, state: State, bar: Bar, now_ns: int) -> Step[State]:
        heard = mk.BarClosed(bar=bar, observed_at_ns=now_ns)
        state = replace(state, heard_ns=now_ns)
        if state.last_ns is None or bar.open_time_ns == state.last_ns + MINUTE_NS:
            return self._pass_on(state, (heard,))
        if bar.open_time_ns <= state.last_ns:
            return state, ()
        state = replace(state, ahead=(*state.ahead, heard))
        return self._fetch(state, now_ns)

    def _pass_on(self, state: State, told: tuple[mk.BarClosed, ...]) -> Step[State]:
        state, kept = _keep(state, tuple(one.bar for one in told))
        sent = tuple(Send(to="strategy", message=one) for one in told)
        state = replace(state, last_ns=told[-1].bar.open_time_ns)
        return state, (*sent, kept, Publish(phase="LIVE", extra={"last_bar_ns": state.last_ns}))

    def _opened(self, state: State, now_ns: int) -> Step[State]:
        """The stream is up: what was missed while it was down comes first."""
        state = replace(state, is_up=True)
        if state.last_ns is None:
            return state, (_restored(), Publish(phase="LIVE"))
        return self._fetch(state, now_ns)

    def _lost(self, state: State, reason: str) -> Step[State]:
        lost = Send(to="executor", message=mk.MarketDataLost(reason=reason))
        since_ns = state.heard_ns if state.lost_ns is None else state.lost_ns
        return replace(state, is_up=False, lost_ns=since_ns), (lost, Publish(phase="LOST", extra={"reason": reason}))

    def _woken(self, state: State, now_ns: int) -> Step[State]:
        effects: list[Effect] = [_watch(now_ns)]
        since = state.fetching_since_ns
        if state.is_up and since is None and state.last_ns is not None:
            effects.append(_restored())  # said again and again: one that was lost would silence the executor for ever
        if since is not None and now_ns - since > ANSWER_NS:
            state, asked = self._fetch(replace(state, fetching_since_ns=None), now_ns)
            effects += asked
        return state, tuple(effects)

    # --- reading what is lacking -------------------------------------------------------------------------------------

    def _fetch(self, state: State, now_ns: int) -> Step[State]:
        if state.fetching_since_ns is not None:
            return state, ()
        next_ns = self._next_wanted(state)
        limit = PAGE if next_ns is not None or state.wanted is None else state.wanted.at_least
        call = ex.FetchBars(
            symbol=self.symbol,
            timeframe=self.timeframe,
            from_open_time_ns=next_ns,
            until_open_time_ns=None,
            limit=limit,
        )
        return replace(state, fetching_since_ns=now_ns), (Request(port="exchange", call=call),)

    def _next_wanted(self, state: State) -> int | None:
        if state.wanted is not None:
            return state.history[-1].open_time_ns + MINUTE_NS if state.history else state.wanted.from_open_time_ns
        return None if state.last_ns is None else state.last_ns + MINUTE_NS

    def _fetched(self, state: State, bars: tuple[Bar, ...], now_ns: int) -> Step[State]:
        state = replace(state, fetching_since_ns=None)
        if state.wanted is not None:
            return self._history_grew(state, bars, now_ns)
        return self._gap_closed(state, bars, now_ns)

    def _gap_closed(self, state: State, bars: tuple[Bar, ...], now_ns: int) -> Step[State]:
        new = _continuing(state.last_ns, (*bars, *(one.bar for one in state.ahead)))
        more = len(bars) >= PAGE
        told, state = _timed(state, new), replace(state, ahead=())
        effects: list[Effect] = []
        if told:
            state, passed = self._pass_on(state, told)
            effects += passed
        if more:
            state, asked = self._fetch(state, now_ns)
            effects += asked
        elif state.is_up:
            state = replace(state, lost_ns=None)
            effects.append(_restored())
        return state, tuple(effects)

    # --- history for the strategy ------------------------------------------------------------------------------------

    def _history(self, state: State, wanted: mk.HistoryWanted, now_ns: int) -> Step[State]:
        if state.wanted is not None:
            return state, ()
        state = replace(state, wanted=wanted, history=())
        if wanted.from_open_time_ns is None:
            return self._fetch(state, now_ns)
        return state, (Request(port="bars", call=mk.ReadBars(from_open_time_ns=wanted.from_open_time_ns)),)

    def _of_the_log(self, state: State, word: mk.BarsRead | mk.BarsNotKept, now_ns: int) -> Step[State]:
        if isinstance(word, mk.BarsRead):
            return self._from_log(state, word.bars, now_ns)
        note = Note(level="WARNING", text=f"bars are not kept: {word.text}")
        return replace(state, unkept=word.bars[-PAGE:]), (note,)

    def _from_log(self, state: State, bars: tuple[Bar, ...], now_ns: int) -> Step[State]:
        if state.wanted is None or state.wanted.from_open_time_ns is None:
            return state, ()
        first = state.wanted.from_open_time_ns - MINUTE_NS
        return self._fetch(replace(state, history=_continuing(first, bars)), now_ns)

    def _history_grew(self, state: State, bars: tuple[Bar, ...], now_ns: int) -> Step[State]:
        assert state.wanted is not None
        start = state.wanted.from_open_time_ns
        before = state.history[-1].open_time_ns if state.history else None if start is None else start - MINUTE_NS
        new = _continuing(before, bars)
        state = replace(state, history=(*state.history, *new))
        kept: tuple[Effect, ...] = ()
        if new:
            state, keeping = _keep(state, new)
            kept = (keeping,)
        if start is not None and len(bars) >= PAGE:
            state, asked = self._fetch(state, now_ns)
            return state, (*kept, *asked)
        return self._deliver(state, kept)

    def _deliver(self, state: State, effects: tuple[Effect, ...]) -> Step[State]:
        bars = state.history
        chunks = [bars[at : at + CHUNK] for at in range(0, len(bars), CHUNK)] or [()]
        sent = tuple(
            Send(to="strategy", message=mk.HistoryDelivered(bars=chunk, is_last=chunk is chunks[-1]))
            for chunk in chunks
        )
        last = bars[-1].open_time_ns if bars else None
        newest = max((at for at in (state.last_ns, last) if at is not None), default=None)
        return replace(state, wanted=None, history=(), last_ns=newest), (*effects, *sent)


def _keep(state: State, bars: tuple[Bar, ...]) -> tuple[State, Request]:
    """These, and what could not be kept before."""
    return replace(state, unkept=()), Request(port="bars", call=mk.AppendBars(bars=(*state.unkept, *bars)))


def _timed(state: State, bars: tuple[Bar, ...]) -> tuple[mk.BarClosed, ...]:
    """Each with when it was heard, or since when it must have closed."""
    heard = {one.bar.open_time_ns: one.observed_at_ns for one in state.ahead}
    return tuple(mk.BarClosed(bar=bar, observed_at_ns=heard.get(bar.open_time_ns, state.lost_ns)) for bar in bars)


def _continuing(last_ns: int | None, bars: tuple[Bar, ...]) -> tuple[Bar, ...]:
    """The bars that follow `last_ns` without a gap; older and repeated ones are left out."""
    run: list[Bar] = []
    for bar in bars:
        if last_ns is None or bar.open_time_ns == last_ns + MINUTE_NS:
            run.append(bar)
            last_ns = bar.open_time_ns
    return tuple(run)


def _restored() -> Send:
    return Send(to="executor", message=mk.MarketDataRestored())


def _watch(now_ns: int) -> WakeAt:
    return WakeAt(at_ns=now_ns + WATCH_MS * MS, label="watch")
