"""The kernel against itself uncompiled, and against ledgers computed by hand."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.backtest import layout
from engine.backtest.kernel import KernelInput, KernelRun
from engine.backtest.walk import walk
from engine.protection import ProtectionRules, reason_of

ENTER_LONG, EXIT_LONG, ENTER_SHORT, EXIT_SHORT = 1, 2, 4, 8
D = Decimal
UNIT = 10_000  # money units of one tick of one lot: tick 0.1, lot 0.001


def settings_row(mode=0, amount=100_000 * 10**8, leverage=10**9, fee=0, slippage=0, liquidation=0):
    row = np.zeros(layout.SETTINGS, np.int64)
    row[layout.MODE], row[layout.AMOUNT], row[layout.LEVERAGE] = mode, amount, leverage
    row[layout.LIQUIDATION] = liquidation
    row[layout.FEE_RATE], row[layout.SLIPPAGE], row[layout.TICK_LOT_UNITS] = fee, slippage, UNIT
    return row


def kernel_input(intents, bars, rules=None, **options):
    prices = np.array(bars, np.int32).reshape(-1, 4)
    row = np.array((rules or ProtectionRules()).row(), np.int64)
    marks = np.array(intents, np.int8)
    return KernelInput(intents=marks, prices=prices, rules=row, settings=settings_row(**options))


def run(data, balance=10**6 * 10**8, slices=10**9):
    done = KernelRun(data, balance)
    while done.run_slice(slices) < done.bars_total:
        pass
    return done


def trades_of(done):
    """(side, entry bar, exit bar, entry, exit, reason) of each trade."""
    return [
        (row[layout.TRADE_SIDE], row[layout.TRADE_ENTRY_BAR], row[layout.TRADE_EXIT_BAR],
         row[layout.TRADE_ENTRY_TICKS], row[layout.TRADE_EXIT_TICKS], str(reason_of(row[layout.TRADE_REASON])))
        for row in done.trades.tolist()
    ]  # fmt: skip


def flat(price=10_000):
    return (price, price, price, price)


STOPPED = ProtectionRules(stoploss=D("0.02"), take_profit=D("0.04"))
TRAILED = ProtectionRules(stoploss=D("0.02"), trailing_stop=True)


@pytest.mark.parametrize(
    ("intents", "bars", "rules", "trades"),
    [
        # a signal at the close is filled at the next open, in and out
        ([1, 0, 2, 0], [flat(), flat(10_010), flat(), flat(10_030)], None, [(1, 1, 3, 10_010, 10_030, "exit_signal")]),
        ([4, 0, 8, 0], [flat(), flat(9_990), flat(), flat(9_970)], None, [(-1, 1, 3, 9_990, 9_970, "exit_signal")]),
        # a reversal: out and in at the same open
        ([1, 0, 6, 8, 0], [flat()] * 3 + [flat(10_100), flat(10_200)], None,
         [(1, 1, 3, 10_000, 10_100, "exit_signal"), (-1, 3, 4, 10_100, 10_200, "exit_signal")]),
        # an entry of the other side waits until the position is closed; both sides at once is none
        ([1, 4, 5, 2, 0], [flat()] * 5, None, [(1, 1, 4, 10_000, 10_000, "exit_signal")]),
        ([5, 3, 12, 0, 0], [flat()] * 5, None, []),
        # levels count from the entry bar on; the stop before the target in one bar
        ([1, 0, 0], [flat(), (10_000, 10_000, 9_799, 9_900), flat()], STOPPED, [(1, 1, 1, 10_000, 9_800, "stop_loss")]),
        ([1, 0, 0], [flat(), (10_000, 10_500, 9_700, 9_900), flat()], STOPPED, [(1, 1, 1, 10_000, 9_800, "stop_loss")]),
        ([1, 0, 0], [flat(), flat(), (10_050, 10_400, 9_900, 10_000)], STOPPED,
         [(1, 1, 2, 10_000, 10_400, "take_profit")]),
        # a gap through a level fills at the open
        ([1, 0, 0], [flat(), flat(), (9_700, 9_900, 9_600, 9_800)], STOPPED, [(1, 1, 2, 10_000, 9_700, "stop_loss")]),
        ([1, 0, 0], [flat(), flat(), (10_450, 10_500, 9_600, 9_800)], STOPPED,
         [(1, 1, 2, 10_000, 10_450, "take_profit")]),
        ([4, 0, 0], [flat(), flat(), (10_300, 10_400, 9_500, 9_800)], STOPPED,
         [(-1, 1, 2, 10_000, 10_300, "stop_loss")]),
        # an exit at the open comes before the levels of that bar
        ([1, 2, 0], [flat(), flat(), (9_900, 10_500, 9_000, 9_000)], STOPPED,
         [(1, 1, 2, 10_000, 9_900, "exit_signal")]),
        # stopped out within a bar, in again at the next open by the signal of that bar
        ([1, 1, 0, 2, 0], [flat(), (10_000, 10_000, 9_700, 9_700), flat(9_750), flat(9_750), flat(9_760)], STOPPED,
         [(1, 1, 1, 10_000, 9_800, "stop_loss"), (1, 2, 4, 9_750, 9_760, "exit_signal")]),
        # trailing: what a bar's high earns holds from the next bar on
        ([1, 0, 0, 0], [flat(), (10_000, 10_500, 10_000, 10_400), (10_400, 10_450, 10_200, 10_300), flat()], TRAILED,
         [(1, 1, 2, 10_000, 10_290, "trailing_stop_loss")]),
        ([4, 0, 0, 0], [flat(), (10_000, 10_000, 9_500, 9_600), (9_600, 9_700, 9_600, 9_650), flat()], TRAILED,
         [(-1, 1, 2, 10_000, 9_690, "trailing_stop_loss")]),
        # the time exit is named at the close of the second bar held and made at the next open
        ([1, 0, 0, 0], [flat(), flat(), flat(), flat(10_005)], ProtectionRules(time_exit_minutes=2),
         [(1, 1, 3, 10_000, 10_005, "time_exit")]),
        # ROI: 1 % at once, anything from the third minute on
        ([1, 0, 0, 0, 0], [flat(), flat(10_000), flat(10_090), flat(10_010), flat(10_020)],
         ProtectionRules(minimal_roi=((0, D("0.01")), (3, D(0)))), [(1, 1, 4, 10_000, 10_020, "roi")]),
        # due by protection and by signal: the protection's reason stands, the entry of the other side follows
        ([1, 0, 6, 0], [flat(), flat(), flat(), flat(10_005)], ProtectionRules(time_exit_minutes=2),
         [(1, 1, 3, 10_000, 10_005, "time_exit")]),
        # a signal at the last close has no open to be filled at
        ([0, 0, 1], [flat()] * 3, None, []),
    ],
)  # fmt: skip
def test_ledgers_by_hand(intents, bars, rules, trades):
    assert trades_of(run(kernel_input(intents, bars, rules))) == trades


def test_money_by_hand():
    # 100,000 at 1,000.0 (10,000 ticks) are 100,000 lots of 0.001; +10 ticks are 100 gross; fees 0.05 % of both sides
    done = run(kernel_input([1, 2, 0], [flat(), flat(), flat(10_010)], fee=500_000))

    (row,) = done.trades.tolist()
    assert row[layout.TRADE_LOTS] == 100_000
    assert row[layout.TRADE_FEES] == 50 * 10**8 + 5_005 * 10**6
    assert row[layout.TRADE_PNL] == 100 * 10**8 - row[layout.TRADE_FEES]
    assert done.state[layout.BALANCE] == 10**14 + row[layout.TRADE_PNL]


def test_money_stays_whole_at_the_largest_prices_and_sizes():
    price = layout.MOST_TICKS // 2
    bars = [flat(price), flat(price), flat(price + price // 50), flat(price + price // 50)]
    rules = ProtectionRules(stoploss=D("0.99"), take_profit=D("9.99"), break_even=D("9.99"), minimal_roi=((0, D(9)),))
    data = kernel_input([1, 2, 0, 0], bars, rules, mode=1, amount=10**9, fee=500_000)
    done = run(data, balance=9 * 10**17)

    (row,) = done.trades.tolist()
    lots = 9 * 10**17 // (price * UNIT)
    entry, leave = price * lots * UNIT, (price + price // 50) * lots * UNIT
    assert row[layout.TRADE_PNL] == leave - entry - row[layout.TRADE_FEES]
    assert abs(row[layout.TRADE_FEES] - (entry + leave) * 5 // 10_000) <= 2


@st.composite
def markets(draw):
    size = draw(st.integers(1, 60))
    bars, price = [], 10_000
    for _ in range(size):
        opened = max(100, price + draw(st.integers(-150, 150)))
        close = max(100, opened + draw(st.integers(-200, 200)))
        high = max(opened, close) + draw(st.integers(0, 200))
        low = max(1, min(opened, close) - draw(st.integers(0, 90)))
        bars.append((opened, high, low, close))
        price = close
    intents = draw(st.lists(st.sampled_from([0, 0, 0, 0, 1, 2, 4, 8, 6, 9, 3]), min_size=size, max_size=size))
    return intents, bars


RULES = st.builds(
    ProtectionRules,
    stoploss=st.none() | st.sampled_from([D("0.01"), D("0.03")]),
    take_profit=st.none() | st.sampled_from([D("0.01"), D("0.04")]),
    minimal_roi=st.sampled_from([(), ((0, D("0.01")),), ((0, D("0.05")), (3, D("0.005")), (9, D(0)))]),
    trailing_stop=st.booleans(),
    trailing_stop_positive=st.none() | st.just(D("0.005")),
    trailing_stop_positive_offset=st.sampled_from([D(0), D("0.01")]),
    trailing_only_offset_is_reached=st.booleans(),
    break_even=st.none() | st.just(D("0.008")),
    time_exit_minutes=st.none() | st.integers(1, 12),
)
OPTIONS = st.fixed_dictionaries({
    "mode": st.sampled_from([0, 1]), "amount": st.sampled_from([10**9, 5 * 10**8]),
    "fee": st.sampled_from([0, 550_000]),
    "slippage": st.sampled_from([0, 1_000_000]), "leverage": st.sampled_from([10**9, 5 * 10**9]),
    "liquidation": st.sampled_from([0, 15_000_000, 50_000_000]),
})  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(market=markets(), rules=RULES, options=OPTIONS, slices=st.integers(1, 20))
def test_compiled_uncompiled_and_sliced_runs_are_the_same(market, rules, options, slices):
    data = kernel_input(*market, rules, **options)

    compiled, sliced = run(data), run(data, slices=slices)
    state, trades = np.zeros(layout.STATE, np.int64), np.empty((200, layout.TRADE), np.int64)
    state[layout.BALANCE] = 10**14
    walk(data.intents, data.prices, data.rules, data.settings, state, trades, len(data.intents))

    assert compiled.state.tolist() == sliced.state.tolist() == state.tolist()
    assert compiled.trades.tolist() == sliced.trades.tolist() == trades[: state[layout.TRADES]].tolist()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(market=markets(), rules=RULES, options=OPTIONS)
def test_hurrying_through_quiet_bars_changes_nothing(market, rules, options):
    data = kernel_input(*market, rules, **options)
    hurried = run(data)

    # one bar at a time from a fresh copy of the state: nothing to hurry through
    patient = run(data, slices=1)

    assert patient.trades.tolist() == hurried.trades.tolist()
    assert patient.state.tolist() == hurried.state.tolist()


def test_many_trades_find_room():
    size = 20_000
    intents = [9 if bar % 2 else 6 for bar in range(size)]
    done = run(kernel_input(intents, [flat()] * size, leverage=5 * 10**9))

    assert len(done.trades) == size - 2


@pytest.mark.parametrize(
    ("intents", "bars", "rules", "trades"),
    [
        # 10 x leverage less a maintenance margin of 0.5 %: 9.5 % against the entry
        ([1, 0, 0], [flat(), flat(), (9_500, 9_500, 9_000, 9_100)], None, [(1, 1, 2, 10_000, 9_050, "liquidation")]),
        ([4, 0, 0], [flat(), flat(), (10_500, 11_000, 10_500, 10_900)], None,
         [(-1, 1, 2, 10_000, 10_950, "liquidation")]),
        # the stop comes first, also when the bar goes on to the liquidation
        ([1, 0, 0], [flat(), flat(), (9_900, 9_900, 9_000, 9_000)], STOPPED, [(1, 1, 2, 10_000, 9_800, "stop_loss")]),
        # a gap beyond it is worse than the margin, which is all that is lost
        ([1, 0, 0], [flat(), flat(), (8_000, 8_000, 8_000, 8_000)], STOPPED, [(1, 1, 2, 10_000, 9_050, "liquidation")]),
        ([1, 0, 0], [flat(), flat(), (9_100, 9_100, 9_051, 9_100)], None, []),
    ],
)  # fmt: skip
def test_isolated_margin_is_all_that_a_position_can_lose(intents, bars, rules, trades):
    assert trades_of(run(kernel_input(intents, bars, rules, liquidation=95_000_000))) == trades
