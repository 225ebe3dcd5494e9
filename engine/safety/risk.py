"""Risk gate: the one function every order passes before it becomes an intent (C17). First the state, then the size.

`judge` asks an ordered table; the first rule that objects is the answer, and its text names the limit and the value.
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
from engine.safety.readiness import Readiness

MS = 1_000_000
PERCENT = Decimal(100)


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
    objection: Callable[[Case], str | None]
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
        if reason := rule.objection(case):
            return Verdict(decision_id=decision_id, rule=rule.name, reason=reason, may_pass=rule.may_pass)
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


def _panic(case: Case) -> str | None:
    return "panic" if case.book.is_panicked else None


def _breaker(case: Case) -> str | None:
    breaker = case.book.breaker
    return None if breaker.level is Level.GREEN else f"breaker is {breaker.level}: {breaker.cause}"


def _disabled(case: Case) -> str | None:
    failed, most = case.book.entries_failed, case.limits.most_entry_failures
    return f"{failed} entries failed in a row; the limit is {most}" if failed >= most else None


def _snapshot(case: Case) -> str | None:
    return None if case.ready.has_snapshot else "the exchange's state is not known yet"


def _reconciliation(case: Case) -> str | None:
    state = case.book.reconciliation
    return None if state == "HEALTHY" else f"reconciliation is {state}"


def _reconciliation_age(case: Case) -> str | None:
    return _too_old("reconciliation", case.ready.reconciled_at_ns, case.limits.reconciliation_valid_ms, case.now_ns)


def _user_stream(case: Case) -> str | None:
    return None if case.ready.user_stream_up else "the user stream is down"


def _market_data(case: Case) -> str | None:
    return None if case.ready.market_up else "market data is not contiguous"


def _stale_data(case: Case) -> str | None:
    return _too_old("the mark price", case.ready.mark_at_ns, case.limits.stale_data_ms, case.now_ns)


def _lease(case: Case) -> str | None:
    until = case.ready.leased_until_ns
    return "the instrument is not leased to us" if until is None or until <= case.now_ns else None


def _duplicate(case: Case) -> str | None:
    name = case.order.client_order_id
    return f"{name} was made before" if name in case.book.orders else None


def _one_position(case: Case) -> str | None:
    return "a position is open" if case.book.trade is not None else None


def _one_order(case: Case) -> str | None:
    open_ones = case.book.open_orders()
    return f"{open_ones[0].client_order_id} is {open_ones[0].status}" if open_ones else None


def _entry_rate(case: Case) -> str | None:
    sent, most = case.book.pace.entries_a_minute(case.now_ns), case.limits.max_entries_a_minute
    return f"{sent} entries within a minute; the limit is {most}" if sent >= most else None


def _order_rate(case: Case) -> str | None:
    sent, most = case.book.pace.orders_a_minute(case.now_ns), case.limits.max_orders_a_minute
    return f"{sent} orders within a minute; the limit is {most}" if sent >= most else None


def _daily_loss(case: Case) -> str | None:
    lost, most = lost_today(case.book, case.equity), case.limits.max_daily_loss
    return f"{lost:.2f} lost today; the limit is {most}" if lost >= most else None


def _drawdown(case: Case) -> str | None:
    drawdown, most = drawdown_of(case.book, case.equity), case.limits.max_drawdown
    return f"drawdown of {_percent(drawdown)}; the limit is {_percent(most)}" if drawdown >= most else None


# --- the size --------------------------------------------------------------------------------------------------------


def _minimum_size(case: Case) -> str | None:
    assert case.book.instrument is not None
    return case.book.instrument.shortfall(case.order.quantity, case.price)


def _notional(case: Case) -> str | None:
    value, limit = case.notional, case.limits.max_notional
    return _above(value, limit, f"notional {value} is above the limit of {limit}")


def _quantity(case: Case) -> str | None:
    value, limit = case.order.quantity, case.limits.max_quantity
    return _above(value, limit, f"quantity {value} is above the limit of {limit}")


def _leverage(case: Case) -> str | None:
    value, limit = case.leverage, case.limits.max_leverage
    return _above(value, limit, f"leverage {value} is above the limit of {limit}")


def _exposure(case: Case) -> str | None:
    if case.equity <= 0:
        return f"equity is {case.equity}"
    value, limit = case.notional / case.equity, case.limits.max_leverage
    return _above(value, limit, f"exposure of {value:.2f} times the equity; the limit is {limit}")


def _concentration(case: Case) -> str | None:
    value, limit = case.margin / case.equity, case.limits.max_concentration
    return _above(value, limit, f"{_percent(value)} of the equity would be margin here; the limit is {_percent(limit)}")


def _balance(case: Case) -> str | None:
    assert case.book.instrument is not None
    value, limit = case.margin + case.notional * case.book.instrument.taker_fee, case.ready.available_balance
    return _above(value, limit, f"margin and fee of {value} are more than the available balance of {limit}")


def _price_band(case: Case) -> str | None:
    value, limit = abs(_moved(case)), case.limits.price_band
    return _above(
        value, limit, f"the mark is {_percent(value)} from the signal's close; the limit is {_percent(limit)}"
    )


def _slippage(case: Case) -> str | None:
    """What would be paid already now, compared with what the play saw."""
    value, limit = case.order.side.sign * _moved(case), case.limits.max_slippage
    return _above(value, limit, f"expected slippage of {_percent(value)}; the limit is {_percent(limit)}")


def _moved(case: Case) -> Decimal:
    return Decimal(0) if case.ready.mark is None else case.ready.mark / case.price - 1


def _above(value: Decimal | int, limit: Decimal | int, text: str) -> str | None:
    return text if value > limit else None


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
    Rule(name="symbol_status", objection=lambda case: case.ready.symbol_objection),
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


def _too_old(what: str, at_ns: int | None, limit_ms: int, now_ns: int) -> str | None:
    if at_ns is None:
        return f"{what} was never seen"
    age_ms = (now_ns - at_ns) // MS
    return f"{what} is {age_ms} ms old; the limit is {limit_ms} ms" if age_ms > limit_ms else None


def _percent(share: Decimal) -> str:
    return f"{share * PERCENT:.2f} %"
