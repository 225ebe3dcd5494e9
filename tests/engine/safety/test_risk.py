"""The risk gate, rule by rule: what each refuses, that its text names limit and value, and what it lets through."""

from dataclasses import replace

import pytest

from engine.book.state import Book
from engine.errors import InvariantViolated
from engine.instrument import Instrument
from engine.ledger import Ledger
from engine.order import OrderPurpose, OrderStatus, Side
from engine.safety import risk
from engine.safety.breaker import Breaker, Level
from engine.safety.limits import Limits
from engine.safety.pace import Pace
from engine.safety.readiness import Readiness
from engine.safety.risk import Case, judge
from tests.builders import BTC, MS, NOW_NS, SECOND_NS, D, an_order, folded, opened, started

READY = Readiness(
    has_snapshot=True, user_stream_up=True, mark=D(40_000), mark_at_ns=NOW_NS, reconciled_at_ns=NOW_NS,
    leased_until_ns=NOW_NS + SECOND_NS, available_balance=D(10_000),
)  # fmt: skip
BOOK = replace(folded([started()]), reconciliation="HEALTHY", day_start_equity=D(10_000))
ORDER = an_order(reference_price=D(40_000))


def a_case(*, order=None, book=None, ready=None, limits=None, leverage=2):
    return Case(
        order=replace(ORDER, **(order or {})),
        book=replace(BOOK, **(book or {})),
        ready=replace(READY, **(ready or {})),
        limits=replace(Limits(), **(limits or {})),
        leverage=leverage,
        now_ns=NOW_NS,
    )


def test_an_entry_with_nothing_against_it_is_approved_with_an_id():
    verdict = judge(a_case())

    assert verdict.is_approved
    assert verdict.decision_id == "r1-1"


OBJECTIONS = [
    ("panic", {"book": {"is_panicked": True}}, "panic"),
    ("breaker", {"book": {"breaker": Breaker(level=Level.YELLOW, cause="storm")}}, "breaker is YELLOW: storm"),
    ("breaker", {"book": {"breaker": Breaker(level=Level.RED, cause="ghost")}}, "breaker is RED: ghost"),
    ("disabled", {"book": {"entries_failed": 10}}, "10 entries failed in a row; the limit is 10"),
    ("snapshot", {"ready": {"has_snapshot": False}}, "the exchange's state is not known yet"),
    ("reconciliation", {"book": {"reconciliation": "WARNING"}}, "reconciliation is WARNING"),
    (
        "reconciliation_age",
        {"ready": {"reconciled_at_ns": NOW_NS - 20_001 * MS}},
        "reconciliation is 20001 ms old; the limit is 20000 ms",
    ),
    ("reconciliation_age", {"ready": {"reconciled_at_ns": None}}, "reconciliation was never seen"),
    ("user_stream", {"ready": {"user_stream_up": False}}, "the user stream is down"),
    ("market_data", {"ready": {"market_up": False}}, "market data is not contiguous"),
    (
        "stale_data",
        {"ready": {"mark_at_ns": NOW_NS - 10_001 * MS}},
        "the mark price is 10001 ms old; the limit is 10000 ms",
    ),
    ("stale_data", {"ready": {"mark_at_ns": None}}, "the mark price was never seen"),
    ("symbol_status", {"ready": {"symbol_status": "HALT"}}, "the exchange says the instrument is HALT"),
    ("lease", {"ready": {"leased_until_ns": NOW_NS}}, "the instrument is not leased to us"),
    ("lease", {"ready": {"leased_until_ns": None}}, "the instrument is not leased to us"),
    ("entry_rate", {"book": {"pace": Pace(entries=(NOW_NS,) * 30)}}, "30 entries within a minute; the limit is 30"),
    ("order_rate", {"book": {"pace": Pace(recent=(NOW_NS,) * 240)}}, "240 orders within a minute; the limit is 240"),
    ("daily_loss", {"book": {"day_start_equity": D(12_000)}}, "2000.00 lost today; the limit is 2000"),
    ("drawdown", {"book": {"peak_equity": D(20_000)}}, "drawdown of 50.00 %; the limit is 50.00 %"),
    ("minimum_size", {"order": {"quantity": D("0.002")}}, "notional 80.000 is below BTC/USDT:USDT's minimum of 100"),
    ("minimum_size", {"order": {"quantity": D(0)}}, "quantity 0 is below BTC/USDT:USDT's minimum of 0.001"),
    ("notional", {"limits": {"max_notional": D(3_999)}}, "notional 4000.0 is above the limit of 3999"),
    ("quantity", {"limits": {"max_quantity": D("0.09")}}, "quantity 0.1 is above the limit of 0.09"),
    ("leverage", {"leverage": 6}, "leverage 6 is above the limit of 5"),
    ("exposure", {"order": {"quantity": D("1.26")}, "limits": {"max_notional": D(10**6)}}, "exposure of 5.04 times"),
    (
        "exposure",
        {
            "book": {"ledger": Ledger(starting_equity=D(0))},
            "limits": {"max_drawdown": D(2), "max_daily_loss": D(99_999)},
        },
        "equity is 0",
    ),
    (
        "concentration",
        {"limits": {"max_concentration": D("0.19")}},
        "20.00 % of the equity would be margin here; the limit is 19.00 %",
    ),
    (
        "balance",
        {"ready": {"available_balance": D(2_001)}},
        "margin and fee of 2002.00000 are more than the available balance of 2001",
    ),
    ("price_band", {"ready": {"mark": D(39_199)}}, "the mark is 2.00 % from the signal's close; the limit is 2.00 %"),
    ("slippage", {"ready": {"mark": D(40_201)}}, "expected slippage of 0.50 %; the limit is 0.50 %"),
    ("slippage", {"ready": {"mark": D(39_799)}, "order": {"side": Side.SELL}}, "expected slippage of 0.50 %"),
]


