from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from play_builders import INSTRUMENT, START_NS, a_play, made

from plays.backtest import Backtest
from plays.errors import BacktestError
from plays.portfolio import Portfolio
from plays.timeline import Timeline, span_of, timeline_over

CASH = Decimal(100_000)
MINUTE_NS = 60_000_000_000
SOME_TIME = Timeline(timeframe="1m", first_open_time_ns=START_NS, bars=1_000)
COARSE = replace(INSTRUMENT, symbol="ETH/USDT:USDT", tick_size=Decimal("0.5"), lot_size=Decimal("0.001"))
FINE = replace(INSTRUMENT, symbol="XRP/USDT:USDT", tick_size=Decimal("0.001"), lot_size=Decimal("0.0000001"))


def play(**parts):
    return a_play("protection: {stoploss: 0.02, take_profit: 0.04}", **parts)


def market():
    """Instruments of different ticks, lots and times."""
    return [(made(3_000), INSTRUMENT), (made(2_500, 8, start_ns=START_NS + 700 * MINUTE_NS), COARSE),
            (made(2_000, 9), FINE)]  # fmt: skip


def ran(play, parts, **options):
    timeline = timeline_over([span_of(candles) for candles, _ in parts], play.timeframe)
    portfolio = Portfolio(play, CASH, timeline, len(parts), **options)
    for candles, instrument in parts:
        portfolio.add(candles, instrument)
    return portfolio.run()


def test_one_instrument_is_its_backtest():
    candles = made(3_000)

    alone = Backtest(play(), candles, INSTRUMENT, CASH).run()
    result = ran(play(), [(candles, INSTRUMENT)])

    assert tuple(one.trade for one in result.trades) == alone.trades
    assert result.final_equity == alone.final_equity


def test_where_nothing_binds_every_instrument_trades_as_in_its_own_backtest_to_the_last_unit():
    result = ran(play(), market())

    singles = [Backtest(play(), candles, instrument, CASH).run() for candles, instrument in market()]
    for single in singles:
        own = tuple(one.trade for one in result.trades if one.symbol == single.instrument.symbol)
        # the account counts in the finest instrument's units: a fee is rounded there, not at 1e-8
        assert [replace(one, fees=CASH, pnl=CASH) for one in own] == [
            replace(one, fees=CASH, pnl=CASH) for one in single.trades
        ]
        assert sum(one.pnl for one in own) == pytest.approx(sum(one.pnl for one in single.trades), abs=Decimal("1e-5"))
        assert len(own) > 20


def test_the_equity_is_that_of_a_ledger_in_decimals():
    result = ran(play(sizing="{percent_of_equity: 60}"), market(), max_open_trades=2)

    assert result.crowded_entries > 0
    terms = {one.symbol: one for _, one in market()}
    for one in result.trades:
        sign, trade = 1 if one.trade.side == "long" else -1, one.trade
        unit = 1 / Decimal(result.scale.units)
        fees = sum((trade.quantity * price * terms[one.symbol].taker_fee).quantize(unit, "ROUND_HALF_UP")
                   for price in (trade.entry_price, trade.exit_price))  # fmt: skip
        assert trade.fees == fees
        assert trade.pnl == sign * trade.quantity * (trade.exit_price - trade.entry_price) - fees
    if all(state == 0 for state in result.run.states[:, 10].tolist()):
        assert result.final_equity == CASH + sum(one.trade.pnl for one in result.trades)


def test_no_more_positions_are_open_than_there_are_places():
    result = ran(play(), market(), max_open_trades=1)

    spans = sorted((one.trade.entry_time_ns, one.trade.exit_time_ns) for one in result.trades)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    assert {one.symbol for one in result.trades} == {one.symbol for _, one in market()}


def test_what_cannot_be_a_portfolio_is_refused_with_the_reason():
    with pytest.raises(BacktestError, match="at least one instrument"):
        Portfolio(play(), CASH, SOME_TIME, 1).run()
    with pytest.raises(BacktestError, match="at least 1 is needed"):
        Portfolio(play(), CASH, SOME_TIME, 1, 0)
    with pytest.raises(BacktestError, match="is in the portfolio already"):
        ran(play(), [(made(500), INSTRUMENT), (made(500), INSTRUMENT)])
    with pytest.raises(BacktestError, match="to warm up, there are 5"):
        ran(play(), [(made(5), INSTRUMENT)])
    with pytest.raises(BacktestError, match=r"needs bars of 5m, those of BTC/USDT:USDT are of 1m"):
        ran(play(timeframe="5m"), [(made(500), INSTRUMENT)])
