"""Protective exits, bar by bar: `ledger_cases` through the backtest's kernel, and through the step functions that the
live executor calls, with its ledger in decimals; and what only a backtest has to imagine.
"""

import numpy as np
import pytest
from ledger_cases import BOTH, CALM, CASES, LONG, SHORT, TIME, WITH_FEES, rules

from engine import ledger as ledgers
from engine.backtest import layout
from engine.backtest.full_kernel import FullInput, FullRun
from engine.backtest.kernel import KernelInput, KernelRun
from engine.ledger import Ledger
from engine.protection import ExitReason, advance, due_exit, open_protection, reason_of, touched
from tests.builders import D, a_fill

CASH = 10_000_000
ALL = [(case, 0) for case in CASES] + [(case, 1) for case in WITH_FEES]
NAMES = [case[0].replace(" ", "-") for case, _ in ALL]


def settings_of(fee=0, liquidation=0):
    row = np.zeros(layout.SETTINGS, np.int64)
    row[layout.AMOUNT], row[layout.LEVERAGE], row[layout.TICK_LOT_UNITS] = 1_000_000, 10 * 10**9, 1
    row[layout.FEE_RATE], row[layout.LIQUIDATION] = fee * 1_000_000, liquidation
    return row


def data_of(side, given, bars, **settings):
    """The signal's bar closes where the entry's opens."""
    at = bars[0][0]
    prices = np.array([(at, at, at, at), *bars], np.int32)
    intents = np.zeros(len(prices), np.int8)
    intents[0] = 1 if side > 0 else 4
    return KernelInput(
        intents=intents, prices=prices, rules=np.array(given.row(), np.int64), settings=settings_of(**settings)
    )


def backtested(data):
    run = KernelRun(data, CASH)
    run.run_slice(run.bars_total)
    return run


@pytest.mark.parametrize(("case", "fee"), ALL, ids=NAMES)
def test_b2_by_hand_through_the_kernel(case, fee):
    _, side, given, bars, exit_bar, exit_ticks, reason, earned = case

    run = backtested(data_of(side, given, bars, fee=fee))

    found = [
        (row[layout.TRADE_EXIT_BAR], row[layout.TRADE_EXIT_TICKS], str(reason_of(row[layout.TRADE_REASON])),
         row[layout.TRADE_PNL])
        for row in run.trades.tolist()
    ]  # fmt: skip
    assert found == ([] if exit_bar is None else [(exit_bar, exit_ticks, reason, earned)])
    assert exit_bar is None or run.state[layout.BALANCE] == CASH + earned


def followed(side, given, bars):
    """(bar, ticks, reason) of the exit, by the functions that the live executor calls at each closed bar."""
    state, due = open_protection(given, side, bars[0][0]), None
    for number, (opened, high, low, close) in enumerate(bars, 1):
        if due:
            return number, opened, due.value
        code, price = touched(state.numbers(), opened, high, low)
        if code:
            return number, price, str(reason_of(code))
        state = advance(given, state, high, low, close)
        due = due_exit(given, state, close)
    return None


@pytest.mark.parametrize(("case", "fee"), ALL, ids=NAMES)
def test_b2_by_hand_through_the_step_functions_of_the_live_executor(case, fee):
    _, side, given, bars, exit_bar, exit_ticks, reason, earned = case
    lots = 1_000_000 // bars[0][0]

    found = followed(side, given, bars)

    assert found == (None if exit_bar is None else (exit_bar, exit_ticks, reason))
    if found:
        prices = ((side, bars[0][0]), (-side, exit_ticks))
        ledger = Ledger(starting_equity=D(CASH))
        for number, (sign, price) in enumerate(prices):
            paid = D(lots * price * fee) / 1_000
            fill = a_fill(str(number), sign=sign, quantity=D(lots), price=D(price), fee=paid)
            ledger = ledgers.after(ledger, fill)
        assert ledger.wallet_balance == CASH + earned


def test_there_are_at_least_twenty_cases_of_every_sort():
    assert len(CASES) >= 20
    reasons = {case[6] for case in CASES if case[6]}
    assert reasons == {str(one) for one in (ExitReason.STOP_LOSS, ExitReason.TAKE_PROFIT, ExitReason.ROI,
                                            ExitReason.TRAILING_STOP_LOSS, ExitReason.TIME_EXIT)}  # fmt: skip


# --- what only a backtest has to imagine: the exchange's liquidation, parts, funding ---

HALF = rules(stoploss="0.5", leverage=10)  # half the stake: 5 % of price
# leverage 10 less a maintenance margin of 0.5 %: 9.5 % of price, 9,050 and 10,950
LIQUIDATION = 95_000_000


