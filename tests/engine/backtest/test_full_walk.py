"""The kernel with everything, against the same rules written a second time, slowly, and against itself uncompiled."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slow_loop import SlowLoop, Terms

from engine.backtest import layout
from engine.backtest.full_kernel import FullInput, FullRun
from engine.backtest.full_walk import full_walk
from engine.backtest.kernel import KernelInput, KernelRun
from engine.backtest.layout import FULL_STATE, FULL_TRADE, TRADE_FUNDING
from engine.protection import ProtectionRules, reason_of

D, F = Decimal, Fraction
CASH = 10_000 * 10**8
KINDS, MODES = ("open", "limit", "stop"), ("notional", "share", "risk", "volatility")
COLUMNS = (
    layout.TRADE_SIDE, layout.TRADE_LOTS, layout.TRADE_ENTRY_BAR, layout.TRADE_EXIT_BAR, layout.TRADE_ENTRY_TICKS,
    layout.TRADE_EXIT_TICKS,
)  # fmt: skip


def billionths(ratio):
    return int(ratio * 10**9)


def as_kernel(terms, market):
    intents, bars, course, funding, volatility, wanted = market
    row = np.zeros(layout.SETTINGS, np.int64)
    row[layout.MODE] = MODES.index(terms.mode)
    row[layout.AMOUNT] = int(terms.amount) if terms.mode == "notional" else billionths(terms.amount)
    row[layout.LEVERAGE], row[layout.TICK_LOT_UNITS] = terms.leverage * 10**9, 10_000
    row[layout.FEE_RATE], row[layout.MAKER_RATE] = billionths(terms.taker), billionths(terms.maker)
    row[layout.SLIPPAGE], row[layout.SLIPPAGE_TICKS] = billionths(terms.slippage), terms.slippage_ticks
    row[layout.LEAST_LOTS] = terms.least_lots
    row[layout.LIQUIDATION] = 0 if terms.liquidation is None else billionths(terms.liquidation)
    row[layout.ENTRY_KIND], row[layout.ENTRY_BARS] = KINDS.index(terms.kind), terms.waits
    row[layout.TARGETS_REST] = terms.targets_rest
    plain = KernelInput(
        intents=np.array(intents, np.int8), prices=np.array(bars, np.int32).reshape(-1, 4),
        rules=np.array(rules_of(terms).row(), np.int64), settings=row,
    )  # fmt: skip
    return FullInput(
        plain=plain, course=np.array(course, np.int32).reshape(-1, 4),
        funding=np.array([billionths(rate) for rate in funding], np.int64),
        volatility=np.array(volatility, np.int64), entry_prices=np.array(wanted, np.int64).reshape(-1, 2),
        partials=np.array([[billionths(one) for one in pair] for pair in terms.partials], np.int64).reshape(-1, 2),
    )  # fmt: skip


def rules_of(terms):
    def decimal(ratio):
        return None if ratio is None else D(ratio.numerator) / ratio.denominator

    return ProtectionRules(
        stoploss=decimal(terms.stoploss), take_profit=decimal(terms.take_profit), trailing_stop=terms.trailing,
        minimal_roi=tuple((bars, decimal(profit)) for bars, profit in terms.roi),
        trailing_stop_positive=decimal(terms.positive), trailing_stop_positive_offset=decimal(terms.offset),
        trailing_only_offset_is_reached=terms.only_offset, break_even=decimal(terms.break_even),
        time_exit_minutes=terms.time_exit,
    )  # fmt: skip


def finished(data, slices=10**9):
    run = FullRun(data, CASH)
    while run.run_slice(slices) < run.bars_total:
        pass
    return run


@st.composite
def markets(draw):
    size, finer = draw(st.integers(1, 40)), draw(st.sampled_from([1, 1, 3]))
    course, price = [], 10_000
    for _ in range(size * finer):
        opened = max(100, price + draw(st.integers(-90, 90)))
        close = max(100, opened + draw(st.integers(-150, 150)))
        high = max(opened, close) + draw(st.integers(0, 150))
        course.append((opened, high, max(1, min(opened, close) - draw(st.integers(0, 90))), close))
        price = close
    groups = [course[at : at + finer] for at in range(0, len(course), finer)]
    bars = [(g[0][0], max(c[1] for c in g), min(c[2] for c in g), g[-1][3]) for g in groups]
    intents = draw(st.lists(st.sampled_from([0, 0, 0, 1, 1, 4, 2, 8, 6, 9, 3]), min_size=size, max_size=size))
    rates = st.sampled_from([F(0), F(0), F(0), F(1, 10_000), F(-3, 10_000), F(123_457, 10**9)])
    funding = draw(st.lists(rates, min_size=size, max_size=size))
    volatility = draw(st.lists(st.integers(0, 300), min_size=size, max_size=size))
    gaps = st.tuples(st.integers(-120, 120), st.integers(-120, 120), st.booleans())
    drawn = draw(st.lists(gaps, min_size=size, max_size=size))
    wanted = [
        (0, 0) if not known and a > 90 else (bar[3] + a, bar[3] + b)
        for bar, (a, b, known) in zip(bars, drawn, strict=True)
    ]
    return intents, bars, course, funding, volatility, wanted


def maybe(*values):
    return st.sampled_from([None, *(F(one) for one in values)])


TERMS = st.builds(
    Terms, taker=st.sampled_from([F(0), F("0.00055")]), maker=st.sampled_from([F(0), F("0.0002")]),
    slippage=st.sampled_from([F(0), F("0.001")]), slippage_ticks=st.sampled_from([0, 3]),
    liquidation=maybe("0.015", "0.05"), leverage=st.sampled_from([1, 5]), least_lots=st.sampled_from([0, 1, 60]),
    stoploss=maybe("0.01", "0.03"), take_profit=maybe("0.012", "0.04"), trailing=st.booleans(), positive=maybe("0.005"),
    offset=st.sampled_from([F(0), F("0.01")]), only_offset=st.booleans(), break_even=maybe("0.008"),
    time_exit=st.none() | st.integers(1, 12),
    roi=st.sampled_from([(), ((0, F("0.01")),), ((0, F("0.05")), (3, F("0.005")), (9, F(0)))]),
    partials=st.sampled_from([(), ((F("0.005"), F("0.5")),), ((F("0.004"), F("0.3")), (F("0.009"), F("0.333333333")))]),
    kind=st.sampled_from(KINDS), waits=st.integers(1, 4), targets_rest=st.booleans(),
)  # fmt: skip
SIZES = st.sampled_from([
    ("notional", F(5_000 * 10**8)), ("notional", F(80 * 10**8)), ("share", F("0.5")), ("share", F(3)),
    ("risk", F("0.01")), ("volatility", F("0.004")),
])  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(market=markets(), terms=TERMS, size=SIZES)
def test_b10_d2_the_ledger_is_that_of_the_loop_written_slowly(market, terms, size):
    terms.mode, terms.amount = size
    slow = SlowLoop(terms, CASH).run(*market)

    run = finished(as_kernel(terms, market))

    rows = run.trades.tolist()
    assert [tuple(row[column] for column in COLUMNS) for row in rows] == slow.legs
    assert [str(reason_of(row[layout.TRADE_REASON])) for row in rows] == slow.reasons
    assert int(run.state[layout.BALANCE]) == slow.balance
    assert int(run.flows.sum()) == slow.funding_paid
    assert int(run.state[layout.DENIED]) == slow.denied
    assert int(run.state[layout.LOTS]) == (slow.position.lots if slow.position else 0)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(market=markets(), terms=TERMS, size=SIZES, slices=st.integers(1, 15))
def test_compiled_uncompiled_and_sliced_runs_are_the_same(market, terms, size, slices):
    terms.mode, terms.amount = size
    data = as_kernel(terms, market)

    compiled, sliced = finished(data), finished(data, slices)
    state, trades = np.zeros(FULL_STATE, np.int64), np.empty((400, FULL_TRADE), np.int64)
    state[layout.BALANCE], flows, plain = CASH, np.zeros(len(data.funding), np.int64), data.plain
    full_walk(
        plain.intents, plain.prices, data.course, data.funding, data.volatility, data.entry_prices, data.partials,
        plain.rules, plain.settings, state, trades, flows, len(plain.intents),
    )  # fmt: skip

    assert compiled.trades.tolist() == sliced.trades.tolist() == trades[: state[layout.TRADES]].tolist()
    assert compiled.state[layout.BALANCE] == sliced.state[layout.BALANCE] == state[layout.BALANCE]
    assert compiled.flows.tolist() == sliced.flows.tolist() == flows.tolist()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(market=markets(), terms=TERMS, size=SIZES.filter(lambda one: one[0] != "volatility"))
def test_without_what_only_it_has_it_is_the_short_walk(market, terms, size):
    terms.mode, terms.amount = size
    terms.kind, terms.partials, terms.targets_rest = "open", (), False
    intents, bars, _, _, volatility, wanted = market
    data = as_kernel(terms, (intents, bars, bars, [F(0)] * len(bars), volatility, wanted))

    short, full = KernelRun(data.plain, CASH), finished(data)
    short.run_slice(short.bars_total)

    assert full.trades[:, : layout.TRADE].tolist() == short.trades.tolist()
    assert full.trades[:, TRADE_FUNDING].any() == 0
    shared = [layout.BALANCE, layout.LOTS, layout.PROTECTION, layout.STOP_TICKS, layout.BEST_TICKS, layout.DENIED]
    if short.state[layout.PROTECTION] == 0:
        shared = [layout.BALANCE, layout.LOTS, layout.DENIED]
    assert full.state[shared].tolist() == short.state[shared].tolist()


def test_many_legs_find_room():
    size = 9_000
    up = [(10_000, 10_300, 10_000, 10_000)] * size
    terms = Terms(partials=((F("0.01"), F("0.25")), (F("0.02"), F("0.25"))), take_profit=F("0.03"),
                  amount=F(1_000 * 10**8))  # fmt: skip
    market = ([1] * size, up, up, [F(0)] * size, [0] * size, [(0, 0)] * size)

    run = finished(as_kernel(terms, market))

    assert run.trade_count == size - 1
    assert len(run.trades) == 3 * (size - 1)


@pytest.mark.parametrize("name", ["funding", "volatility", "entry_prices"])
def test_columns_that_are_not_used_may_be_empty(name):
    terms = Terms(mode="share", amount=F("0.1"))
    bars = [(10_000, 10_100, 9_900, 10_000)] * 5
    data = as_kernel(terms, ([1, 0, 2, 0, 0], bars, bars, [F(0)] * 5, [0] * 5, [(0, 0)] * 5))
    columns = {one: getattr(data, one) for one in FullInput.__dataclass_fields__} | {name: getattr(data, name)[:0]}

    assert finished(FullInput(**columns)).trades.tolist() == finished(data).trades.tolist()
