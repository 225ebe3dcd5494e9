"""Risk gate: the one function every order passes before it becomes an intent (C17). First the state, then the size.

`judge` asks an ordered table; the first rule that objects is the answer, with the value found and the limit it breaks.
A rule that `may_pass` speaks of something that heals by itself (a stream, a lease): the entry waits for it, within its
age. Orders that only reduce need no permission, but they must really reduce: `check_reduction`.
The last look, at what may change without a message, is taken at the moment of sending (`engine.safety.gate`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from engine import ids
from engine import ledger as ledgers
from engine.book.state import Book
from engine.errors import InvariantViolated
from engine.order import Order
from engine.safety.breaker import Level
from engine.safety.limits import Limits
from engine.safety.objection import Objection, above, needs, reached, share, too_old
from engine.safety.readiness import Readiness

MS = 1_000_000
ONE = "the limit is one position, and one entry for it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An entry to be judged, and all that is known. `order.reference_price` is the close the play decided at."""

    order: Order
    leverage: int
    book: Book
    ready: Readiness
    limits: Limits
    now_ns: int

    @property
    def price(self) -> Decimal:
        assert self.order.reference_price is not None
        return self.order.reference_price

    @property
    def notional(self) -> Decimal:
        return self.order.quantity * self.price

    @property
    def equity(self) -> Decimal:
        return ledgers.equity(self.book.ledger, self.ready.mark)

    @property
    def margin(self) -> Decimal:
        return self.notional / self.leverage


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One question: why not? None means nothing is against it."""

    name: str
    objection: Callable[[Case], Objection | None]
    may_pass: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`rule` and `reason` are empty when approved; `decision_id` goes into the journal either way."""

    decision_id: str
    rule: str = ""
    reason: str = ""
    may_pass: bool = False

    @property
    def is_approved(self) -> bool:
        return not self.rule


def judge(case: Case) -> Verdict:
    """May this entry be sent?"""
    decision_id = decision_id_of(case.book)
    for rule in RULES:
        if objection := rule.objection(case):
            return Verdict(decision_id=decision_id, rule=rule.name, reason=str(objection), may_pass=rule.may_pass)
    return Verdict(decision_id=decision_id)


def decision_id_of(book: Book) -> str:
    """Unique in a journal: a decision is made at one length of it."""
    return f"r{ids.base36(book.epoch)}-{ids.base36(book.sequence)}"


def check_reduction(order: Order, book: Book) -> str:
    """The approval of an order that reduces. One that would not is a defect of ours."""
    held = book.position_quantity
    if order.purpose.opens_position or not order.is_reduce_only:
        raise InvariantViolated(f"{order.client_order_id} may open a position and was not judged")
    if order.quantity > abs(held) or order.side.sign * held >= 0:
        raise InvariantViolated(f"{order.client_order_id} {order.side} {order.quantity} does not reduce {held}")
    return decision_id_of(book)


# --- the state -------------------------------------------------------------------------------------------------------


def _panic(case: Case) -> Objection | None:
    return needs("panic is latched", "entries need it released by a person", not case.book.is_panicked)


def _breaker(case: Case) -> Objection | None:
    breaker = case.book.breaker
    return needs(f"breaker is {breaker.level}: {breaker.cause}", "entries need GREEN", breaker.level is Level.GREEN)


def _disabled(case: Case) -> Objection | None:
    return reached(case.book.entries_failed, case.limits.most_entry_failures, "entries failed in a row")


def _snapshot(case: Case) -> Objection | None:
    text = "the exchange's state is not known yet"
    return needs(text, "entries need one whole reading of it", case.ready.has_snapshot)


def _reconciliation(case: Case) -> Objection | None:
    state = case.book.reconciliation
    return needs(f"reconciliation is {state}", "entries need HEALTHY", state == "HEALTHY")


def _reconciliation_age(case: Case) -> Objection | None:
    return too_old("reconciliation", case.ready.reconciled_at_ns, case.limits.reconciliation_valid_ms, case.now_ns)


def _user_stream(case: Case) -> Objection | None:
    return needs("the user stream is down", "entries need it up", case.ready.user_stream_up)


def _market_data(case: Case) -> Objection | None:
    return needs("market data is not contiguous", "entries need every bar", case.ready.market_up)


def _stale_data(case: Case) -> Objection | None:
    return too_old("the mark price", case.ready.mark_at_ns, case.limits.stale_data_ms, case.now_ns)


def _symbol_status(case: Case) -> Objection | None:
    status = case.ready.symbol_status
    return needs(f"the exchange says the instrument is {status}", "entries need it to be trading", not status)


def _lease(case: Case) -> Objection | None:
    until, need = case.ready.leased_until_ns, "entries need a lease that runs"
    if until is None:
        return Objection(value="the instrument was never leased to us", limit=need)
    return needs(f"our lease of the instrument ran out {(case.now_ns - until) // MS} ms ago", need, until > case.now_ns)


def _duplicate(case: Case) -> Objection | None:
    name = case.order.client_order_id
    return needs(f"{name} was made before", "an order is made once", name not in case.book.orders)


def _one_position(case: Case) -> Objection | None:
    trade = case.book.trade
    return None if trade is None else Objection(value=f"the position of trade {trade.number} is open", limit=ONE)