@pytest.mark.parametrize(
    ("side", "given", "bars", "exit_ticks", "reason", "earned"),
    [
        # a gap through stop and liquidation: the margin is all that is lost
        (LONG, HALF, [CALM, (8_000, 8_100, 7_900, 8_000)], 9_050, "liquidation", 100 * -950),
        (SHORT, HALF, [CALM, (12_000, 12_000, 9_000, 9_100)], 10_950, "liquidation", 100 * -950),
        # the stop is nearer: it comes first on the way down
        (LONG, HALF, [CALM, (9_900, 9_900, 9_000, 9_000)], 9_500, "stop_loss", 100 * -500),
        # a gap between the two: the stop's
        (LONG, HALF, [CALM, (9_200, 9_300, 8_000, 8_100)], 9_200, "stop_loss", 100 * -800),
        # a stop that stands beyond the liquidation never gets its turn: 99 % of the stake are 9.9 % of price
        (LONG, rules(stoploss="0.99", leverage=10), [CALM, (9_900, 9_900, 9_000, 9_000)], 9_050, "liquidation",
         -95_000),
        # target and liquidation in one bar: the worse; at the open the target is certain
        (LONG, rules(take_profit="0.4", leverage=10), [CALM, (10_000, 10_500, 9_000, 9_000)], 9_050, "liquidation",
         -95_000),
        (LONG, rules(take_profit="0.4", leverage=10), [CALM, (10_450, 10_500, 9_000, 9_000)], 10_450, "take_profit",
         100 * 450),
    ],
)  # fmt: skip
def test_liquidation_by_hand(side, given, bars, exit_ticks, reason, earned):
    (row,) = backtested(data_of(side, given, bars, liquidation=LIQUIDATION)).trades.tolist()

    assert (row[layout.TRADE_EXIT_TICKS], str(reason_of(row[layout.TRADE_REASON]))) == (exit_ticks, reason)
    assert row[layout.TRADE_PNL] == earned


def parted(side, given, bars, partials, funding=()):
    plain = data_of(side, given, bars)
    rates = np.zeros(len(plain.prices), np.int64)
    rates[: len(funding)] = funding
    run = FullRun(
        FullInput(
            plain=plain, course=plain.prices, funding=rates, volatility=rates[:0],
            entry_prices=np.zeros((0, 2), np.int64), partials=np.array(partials, np.int64).reshape(-1, 2),
        ),
        CASH,
    )  # fmt: skip
    run.run_slice(run.bars_total)
    return run


# half of the position at 2 %, a quarter at 3 %
LADDER = [(20_000_000, 500_000_000), (30_000_000, 250_000_000)]


@pytest.mark.parametrize(
    ("side", "bars", "legs", "earned"),
    [
        # 50 at 10,200, 25 at 10,300, 25 at the target of 10,400
        (LONG, [(10_000, 10_450, 9_900, 10_400)], [(50, 10_200), (25, 10_300), (25, 10_400)], 10_000 + 7_500 + 10_000),
        (SHORT, [(10_000, 10_000, 9_750, 9_800), (9_800, 10_200, 9_800, 10_000)], [(50, 9_800), (50, 10_200)],
         10_000 - 10_000),
        # the stop before all profit of its bar
        (LONG, [(10_000, 10_450, 9_700, 10_400)], [(100, 9_800)], -20_000),
        # an open beyond everything: each part at that open
        (LONG, [CALM, (10_450, 10_450, 9_000, 9_000)], [(50, 10_450), (25, 10_450), (25, 10_450)], 45_000),
        # an open beyond the first: that part is certain, the stop takes the rest
        (LONG, [CALM, (10_250, 10_450, 9_700, 9_800)], [(50, 10_250), (50, 9_800)], 12_500 - 10_000),
    ],
)  # fmt: skip
def test_parts_by_hand(side, bars, legs, earned):
    run = parted(side, BOTH, bars, LADDER)

    assert [(row[layout.TRADE_LOTS], row[layout.TRADE_EXIT_TICKS]) for row in run.trades.tolist()] == legs
    assert run.state[layout.BALANCE] == CASH + earned


@pytest.mark.parametrize(
    ("side", "funding", "paid"),
    [
        # 0.01 % of 1,000,000 at the open of the bar after the entry's; a short gets it
        (LONG, [0, 0, 100_000], 100),
        (SHORT, [0, 0, 100_000], -100),
        (SHORT, [0, 0, -100_000], 100),
        # who enters or is out at that open owes nothing; who leaves at it came into it
        (LONG, [0, 100_000, 0], 0),
        (LONG, [0, 0, 0, 100_000], 100),
        (LONG, [0, 0, 0, 0, 100_000], 0),
        # half a unit is one: 0.00005 % of 1,000,000
        (LONG, [0, 0, 500], 1),
        (SHORT, [0, 0, 500], -1),
    ],
)
def test_funding_by_hand(side, funding, paid):
    run = parted(side, TIME, [CALM, CALM, CALM, CALM], [], funding)

    assert run.flows.sum() == paid
    assert run.state[layout.BALANCE] == CASH - paid
