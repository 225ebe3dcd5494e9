"""A backtest's cast: it finds its arrays whoever dies, its money is checked, and a global panic does not touch it."""

from __future__ import annotations

from decimal import Decimal

from actors.backtest import MOST_SLICE_BARS, KernelExecutor, KernelState, ResultReconciler, next_slice
from engine.machine import Effect, Record, Request, Send
from engine.messages import backtest as bt
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages.base import Message
from tests.actors.trades import closed_trade

NOW_NS = 1_700_000_000_000_000_000
MACHINE = KernelExecutor(instance="backtest-1", play="p", play_hash="h", capital=Decimal(1_000))
READY = bt.SignalsComputed(folder="/arrays", is_done=True, signals_hash="s", signals=3)


def told(*messages: Message) -> tuple[KernelState, list[Effect]]:
    state, effects = MACHINE.start(NOW_NS)
    done = list(effects)
    for message in messages:
        state, effects = MACHINE.receive(state, message, NOW_NS)
        done += effects
    return state, done


def slice_done(bars: int, *profits: int, is_done: bool = False) -> bt.SliceDone:
    balance = Decimal(1_000 + sum(profits))
    return bt.SliceDone(
        bars_done=bars,
        bars_total=100,
        trades=tuple(closed_trade(number, Decimal(profit)) for number, profit in enumerate(profits, 1)),
        balance=balance,
        final_equity=balance,
        open_profit=Decimal(0),
        is_done=is_done,
    )


def slices_asked(effects: list[Effect]) -> int:
    return sum(isinstance(e, Request) and isinstance(e.call, bt.RunSlice) for e in effects)


def test_each_slice_is_asked_for_after_the_one_before_is_in_the_journal() -> None:
    _, effects = told(READY, slice_done(50, 5), slice_done(100, 5, -2, is_done=True))

    recorded = [event for e in effects if isinstance(e, Record) for event in e.events]
    assert [event.profit for event in recorded if isinstance(event, ev.TradeClosed)] == [5, 5, -2]
    assert slices_asked(effects) == 2


def test_the_result_is_judged_before_the_run_is_called_finished() -> None:
    state, effects = told(READY, slice_done(100, 5, is_done=True))
    assert state.phase == "RECONCILING"
    told_to = [e.message for e in effects if isinstance(e, Send) and e.to == "reconciler"]
    assert told_to == [
        bt.RunFinished(
            starting_equity=Decimal(1_000),
            profits=(Decimal(5),),
            open_profit=Decimal(0),
            final_equity=Decimal(1_005),
        )
    ]

    word = ct.Reconciled(state="HEALTHY", differences=(), compared_at_ns=NOW_NS)
    state, more = MACHINE.receive(state, word, NOW_NS)
    assert state.phase == "FINISHED"
    assert Send(to="supervisor", message=ct.StopInstance(reason="finished")) in more


def test_money_that_trades_do_not_explain_is_critical() -> None:
    finished = bt.RunFinished(
        starting_equity=Decimal(1_000), profits=(Decimal(5),), open_profit=Decimal(0), final_equity=Decimal(1_006)
    )
    judge = ResultReconciler()
    state, _ = judge.start(NOW_NS)
    _, effects = judge.receive(state, finished, NOW_NS)

    words = [e.message for e in effects if isinstance(e, Send)]
    assert isinstance(words[0], ct.Reconciled)
    assert words[0].state == "CRITICAL"


def test_b16_a_global_panic_does_not_touch_a_backtest_its_own_does() -> None:
    state, _ = told(READY)
    unmoved, _ = MACHINE.receive(state, ct.LatchesRead(scope="global", reason="x", flatten=False), NOW_NS)
    halted, effects = MACHINE.receive(state, ct.LatchesRead(scope="instance", reason="x", flatten=False), NOW_NS)

    assert unmoved.phase == "RUNNING"
    assert halted.phase == "HALTED"
    _, after = MACHINE.receive(halted, slice_done(50, 5), NOW_NS)
    assert slices_asked(list(after)) == 0
    assert any(isinstance(e, Record) for e in effects)


def test_a_run_that_cannot_go_on_says_why_and_ends() -> None:
    _, effects = told(bt.RunFailed(text="no candles: import some"))

    stops = [e.message for e in effects if isinstance(e, Send) and e.to == "supervisor"]
    assert stops == [ct.StopInstance(reason="failed: no candles: import some")]


def test_signals_are_asked_for_again_until_they_are_there() -> None:
    state, _ = told()
    _, effects = MACHINE.receive(state, ct.Woken(label="ask"), NOW_NS)

    assert Send(to="strategy", message=bt.SignalsWanted()) in effects


def test_the_word_of_a_panic_halts_at_once_and_only_once() -> None:
    word = ct.PanicRaised(scope="instance", reason="looks wrong", flatten=False)
    halted, effects = told(READY, word, word)

    observed = [event for e in effects if isinstance(e, Record) for event in e.events]
    assert halted.phase == "HALTED"
    assert [type(event) for event in observed] == [ev.PanicObserved]


def test_the_word_of_a_global_panic_does_not_touch_a_backtest() -> None:
    state, _ = told(READY, ct.PanicRaised(scope="global", reason="leaving", flatten=True))

    assert state.phase == "RUNNING"


def test_a_slice_is_as_long_as_its_trades_are_few() -> None:
    assert next_slice(10_000, 0) == 20_000
    assert next_slice(200_000, 3) == MOST_SLICE_BARS
    assert next_slice(10_000, 1_000) == 2_000
    assert next_slice(1, 10_000) == 1
