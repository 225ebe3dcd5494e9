from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest.kernel import compiled_walk
from engine.instrument import Instrument
from engine.sizing import Sizing, SizingMode, fee_units, money_scale, quantity_for

D = Decimal


def instrument(tick="0.1", lot="0.001"):
    return Instrument(
        symbol="BTC/USDT:USDT", tick_size=D(tick), lot_size=D(lot), minimum_quantity=D(lot), minimum_notional=D(5)
    )


@pytest.mark.parametrize(
    ("mode", "amount", "stop_distance", "leverage", "quantity"),
    [
        (SizingMode.FIXED_NOTIONAL, "1000", None, "1", "0.033"),
        (SizingMode.FIXED_NOTIONAL, "50000", None, "1", "0.333"),
        (SizingMode.FIXED_NOTIONAL, "50000", None, "10", "1.666"),
        (SizingMode.PERCENT_OF_EQUITY, "0.1", None, "1", "0.033"),
        (SizingMode.PERCENT_OF_EQUITY, "2", None, "1", "0.333"),
        (SizingMode.PERCENT_OF_EQUITY, "2", None, "3", "0.666"),
        (SizingMode.RISK_PER_TRADE, "0.01", "600", "1", "0.166"),
        (SizingMode.RISK_PER_TRADE, "0.01", None, "1", "0.000"),
        # 0.5 % of 10,000 is 50: a move of 400 with 0.125 held
        (SizingMode.VOLATILITY_TARGET, "0.005", "400", "1", "0.125"),
        (SizingMode.VOLATILITY_TARGET, "0.005", "40", "1", "0.333"),
        (SizingMode.VOLATILITY_TARGET, "0.005", None, "1", "0.000"),
    ],
)
def test_quantities_by_hand_for_equity_10000_at_30000(mode, amount, stop_distance, leverage, quantity):
    sizing = Sizing(mode=mode, amount=D(amount))

    found = quantity_for(sizing, D(10_000), D(30_000), stop_distance and D(stop_distance), instrument(), D(leverage))

    assert found == D(quantity)


def test_nothing_is_traded_with_nothing():
    sizing = Sizing(mode=SizingMode.FIXED_NOTIONAL, amount=D(1_000))

    assert quantity_for(sizing, D(0), D(30_000), None, instrument()) == 0
    assert quantity_for(sizing, D(-5), D(30_000), None, instrument()) == 0


@given(
    mode=st.sampled_from(SizingMode),
    amount=st.integers(1, 3_000),
    equity=st.decimals(1, 10**8, places=8),
    price_ticks=st.integers(1_000, 2_000_000),
    distance_ticks=st.integers(1, 500_000),
    leverage=st.integers(1, 125),
    steps=st.sampled_from([("0.1", "0.001"), ("0.01", "0.000001"), ("0.00001", "1"), ("0.5", "0.1")]),
)
def test_d2_the_integers_are_the_exact_division_floored(
    mode, amount, equity, price_ticks, distance_ticks, leverage, steps
):
    one = instrument(*steps)
    price, distance = one.from_ticks(price_ticks), one.from_ticks(distance_ticks)
    given_amount = D(amount) if mode is SizingMode.FIXED_NOTIONAL else D(amount) / 1_000

    found = quantity_for(Sizing(mode=mode, amount=given_amount), equity, price, distance, one, D(leverage))

    lot = Fraction(one.lot_size)
    most = Fraction(equity) * leverage / Fraction(price)
    wanted = {
        SizingMode.FIXED_NOTIONAL: Fraction(given_amount) / Fraction(price),
        SizingMode.PERCENT_OF_EQUITY: Fraction(equity) * Fraction(given_amount) / Fraction(price),
        SizingMode.RISK_PER_TRADE: Fraction(equity) * Fraction(given_amount) / Fraction(distance),
        SizingMode.VOLATILITY_TARGET: Fraction(equity) * Fraction(given_amount) / Fraction(distance),
    }[mode]
    exact = floor(min(wanted, most) / lot)
    lots = int(found / one.lot_size)
    # money is whole units of 1e-8: a share of it may lose one unit, so one lot at the very edge
    assert exact - 1 <= lots <= exact


@given(notional=st.integers(0, 10**18), rate=st.integers(0, 10**7))
def test_d2_fees_are_those_of_decimal_rounded_half_up(notional, rate):
    assert fee_units(notional, rate) == (2 * notional * rate + 10**9) // (2 * 10**9)


def test_the_scale_of_money_makes_a_tick_of_a_lot_a_whole_number():
    assert money_scale(instrument("0.01", "0.000001")).tick_lot_units == 1
    assert money_scale(instrument("0.1", "0.001")).tick_lot_units == 10_000
    fine = money_scale(instrument("0.0000001", "0.001"))
    assert (fine.units, fine.tick_lot_units) == (10**10, 1)


def test_the_kernel_compiles_these_very_functions():
    assert compiled_walk() is compiled_walk()
