"""Recovery: how an executor comes to life. The journal's fold first, then the exchange, then a new epoch of its own.

Nothing is planned before the exchange's state was seen once: until then every open order is in doubt.
"""

from __future__ import annotations

from actors.executor_state import State
from actors.turn import Turn, is_grave
from engine import checkpoint
from engine.book.fold import apply
from engine.book.state import Book
from engine.machine import Effect, Note, Publish, Request, Send, Step, WakeAt
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.messages import facts
from engine.messages.account import InstrumentReleased
from engine.safety import alarms, loosening
from engine.safety.alarms import Vitals
from engine.safety.breaker import Level

MS = 1_000_000
TICK_MS = 100
LEASE_EVERY_NS = 1_000_000_000
STORE_RETRY_MS = 1_000


def recover(turn: Turn, message: ct.JournalRead) -> None:
    """The fold of the journal is the state; then the exchange is asked about everything that is open."""
    book, vitals = Book(), Vitals()
    grave = None
    for recorded_at_ns, event in message.events:
        if isinstance(event, facts.Checkpoint):
            book = checkpoint.book_of(event)
            turn.change(limits_before=event.limits)
            continue
        book = apply(book, event, recorded_at_ns)
        vitals = alarms.after_event(vitals, event, book, recorded_at_ns)
        grave = (recorded_at_ns, event) if is_grave(event) else grave
        if isinstance(event, facts.LimitsSet):
            turn.change(limits_before=event.limits)
    if grave is not None and (book.is_panicked or book.breaker.level is Level.RED):
        turn.report(grave[1], grave[0])  # we may have died before it was written
    failed = turn.state.store_failed
    turn.change(book=book, vitals=alarms.heard(vitals, turn.now_ns), is_recovered=True, store_failed="")
    turn.change(notified_at_ns=dict.fromkeys(book.outbox, 0))  # an earlier life may have sent them
    if failed:  # before anything is asked for: what can be read may still not be written
        turn.happen(facts.StoreRegained(text=failed))
    if book.waiting_bar_ns is not None:
        turn.happen(ev.SignalFiltered(bar_open_time_ns=book.waiting_bar_ns, reason="restarted while it waited"))
    prepare(turn)
    if _needs_the_instrument(book):
        ask_for_lease(turn)
    tick_again(turn)
    for order in book.open_orders():
        turn.doubt(order)


def prepare(turn: Turn) -> None:
    settings = turn.state.settings
    turn.do(Request(port="exchange", call=ex.PrepareInstrument(symbol=settings.symbol, leverage=settings.leverage)))


def try_the_store_again(turn: Turn, message: ct.Woken) -> None:
    if message.label == "store":
        turn.do(Request(port="journal", call=ct.ReadJournal()))


def look_after_lease(turn: Turn) -> None:
    """Asked for in time. One that may open nothing and holds nothing gives its instrument up: what stands there belongs
    to somebody whom our lease keeps from protecting it."""
    leased = turn.state.ready.leased_until_ns
    if not _needs_the_instrument(turn.book):
        if leased is not None:
            _give_up_lease(turn)
    elif leased is None or leased - turn.now_ns < 2 * LEASE_EVERY_NS:
        _ask_for_lease_sometimes(turn)


def _needs_the_instrument(book: Book) -> bool:
    is_halted = book.is_panicked or book.breaker.level is Level.RED
    return not is_halted or book.trade is not None or _may_hold(book)


def _may_hold(book: Book) -> bool:
    """An entry that is under way, or whose fate nobody knows, may have opened a position by now."""
    return bool(book.position_quantity) or bool(book.open_orders())


def _give_up_lease(turn: Turn) -> None:
    settings = turn.state.settings
    released = InstrumentReleased(instance=settings.instance, account=settings.account, symbol=settings.symbol)
    turn.do(Send(to="account.leases", message=released))
    turn.ready(leased_until_ns=None)


