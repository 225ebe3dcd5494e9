"""D2: the integers of a backtest and the decimals of the live ledger are the same money, to the last unit."""

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from play_builders import INSTRUMENT, a_play, made

from engine import ledger as ledgers
from engine.backtest import layout
from engine.backtest.layout import TRADE_FUNDING
from engine.instrument import Instrument
from engine.ledger import Ledger
from engine.sizing import money_scale
from plays.backtest import Backtest, usual_fees
from plays.ticks import prices_in_ticks
from tests.builders import a_fill

CASH = Decimal(100_000)
COARSE = Instrument(
    symbol="BTC/USDT:USDT", tick_size=Decimal("0.1"), lot_size=Decimal("0.001"), minimum_quantity=Decimal("0.002"),
    minimum_notional=Decimal(20), taker_fee=Decimal("0.00045"), maker_fee=Decimal("0.00018"),
)  # fmt: skip
MORE = st.sampled_from([
    "", "costs: {maker_fee: 0.00017, taker_fee: 0.00043, slippage_percent: 0.013}\n",
    "costs: {maker_fee: 0, taker_fee: 0.0007, slippage_ticks: 3, funding_rate: 0.000137}\n",
])  # fmt: skip
ENTRY = st.sampled_from([
    "", "entry_order: {limit: {long: close - atr(14), short: close + atr(14)}, bars: 4}\n",
    "entry_order: {stop: {long: highest(5), short: lowest(5)}, bars: 2}\n",
])  # fmt: skip
EXITS = st.sampled_from([
    "stoploss: 0.03", "stoploss: 0.02, take_profit: 0.03, trailing_stop: true",
    "stoploss: 0.05, partial_exits: {0.003: 0.3, 0.006: 0.33}, take_profit: 0.02, take_profit_order: limit",
    "stoploss: 0.05, partial_exits: {0.002: 0.5}, break_even: 0.002, time_exit: 40",
])  # fmt: skip
SIZES = st.sampled_from(["{notional: 5000}", "{percent_of_equity: 250}", "{risk_percent: 0.5}",
                         "{volatility_percent: 0.1, volatility: atr(14)}"])  # fmt: skip


def in_units(amount: Decimal, instrument: Instrument) -> Decimal:
    """As an exchange charges: to its unit, halves up."""
    return amount.quantize(1 / Decimal(money_scale(instrument).units), ROUND_HALF_UP)


def fees_of_legs(rows, instrument, fees):
    """(entry rate, exit rate) for each leg, found from what was charged: maker or taker, nothing else."""
    scale, tick_lot = money_scale(instrument), instrument.tick_size * instrument.lot_size
    for row in rows:
        lots = Decimal(row[layout.TRADE_LOTS])
        own = scale.to_money(row[layout.TRADE_FEES] - row[layout.TRADE_ENTRY_FEE])
        notional = lots * row[layout.TRADE_EXIT_TICKS] * tick_lot
        rates = [rate for rate in (fees.maker, fees.taker) if in_units(notional * rate, instrument) == own]
        assert rates, row
        yield rates[0]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    more=MORE, entry=ENTRY, exits=EXITS, size=SIZES, leverage=st.sampled_from(["1", "7"]), seed=st.integers(0, 99),
    instrument=st.sampled_from([INSTRUMENT, COARSE]),
)  # fmt: skip
def test_d2_the_live_ledger_of_a_backtests_fills_has_its_balance(more, entry, exits, size, leverage, seed, instrument):
    play = a_play(
        f"leverage: {leverage}\nprotection: {{{exits}}}\n{entry}{more}", sizing=size,
        entry="{long: ema(3) crosses above ema(8), short: ema(3) crosses below ema(8)}",
        exit="{long: ema(3) crosses below ema(8), short: ema(3) crosses above ema(8)}",
    )  # fmt: skip
    candles = made(3_000, seed)
    result = Backtest(play, candles, instrument, CASH).run()
    rows, fees, scale = result.run.trades.tolist(), usual_fees(play, instrument), money_scale(instrument)

    ledger, last_entry, paid = Ledger(starting_equity=CASH), None, Decimal(0)
    entered = {}
    for row in rows:
        entered[row[layout.TRADE_ENTRY_BAR]] = entered.get(row[layout.TRADE_ENTRY_BAR], 0) + row[layout.TRADE_LOTS]
    state = result.run.state
    if state[layout.PROTECTION]:
        bar = int(state[layout.ENTRY_BAR])
        entered[bar] = entered.get(bar, 0) + int(state[layout.LOTS])

    def fill(sign, lots, ticks, fee):
        nonlocal ledger
        one = a_fill(str(ledger.fees), sign=sign, quantity=instrument.lot_size * lots,
                     price=instrument.from_ticks(ticks), fee=fee)  # fmt: skip
        ledger = ledgers.after(ledger, one)

    for row, rate in zip(rows, fees_of_legs(rows, instrument, fees), strict=True):
        side, lots, bar, ticks = (row[column] for column in (
            layout.TRADE_SIDE, layout.TRADE_LOTS, layout.TRADE_ENTRY_BAR, layout.TRADE_ENTRY_TICKS))  # fmt: skip
        if (bar, ticks, side) != last_entry:
            last_entry = (bar, ticks, side)
            fill(side, entered[bar], ticks, scale.to_money(row[layout.TRADE_ENTRY_FEE]))
            notional = entered[bar] * instrument.from_ticks(ticks) * instrument.lot_size
            assert scale.to_money(row[layout.TRADE_ENTRY_FEE]) in [
                in_units(notional * one, instrument) for one in (fees.maker, fees.taker)
            ]
        exit_notional = instrument.lot_size * lots * instrument.from_ticks(row[layout.TRADE_EXIT_TICKS])
        fill(-side, lots, row[layout.TRADE_EXIT_TICKS], in_units(exit_notional * rate, instrument))
        paid += scale.to_money(row[TRADE_FUNDING]) if len(row) > TRADE_FUNDING else 0
    if state[layout.PROTECTION] and (int(state[layout.ENTRY_BAR]) not in {row[layout.TRADE_ENTRY_BAR] for row in rows}):
        fill(int(state[layout.PROTECTION]), int(state[layout.LOTS]), int(state[layout.ENTRY_TICKS]),
             scale.to_money(int(state[layout.ENTRY_FEE])))  # fmt: skip

    assert len(rows) > 5
    assert ledger.wallet_balance - result.funding == scale.to_money(int(state[layout.BALANCE]))
    assert ledgers.equity(ledger, instrument.from_ticks(int(prices_in_ticks(candles, instrument)[-1, 3]))) == (
        result.final_equity + result.funding
    )
    assert ledger.position.quantity == int(state[layout.PROTECTION]) * int(state[layout.LOTS]) * instrument.lot_size
