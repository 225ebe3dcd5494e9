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
    ("panic", {"book": {"is_panicked": True}}, "panic is latched; entries need it released by a person"),
    (
        "breaker",
        {"book": {"breaker": Breaker(level=Level.YELLOW, cause="storm")}},
        "breaker is YELLOW: storm; entries need GREEN",
    ),
    (
        "breaker",
        {"book": {"breaker": Breaker(level=Level.RED, cause="ghost")}},
        "breaker is RED: ghost; entries need GREEN",
    ),
    ("disabled", {"book": {"entries_failed": 10}}, "10 entries failed in a row; the limit is 10"),
    (
        "snapshot",
        {"ready": {"has_snapshot": False}},
        "the exchange's state is not known yet; entries need one whole reading of it",
    ),
    ("reconciliation", {"book": {"reconciliation": "WARNING"}}, "reconciliation is WARNING; entries need HEALTHY"),
    (
        "reconciliation_age",
        {"ready": {"reconciled_at_ns": NOW_NS - 20_001 * MS}},
        "reconciliation is 20001 ms old; the limit is 20000 ms",
    ),
    (
        "reconciliation_age",
        {"ready": {"reconciled_at_ns": None}},
        "reconciliation was never seen; the limit is 20000 ms",
    ),
    ("user_stream", {"ready": {"user_stream_up": False}}, "the user stream is down; entries need it up"),
    ("market_data", {"ready": {"market_up": False}}, "market data is not contiguous; entries need every bar"),
    (
        "stale_data",
        {"ready": {"mark_at_ns": NOW_NS - 10_001 * MS}},
        "the mark price is 10001 ms old; the limit is 10000 ms",
    ),
    ("stale_data", {"ready": {"mark_at_ns": None}}, "the mark price was never seen; the limit is 10000 ms"),
    (
        "symbol_status",
        {"ready": {"symbol_status": "HALT"}},
        "the exchange says the instrument is HALT; entries need it to be trading",
    ),
    (
        "lease",
        {"ready": {"leased_until_ns": NOW_NS - 3 * MS}},
        "our lease of the instrument ran out 3 ms ago; entries need a lease that runs",
    ),
    (
        "lease",
        {"ready": {"leased_until_ns": NOW_NS}},
        "our lease of the instrument ran out 0 ms ago; entries need a lease that runs",
    ),
    (
        "lease",
        {"ready": {"leased_until_ns": None}},
        "the instrument was never leased to us; entries need a lease that runs",
    ),
    ("entry_rate", {"book": {"pace": Pace(entries=(NOW_NS,) * 30)}}, "30 entries within a minute; the limit is 30"),
    ("order_rate", {"book": {"pace": Pace(recent=(NOW_NS,) * 240)}}, "240 orders within a minute; the limit is 240"),
    ("daily_loss", {"book": {"day_start_equity": D(12_000)}}, "2000.00 lost today; the limit is 2000"),
    ("drawdown", {"book": {"peak_equity": D(20_000)}}, "drawdown of 50 %; the limit is 50 %"),
    ("minimum_size", {"order": {"quantity": D("0.002")}}, "notional 80.000 of BTC/USDT:USDT; the minimum is 100"),
    ("minimum_size", {"order": {"quantity": D(0)}}, "quantity 0 of BTC/USDT:USDT; the minimum is 0.001"),
    ("notional", {"limits": {"max_notional": D(3_999)}}, "notional 4000.0; the limit is 3999"),
    ("quantity", {"limits": {"max_quantity": D("0.09")}}, "quantity 0.1; the limit is 0.09"),
    ("leverage", {"leverage": 6}, "leverage 6; the limit is 5"),
    (
        "exposure",
        {"order": {"quantity": D("1.26")}, "limits": {"max_notional": D(10**6)}},
        "exposure in times of the equity is 5.0400; the limit is 5",
    ),
    (
        "exposure",
        {
            "book": {"ledger": Ledger(starting_equity=D(0))},
            "limits": {"max_drawdown": D(2), "max_daily_loss": D(99_999)},
        },
        "equity is 0; the limit of exposure is 5 times the equity",
    ),
    (
        "concentration",
        {"limits": {"max_concentration": D("0.19")}},
        "margin here as a share of the equity would be 20 %; the limit is 19 %",
    ),
    (
        "balance",
        {"ready": {"available_balance": D(2_001)}},
        "margin and fee would be 2002.00000; the available balance is 2001",
    ),
    (
        "price_band",
        {"ready": {"mark": D(39_199)}},
        "the mark's distance from the signal's close is 2.0025 %; the limit is 2 %",
    ),
    ("slippage", {"ready": {"mark": D(40_201)}}, "expected slippage of 0.5025 %; the limit is 0.5 %"),
    (
        "slippage",
        {"ready": {"mark": D(39_799)}, "order": {"side": Side.SELL}},
        "expected slippage of 0.5025 %; the limit is 0.5 %",
    ),
]