def _ask_for_lease_sometimes(turn: Turn) -> None:
    if turn.now_ns // LEASE_EVERY_NS != (turn.now_ns - TICK_MS * MS) // LEASE_EVERY_NS:
        ask_for_lease(turn)


def ask_for_lease(turn: Turn) -> None:
    settings = turn.state.settings
    wanted = ct.InstrumentWanted(
        instance=settings.instance,
        account=settings.account,
        symbol=settings.symbol,
        reply_to="executor",
        epoch=turn.state.epoch or 0,
        asked_at_ns=turn.now_ns,
    )
    turn.do(Send(to="account.leases", message=wanted))


def prepared(turn: Turn, message: ex.InstrumentPrepared) -> None:
    turn.change(prepared=message)
    open_stream(turn)
    turn.fetch_fills()
    _begin(turn)


def open_stream(turn: Turn) -> None:
    """Asked for until it is there: the adapter keeps it up by itself only once it was told to."""
    turn.do(Request(port="exchange", call=ex.OpenUserStream(symbol=turn.state.settings.symbol)))


def granted(turn: Turn, message: ct.InstrumentGranted) -> None:
    """An answer that lay about while this process stood still is good from its asking, not from now."""
    turn.ready(leased_until_ns=(message.asked_at_ns or turn.now_ns) + message.valid_for_ns, leased_to="")
    turn.change(epoch=message.epoch)
    _begin(turn)


def _begin(turn: Turn) -> None:
    """A new life, once the instrument is known and the fencing epoch is ours."""
    prepared, epoch, settings = turn.state.prepared, turn.state.epoch, turn.state.settings
    if prepared is None or epoch is None or epoch == turn.book.epoch:
        return
    turn.happen(
        ev.InstanceStarted(
            instance=settings.instance,
            play=settings.play,
            play_hash=settings.play_hash,
            epoch=epoch,
            starting_equity=settings.capital,
            instrument=prepared.instrument,
        )
    )
    _set_limits(turn)
    turn.do(Send(to="reconciler", message=ct.ReconcileNow(reason="started", is_urgent=True)))


def _set_limits(turn: Turn) -> None:
    """By which limits this life trades, when they are others than before. Looser ones over what is a position, or may
    be, need a person's word; without one a person must look.
    """
    settings, before = turn.state.settings, turn.state.limits_before
    limits, word = loosening.as_text(settings.limits), settings.loosening
    if limits == before:
        return
    looser = loosening.loosened(before, limits) if _may_hold(turn.book) else ()
    said = {"reason": word.reason, "operator": word.operator} if looser and word else {}
    turn.happen(facts.LimitsSet(limits=limits, loosened=looser, **said))
    turn.change(limits_before=limits)
    if looser and word is None:
        text = f"looser over an open position, and nobody said why: {'; '.join(looser)}"
        turn.happen(ev.BreakerTripped(level=Level.RED.value, cause="limits loosened", text=text))


def lease_refused(turn: Turn, message: ct.InstrumentRefused) -> None:
    turn.ready(leased_until_ns=None, leased_to=message.holder)
    turn.do(Note(level="WARNING", text=f"{message.symbol} is traded by {message.holder}"))


def store_lost(turn: Turn, message: ct.RecordFailed) -> Step[State]:
    """Nothing of the failed record happened. The book in memory is ahead of the disk, so it is read anew."""
    effects: tuple[Effect, ...] = (
        Note(level="CRITICAL", text=f"the journal cannot be written: {message.text}"),
        WakeAt(at_ns=turn.now_ns + STORE_RETRY_MS * MS, label="store"),
        Publish(phase="HALTED", extra={"store_failed": message.text}),
    )
    return State(settings=turn.state.settings, store_failed=message.text), effects


def tick_again(turn: Turn) -> None:
    turn.do(WakeAt(at_ns=turn.now_ns + TICK_MS * MS, label="tick"))
