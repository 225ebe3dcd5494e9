"""The ports of a backtest instance over real files: a play of all words is run as `predator backtest` runs it."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from pyarrow import parquet

from actors.spec import InstanceSpec
from actors.wiring.backtest import CandlesPort, KernelPort, SignalsPort
from adapters.candles.funding_file import stored_funding
from adapters.candles.generator import generate_candles
from adapters.candles.store import CandleStore
from engine.messages import backtest as bt
from plays.backtest import Backtest
from plays.loading import load_play
from plays.terms import terms_for

SYMBOL, START_NS = "BTC/USDT:USDT", 1_704_067_200_000_000_000
PLAY = """\
name: dip
why: It exists to be tested.
symbol: BTC/USDT:USDT
entry: {long: rsi(14) < 50}
exit: {long: rsi(14) > 60}
entry_order: {limit: {long: close - 0.2 * atr(14)}, bars: 4}
sizing: {volatility_percent: 0.1, volatility: atr(14)}
protection: {stoploss: 0.01, take_profit: 0.012, partial_exits: {0.002: 0.5}}
costs: {slippage_ticks: 2}
"""


def worked(port, call):
    answer = asyncio.run(port.perform(call))
    assert not isinstance(answer, bt.RunFailed), answer
    return answer


def test_a_play_of_all_words_is_run_as_the_command_runs_it(tmp_path):
    import pyarrow as pa

    store, candles = CandleStore(tmp_path / "candles"), generate_candles(SYMBOL, "1m", START_NS, 3_000, 7)
    store.append("local", candles)
    times = [START_NS // 1_000_000 + 28_800_000 * number for number in range(8)]
    parquet.write_table(pa.table({"time_ms": times, "rate": [0.0004] * 8}), store.funding_file("local", SYMBOL))
    file = tmp_path / "dip.yml"
    file.write_text(PLAY)
    play = load_play(file)
    spec = InstanceSpec(
        instance="backtest-1", mode="backtest", account="", home=tmp_path, play_file=file, play_hash=play.hash,
        symbol=SYMBOL, timeframe="1m", leverage=1, capital=Decimal(10_000), cast={},
    )  # fmt: skip
    spec.state_folder.mkdir(parents=True)

    folder = worked(CandlesPort(spec), bt.PrepareCandles()).folder
    signals = SignalsPort(spec)
    while not (done := worked(signals, bt.ComputeSignals(folder=folder))).is_done:
        pass
    kernel, trades = KernelPort(spec), []
    while True:
        slice_done = worked(kernel, bt.RunSlice(folder=folder, most_bars=700))
        trades += slice_done.trades
        if slice_done.is_done:
            break

    result = Backtest(play, candles, terms_for(SYMBOL, candles), Decimal(10_000),
                      funding=stored_funding(store, "local", SYMBOL)).run()  # fmt: skip
    assert done.signals_hash == result.signals_hash
    assert [trade.profit for trade in trades] == [trade.pnl for trade in result.trades]
    assert len(trades) > 20
    assert slice_done.final_equity == result.final_equity
    assert Decimal(10_000) + sum(trade.profit for trade in trades) + slice_done.open_profit == slice_done.final_equity
    assert result.funding > 0
