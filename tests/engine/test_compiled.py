from dataclasses import replace
from decimal import Decimal

import numba
import pytest

from adapters.candles.generator import generate_candles
from engine import compiled, sizing
from engine.backtest.full_kernel import compiled_full_walk
from engine.backtest.kernel import compiled_walk
from engine.instrument import Instrument
from plays.backtest import Backtest
from plays.loading import parse_play
from tests.engine.compiling import compile_ahead

INSTRUMENT = Instrument(
    symbol="BTC/USDT:USDT", tick_size=Decimal("0.1"), lot_size=Decimal("0.001"), minimum_quantity=Decimal("0.001"),
    minimum_notional=Decimal(5),
)  # fmt: skip


def made(bars: int):
    return generate_candles("BTC/USDT:USDT", "1m", 1_577_836_800_000_000_000, bars, 7)


def test_what_is_compiled_gives_what_the_source_gives():
    double = compiled.compile_with(sizing.fee_units, ())

    assert [double(number, 550_000) for number in (0, 1, 10**15)] == [
        sizing.fee_units(number, 550_000) for number in (0, 1, 10**15)
    ]


def test_the_name_follows_from_all_the_sources_so_that_no_stale_code_is_run():
    one = compiled.compile_with(sizing.lots_for, (sizing.share_of,))

    assert one.py_func.__name__.startswith("lots_for_")
    assert one.py_func.__name__ == f"lots_for_{compiled._fingerprint((sizing.share_of, sizing.lots_for))}"


def test_without_a_folder_for_the_cache_it_compiles_all_the_same(monkeypatch):
    njit = numba.njit

    def refusing(*given, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(*given, **options)

    monkeypatch.setattr(numba, "njit", refusing)

    assert compiled.compile_with(sizing.share_of, ())(100, 10**9) == 100


def test_an_edit_of_a_part_is_another_name(monkeypatch):
    before = compiled._fingerprint((sizing.share_of,))
    monkeypatch.setattr(compiled.inspect, "getsource", lambda module: "edited")

    assert compiled._fingerprint((sizing.share_of,)) != before


FULL = """
name: tried
why: It exists to be tested.
symbol: BTC/USDT:USDT
entry: {long: ema(3) > ema(8)}
sizing: {volatility_percent: 0.1, volatility: atr(14)}
protection: {stoploss: 0.02, partial_exits: {0.001: 0.5}}
"""
WAITING = "entry_order: {limit: {long: close - 1}}\n"


@pytest.mark.parametrize("more", ["", WAITING, "costs: {funding_rate: 0.0001}\n"])
def test_all_is_compiled_ahead(more):
    compile_ahead()
    before = compiled_walk().signatures, compiled_full_walk().signatures

    candles = made(300)
    fixed = replace(candles, open_time_ns=candles.open_time_ns.copy())
    fixed.open_time_ns.flags.writeable = False  # as when they are mapped from a file
    for text in (FULL + more, FULL[: FULL.index("sizing")] + "sizing: {notional: 100}\n"):
        Backtest(parse_play(text), fixed, INSTRUMENT, Decimal(10_000)).run()

    assert (compiled_walk().signatures, compiled_full_walk().signatures) == before


@pytest.mark.parametrize("amount", [0, 1, 999_999_999, 10**18])
def test_shares_never_leave_64_bits_in_compiled_code(amount):
    assert compiled.compile_with(sizing.share_of, ())(amount, 10**9) == amount


def test_what_counts_no_references_is_another_entry_of_the_cache():
    one, other = (compiled.compile_with(sizing.share_of, (), allocates=flag) for flag in (True, False))

    assert one.py_func.__name__ != other.py_func.__name__
    assert one(100, 10**9) == other(100, 10**9)


def test_another_value_of_a_constant_from_elsewhere_is_another_name(monkeypatch):
    from engine.backtest import equity

    before = compiled._fingerprint((equity.mark_positions,))
    monkeypatch.setattr(equity, "TRADE_EXIT_BAR", equity.TRADE_EXIT_BAR + 1)

    assert compiled._fingerprint((equity.mark_positions,)) != before