@pytest.mark.parametrize(("rule", "fault", "text"), OBJECTIONS)
def test_each_rule_refuses_and_names_the_limit_and_the_value(rule, fault, text):
    verdict = judge(a_case(**fault))

    assert verdict.rule == rule
    assert text in verdict.reason
    assert verdict.decision_id


BARELY = [
    {"ready": {"reconciled_at_ns": NOW_NS - 20_000 * MS}},
    {"ready": {"mark_at_ns": NOW_NS - 10_000 * MS}},
    {"ready": {"leased_until_ns": NOW_NS + 1}},
    {"book": {"entries_failed": 9}},
    {"book": {"pace": Pace(entries=(NOW_NS,) * 29)}},
    {"book": {"pace": Pace(entries=(NOW_NS - 60 * SECOND_NS,) * 30)}},
    {"book": {"pace": Pace(recent=(NOW_NS,) * 239)}},
    {"book": {"day_start_equity": D("11_999.99")}},
    {"book": {"peak_equity": D("19_999.99")}},
    {"order": {"quantity": D("0.003")}},
    {"limits": {"max_notional": D(4_000)}},
    {"limits": {"max_quantity": D("0.1")}},
    {"leverage": 5},
    {"order": {"quantity": D("1.25")}, "leverage": 5, "ready": {"available_balance": D(10_025)}},
    {"limits": {"max_concentration": D("0.2")}},
    {"ready": {"available_balance": D(2_002)}},
    {"ready": {"mark": D(39_200)}},
    {"ready": {"mark": D(40_200)}},
    {"ready": {"mark": D(39_800)}, "order": {"side": Side.SELL}},
    {"book": {"day_start_equity": None}},
]


@pytest.mark.parametrize("case", BARELY, ids=repr)
def test_at_its_limit_each_rule_lets_the_entry_through(case):
    assert judge(a_case(**case)).is_approved


def test_the_same_order_again_is_a_duplicate():
    book = replace(folded([*opened()]), reconciliation="HEALTHY", trade=None)

    assert (
        judge(Case(order=ORDER, book=book, ready=READY, limits=Limits(), leverage=2, now_ns=NOW_NS)).rule == "duplicate"
    )


def test_beside_an_open_position_nothing_is_opened():
    book = replace(folded(opened()), reconciliation="HEALTHY")
    order = replace(ORDER, client_order_id="another")

    assert (
        judge(Case(order=order, book=book, ready=READY, limits=Limits(), leverage=2, now_ns=NOW_NS)).rule
        == "one_position"
    )


@pytest.mark.parametrize("status", [OrderStatus.UNKNOWN, OrderStatus.INTENDED, OrderStatus.ACCEPTED])
def test_while_an_order_is_open_or_unknown_nothing_is_opened(status):
    verdict = judge(a_case(book={"orders": {"old": an_order("old", status=status)}}))

    assert verdict.rule == "one_order"
    assert verdict.reason == f"old is {status}"


def test_the_entry_waits_only_for_what_heals_by_itself():
    passing = {rule.name for rule in risk.RULES if rule.may_pass}

    assert passing == {
        "snapshot", "reconciliation", "reconciliation_age", "user_stream", "market_data", "stale_data", "lease"
    }  # fmt: skip


def test_every_rule_of_the_table_is_tried_here():
    tried = {rule for rule, _, _ in OBJECTIONS} | {"duplicate", "one_position", "one_order"}

    assert tried == {rule.name for rule in risk.RULES}
    assert len(risk.RULES) == len(tried)


def test_what_only_reduces_is_approved_and_must_really_reduce():
    book = folded(opened())
    stop = an_order("stop", OrderPurpose.STOP)

    assert risk.check_reduction(stop, book)
    for wrong in (
        replace(stop, quantity=D("0.101")),
        replace(stop, side=Side.BUY),
        replace(stop, is_reduce_only=False),
        an_order("entry2", is_reduce_only=True, side=Side.SELL),
    ):
        with pytest.raises(InvariantViolated):
            risk.check_reduction(wrong, book)
    with pytest.raises(InvariantViolated):
        risk.check_reduction(stop, Book(instrument=BTC))


def test_without_any_money_yet_there_is_no_drawdown():
    assert risk.drawdown_of(Book(), D(5)) == 0
    assert risk.lost_today(Book(), D(5)) == 0


def test_b13_the_minimum_is_named_with_what_was_given():
    instrument = Instrument(
        symbol="ETH/USDT:USDT", tick_size=D("0.01"), lot_size=D("0.01"), minimum_quantity=D("0.05"),
        minimum_notional=D(20),
    )  # fmt: skip

    assert instrument.shortfall(D("0.04"), D(3_000)) == "quantity 0.04 is below ETH/USDT:USDT's minimum of 0.05"
    assert instrument.shortfall(D("0.05"), D(100)) == "notional 5.00 is below ETH/USDT:USDT's minimum of 20"
