"""Several instruments on one account: against the kernel of one, against itself uncompiled, and by hand."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slow_portfolio import SlowPortfolio
from test_kernel import OPTIONS, RULES, UNIT, flat, kernel_input, markets, run

from engine.backtest import layout
from engine.backtest.portfolio import PortfolioInput, PortfolioRun
from engine.backtest.portfolio_walk import ACCOUNT_BALANCE, ACCOUNT_TRADES, walk_portfolio
from engine.protection import ProtectionRules, reason_of

RICH = 10**14
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def together(inputs, most_open=10**6):
    """The inputs of single runs side by side; the shorter ones have no bars at the end."""
    size, count = max(len(one.intents) for one in inputs), len(inputs)
    intents, prices = np.zeros((count, size), np.int8), np.zeros((count, size, 4), np.int32)
    for number, one in enumerate(inputs):
        intents[number, : len(one.intents)], prices[number, : len(one.intents)] = one.intents, one.prices
    rules = np.zeros((count, max(len(one.rules) for one in inputs)), np.int64)
    for number, one in enumerate(inputs):
        rules[number, : len(one.rules)] = one.rules
    rows = np.array([one.settings for one in inputs])
    return PortfolioInput(intents=intents, prices=prices, rules=rules, settings=rows, most_open=most_open)


def done(data, balance=RICH, slices=10**9):
    portfolio = PortfolioRun(data, balance)
    while portfolio.run_slice(slices) < portfolio.bars_total:
        pass
    return portfolio


@QUICK
@given(market=markets(), rules=RULES, options=OPTIONS)
def test_one_instrument_alone_is_the_run_of_the_kernel(market, rules, options):
    data = kernel_input(*market, rules, **options)

    single, portfolio = run(data), done(together([data]))

    assert portfolio.trades.tolist() == single.trades.tolist()
    assert portfolio.account[ACCOUNT_BALANCE] == single.state[layout.BALANCE]


@QUICK
@given(market=st.lists(markets(), min_size=2, max_size=4), rules=RULES, fee=st.sampled_from([0, 550_000]))
def test_where_money_and_places_do_not_bind_each_trades_as_alone(market, rules, fee):
    inputs = [kernel_input(*one, rules, fee=fee, amount=1_000 * 10**8) for one in market]

    portfolio = done(together(inputs))

    singles = [run(one) for one in inputs]
    for number, single in enumerate(singles):
        assert portfolio.trades[portfolio.owners == number].tolist() == single.trades.tolist()
    earned = sum(int(single.state[layout.BALANCE]) - RICH for single in singles)
    assert int(portfolio.account[ACCOUNT_BALANCE]) - RICH == earned


@QUICK
@given(market=st.lists(markets(), min_size=1, max_size=4), rules=RULES, options=OPTIONS,
       places=st.integers(1, 3), slices=st.integers(1, 20))  # fmt: skip
def test_compiled_uncompiled_and_sliced_are_the_same_and_places_are_kept(market, rules, options, places, slices):
    data = together([kernel_input(*one, rules, **options) for one in market], places)

    whole, sliced, plain = done(data), done(data, slices=slices), PortfolioRun(data, RICH)
    trades, owners = np.empty((1_000, layout.TRADE), np.int64), np.empty(1_000, np.int64)
    walk_portfolio(data.intents, data.prices, data.rules, data.settings, plain.states, plain.account,
                   np.zeros((3, len(data.intents)), np.int64), trades, owners, plain.bars_total)  # fmt: skip

    assert whole.states.tolist() == sliced.states.tolist() == plain.states.tolist()
    assert whole.account.tolist() == sliced.account.tolist() == plain.account.tolist()
    assert whole.trades.tolist() == sliced.trades.tolist() == trades[: plain.account[ACCOUNT_TRADES]].tolist()
    assert most_at_once(whole) <= places


def most_at_once(portfolio):
    """The most positions that were open together after the opens of any bar."""
    steps = np.zeros(portfolio.bars_total + 1, np.int64)
    rows = portfolio.trades
    np.add.at(steps, rows[:, layout.TRADE_ENTRY_BAR], 1)
    np.add.at(steps, rows[:, layout.TRADE_EXIT_BAR], -1)  # of those that left within a bar, at its end or its open
    held = portfolio.states[portfolio.states[:, layout.PROTECTION] != 0]
    np.add.at(steps, held[:, layout.ENTRY_BAR], 1)
    return int(np.cumsum(steps).max())


@QUICK
@given(market=st.lists(markets(), min_size=1, max_size=4), rules=RULES, options=OPTIONS)
def test_the_shared_balance_is_that_of_a_decimal_ledger(market, rules, options):
    portfolio = done(together([kernel_input(*one, rules, **options) for one in market], 3))

    money, rate = Decimal(RICH), Decimal(options["fee"]) / 10**9
    for row in portfolio.trades.tolist():
        side, lots, _, _, entry, leave = row[:6]
        fees = sum((Decimal(price * lots * UNIT) * rate).quantize(1, "ROUND_HALF_UP") for price in (entry, leave))
        money += side * Decimal(leave - entry) * lots * UNIT - fees
    for state in portfolio.states[portfolio.states[:, layout.PROTECTION] != 0]:
        money -= int(state[layout.ENTRY_FEE])
    assert money == int(portfolio.account[ACCOUNT_BALANCE])


def test_a_place_that_is_left_at_the_next_open_is_free_and_the_first_in_order_gets_it():
    bars = [flat()] * 5
    leaving = kernel_input([1, 0, 2, 0, 0], bars, amount=1_000 * 10**8)
    wanting = kernel_input([1, 1, 1, 0, 0], bars, amount=1_000 * 10**8)

    portfolio = done(together([leaving, wanting, wanting], most_open=1))

    assert portfolio.states[:, layout.PROTECTION].tolist() == [0, 1, 0]
    assert portfolio.states[1, layout.ENTRY_BAR] == 3
    assert portfolio.crowded_entries == 5


def test_the_second_entry_is_cut_to_what_the_first_leaves_and_a_third_is_denied():
    bars = [flat()] * 3
    want = kernel_input([1, 0, 0], bars, mode=1, amount=7 * 10**8)

    portfolio = done(together([want, want, want]), balance=100_000 * 10**8)

    assert portfolio.states[:, layout.LOTS].tolist() == [70_000, 30_000, 0]
    assert portfolio.states[:, layout.DENIED].tolist() == [0, 0, 1]


def test_an_instrument_without_a_bar_waits_and_is_marked_at_its_last_close():
    bars = [flat(), flat(), (0, 0, 0, 0), flat(10_100)]
    data = kernel_input([1, 2, 0, 0], bars, ProtectionRules(stoploss=Decimal("0.02")), amount=1_000 * 10**8)

    portfolio = PortfolioRun(together([data]), RICH)
    portfolio.run_slice(3)
    assert portfolio.equity_units == RICH
    portfolio.run_slice(1)

    assert portfolio.trades[:, layout.TRADE_EXIT_BAR].tolist() == [3]
    assert portfolio.trades[:, layout.TRADE_EXIT_TICKS].tolist() == [10_100]


def test_an_entry_is_given_up_when_the_exit_it_waited_for_finds_no_bar():
    leaving = kernel_input([1, 0, 2, 0, 0], [flat(), flat(), flat(), (0, 0, 0, 0), flat()], amount=1_000 * 10**8)
    wanting = kernel_input([0, 0, 1, 0, 0], [flat()] * 5, amount=1_000 * 10**8)

    portfolio = done(together([leaving, wanting], most_open=1))

    assert portfolio.trades[:, layout.TRADE_EXIT_BAR].tolist() == [4]
    assert portfolio.states[:, layout.PROTECTION].tolist() == [0, 0]
    assert portfolio.crowded_entries == 1


STEPS = st.tuples(st.integers(-250, 250), st.integers(0, 300), st.integers(0, 7))


@st.composite
def gappy_markets(draw):
    """(bars, intents) of one to four instruments: random walks in which some bars are missing."""
    size = draw(st.integers(3, 40))
    bars, intents = [], []
    for _ in range(draw(st.integers(1, 4))):
        price, history = 10_000, []
        for step, reach, is_missing in draw(st.lists(STEPS, min_size=size, max_size=size)):
            opened, price = price + step // 5, max(500, price + step)
            high, low = max(opened, price) + reach, min(opened, price) - reach
            history.append(None if is_missing == 0 else (opened, high, low, price))
        bars.append(history)
        wishes = st.sampled_from([0, 0, 0, 1, 2, 4, 8, 6, 9])
        intents.append(draw(st.lists(wishes, min_size=size, max_size=size)))
    return bars, intents


@settings(parent=QUICK, max_examples=60)
@given(market=gappy_markets(), places=st.integers(1, 4), mode=st.sampled_from([0, 1]), leverage=st.sampled_from([1, 3]),
       fee=st.sampled_from([0, 550_000]), slices=st.sampled_from([1, 7, 10**9]))  # fmt: skip
def test_the_account_is_that_of_a_slow_loop_that_knows_nothing_of_ours(market, places, mode, leverage, fee, slices):
    bars, intents = market
    balance, amount = 10**6 * 10**8, 7 * 10**5 * 10**8 if mode == 0 else 6 * 10**8
    rules = ProtectionRules(stoploss=Decimal("0.02"), take_profit=Decimal("0.03"))
    options = {"mode": mode, "amount": amount, "leverage": leverage * 10**9, "fee": fee}
    rows = [[one or (0, 0, 0, 0) for one in history] for history in bars]
    data = together([kernel_input(*one, rules, **options) for one in zip(intents, rows, strict=True)], places)

    ours = done(data, balance, slices)
    slow = SlowPortfolio(
        bars, intents, balance=balance, unit=UNIT, amount=amount if mode == 0 else Fraction(amount, 10**9), mode=mode,
        leverage=leverage, fee=Fraction(fee, 10**9), stop=Fraction(2, 100), target=Fraction(3, 100), places=places,
    ).run()  # fmt: skip

    found = [
        (owner, *row[: layout.TRADE_EXIT_TICKS + 1], row[layout.TRADE_PNL], str(reason_of(row[layout.TRADE_REASON])))
        for owner, row in zip(ours.owners.tolist(), ours.trades.tolist(), strict=True)
    ]
    assert found == slow.trades
    assert ours.balance_units == slow.balance
    assert ours.equity_units == slow.equity()
    assert ours.crowded_entries == slow.crowded
    assert int(ours.states[:, layout.DENIED].sum()) == slow.denied