def _one_order(case: Case) -> Objection | None:
    open_ones = case.book.open_orders()
    return Objection(value=f"{open_ones[0].client_order_id} is {open_ones[0].status}", limit=ONE) if open_ones else None


def _entry_rate(case: Case) -> Objection | None:
    sent, most = case.book.pace.entries_a_minute(case.now_ns), case.limits.max_entries_a_minute
    return reached(sent, most, "entries within a minute")


def _order_rate(case: Case) -> Objection | None:
    sent, most = case.book.pace.orders_a_minute(case.now_ns), case.limits.max_orders_a_minute
    return reached(sent, most, "orders within a minute")


def _daily_loss(case: Case) -> Objection | None:
    lost, most = lost_today(case.book, case.equity), case.limits.max_daily_loss
    return Objection(value=f"{lost:.2f} lost today", limit=f"the limit is {most}") if lost >= most else None


def _drawdown(case: Case) -> Objection | None:
    drawdown, most = drawdown_of(case.book, case.equity), case.limits.max_drawdown
    return share("drawdown of", drawdown, most) if drawdown >= most else None


# --- the size --------------------------------------------------------------------------------------------------------


def _minimum_size(case: Case) -> Objection | None:
    assert case.book.instrument is not None
    short = case.book.instrument.shortfall(case.order.quantity, case.price)
    return None if short is None else Objection(value=short[0], limit=short[1])


def _notional(case: Case) -> Objection | None:
    return above("notional", case.notional, case.limits.max_notional)


def _quantity(case: Case) -> Objection | None:
    return above("quantity", case.order.quantity, case.limits.max_quantity)


def _leverage(case: Case) -> Objection | None:
    return above("leverage", case.leverage, case.limits.max_leverage)


def _exposure(case: Case) -> Objection | None:
    limit = case.limits.max_leverage
    if case.equity <= 0:
        return Objection(value=f"equity is {case.equity}", limit=f"the limit of exposure is {limit} times the equity")
    return above("exposure in times of the equity is", round(case.notional / case.equity, 4), limit)


def _concentration(case: Case) -> Objection | None:
    value, limit = case.margin / case.equity, case.limits.max_concentration
    return share("margin here as a share of the equity would be", value, limit) if value > limit else None


def _balance(case: Case) -> Objection | None:
    assert case.book.instrument is not None
    wanted, there = case.margin + case.notional * case.book.instrument.taker_fee, case.ready.available_balance
    limit = f"the available balance is {there}"
    return Objection(value=f"margin and fee would be {wanted}", limit=limit) if wanted > there else None


def _price_band(case: Case) -> Objection | None:
    value, limit = abs(_moved(case)), case.limits.price_band
    return share("the mark's distance from the signal's close is", value, limit) if value > limit else None


def _slippage(case: Case) -> Objection | None:
    """What would be paid already now, compared with what the play saw."""
    value, limit = case.order.side.sign * _moved(case), case.limits.max_slippage
    return share("expected slippage of", value, limit) if value > limit else None


def _moved(case: Case) -> Decimal:
    return Decimal(0) if case.ready.mark is None else case.ready.mark / case.price - 1


RULES = (
    Rule(name="panic", objection=_panic),
    Rule(name="breaker", objection=_breaker),
    Rule(name="disabled", objection=_disabled),
    Rule(name="snapshot", objection=_snapshot, may_pass=True),
    Rule(name="reconciliation", objection=_reconciliation, may_pass=True),
    Rule(name="reconciliation_age", objection=_reconciliation_age, may_pass=True),
    Rule(name="user_stream", objection=_user_stream, may_pass=True),
    Rule(name="market_data", objection=_market_data, may_pass=True),
    Rule(name="stale_data", objection=_stale_data, may_pass=True),
    Rule(name="symbol_status", objection=_symbol_status),
    Rule(name="lease", objection=_lease, may_pass=True),
    Rule(name="duplicate", objection=_duplicate),
    Rule(name="one_position", objection=_one_position),
    Rule(name="one_order", objection=_one_order),
    Rule(name="entry_rate", objection=_entry_rate),
    Rule(name="order_rate", objection=_order_rate),
    Rule(name="daily_loss", objection=_daily_loss),
    Rule(name="drawdown", objection=_drawdown),
    Rule(name="minimum_size", objection=_minimum_size),
    Rule(name="notional", objection=_notional),
    Rule(name="quantity", objection=_quantity),
    Rule(name="leverage", objection=_leverage),
    Rule(name="exposure", objection=_exposure),
    Rule(name="concentration", objection=_concentration),
    Rule(name="balance", objection=_balance),
    Rule(name="price_band", objection=_price_band),
    Rule(name="slippage", objection=_slippage),
)


def lost_today(book: Book, equity: Decimal) -> Decimal:
    """What equity lacks of what it was when the day began; negative after a good day."""
    return Decimal(0) if book.day_start_equity is None else book.day_start_equity - equity


def drawdown_of(book: Book, equity: Decimal) -> Decimal:
    """The share of the highest equity that is gone."""
    return 1 - equity / book.peak_equity if book.peak_equity > 0 else Decimal(0)