@pytest.mark.parametrize(("rule", "fault", "text"), OBJECTIONS)
def test_each_rule_refuses_and_names_the_limit_and_the_value(rule, fault, text):
    verdict = judge(a_case(**fault))

    assert (verdict.rule, verdict.reason) == (rule, text)
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


def with_book(book, **order):
    return replace(a_case(order=order), book=replace(book, reconciliation="HEALTHY"))


MORE = {
    "duplicate": (
        with_book(replace(folded(opened()), trade=None)),
        "entry was made before; an order is made once",
    ),
    "one_position": (
        with_book(folded(opened()), client_order_id="another"),
        "the position of trade 1 is open; the limit is one position, and one entry for it",
    ),
    "one_order": (
        a_case(book={"orders": {"old": an_order("old", status=OrderStatus.UNKNOWN)}}),
        "old is unknown; the limit is one position, and one entry for it",
    ),
}


@pytest.mark.parametrize("rule", MORE)
def test_what_is_there_already_is_not_made_again(rule):
    case, text = MORE[rule]

    assert (judge(case).rule, judge(case).reason) == (rule, text)


@pytest.mark.parametrize("rule", risk.RULES, ids=lambda rule: rule.name)
def test_whatever_refuses_says_its_rule_a_value_and_a_limit(rule):
    broken = [a_case(**fault) for name, fault, _ in OBJECTIONS if name == rule.name]
    broken += [case for name, (case, _) in MORE.items() if name == rule.name]

    assert broken, f"no case breaks the rule {rule.name}"
    for case in broken:
        verdict, objection = judge(case), rule.objection(case)
        assert verdict.rule == rule.name
        assert verdict.reason == f"{objection.value}; {objection.limit}"
        assert objection.value.strip()
        assert objection.limit.strip()
        assert objection.value != objection.limit


@pytest.mark.parametrize("status", [OrderStatus.UNKNOWN, OrderStatus.INTENDED, OrderStatus.ACCEPTED])
def test_while_an_order_is_open_or_unknown_nothing_is_opened(status):
    verdict = judge(a_case(book={"orders": {"old": an_order("old", status=status)}}))

    assert verdict.rule == "one_order"
    assert verdict.reason == f"old is {status}; the limit is one position, and one entry for it"


def test_the_entry_waits_only_for_what_heals_by_itself():
    passing = {rule.name for rule in risk.RULES if rule.may_pass}

    assert passing == {
        "snapshot", "reconciliation", "reconciliation_age", "user_stream", "market_data", "stale_data", "lease"
    }  # fmt: skip


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

    assert instrument.shortfall(D("0.04"), D(3_000)) == ("quantity 0.04 of ETH/USDT:USDT", "the minimum is 0.05")
    assert instrument.shortfall(D("0.05"), D(100)) == ("notional 5.00 of ETH/USDT:USDT", "the minimum is 20")
