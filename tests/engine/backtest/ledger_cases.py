"""Protective exits, bar by bar: the table of ledgers computed by hand.

A signal at the close of the first bar (10,000 ticks) buys or sells 100 lots at the next open, which is 10,000 too. A
tick of a lot is one unit of money, so that 1 % of price is 10,000 units. Bars are open, high, low, close; each line
says where the exit is, what it is called and what the trade earned. Ratios are of the stake: with leverage 5, 10 %
of the stake is 2 % of price.
"""

from engine.protection import ProtectionRules
from tests.builders import D

CALM = (10_000, 10_000, 10_000, 10_000)
LONG, SHORT = 1, -1


def rules(**given):
    leverage = D(given.pop("leverage", 1))
    ratios = {name: D(value) if isinstance(value, str) else value for name, value in given.items()}
    return ProtectionRules(leverage=leverage, **ratios)


STOP = rules(stoploss="0.02")
BOTH = rules(stoploss="0.02", take_profit="0.04")
TRAIL = rules(stoploss="0.02", trailing_stop=True)
OFFSET = rules(stoploss="0.02", trailing_stop=True, trailing_stop_positive="0.005",
               trailing_stop_positive_offset="0.03")  # fmt: skip
ONLY = rules(stoploss="0.02", trailing_stop=True, trailing_stop_positive="0.005", trailing_stop_positive_offset="0.03",
             trailing_only_offset_is_reached=True)  # fmt: skip
EVEN = rules(stoploss="0.02", break_even="0.01")
TIME = rules(stoploss="0.02", time_exit_minutes=2)
ROI = rules(stoploss="0.02", minimal_roi=((0, D("0.04")), (2, D("0.01"))))

# (what it shows, side, rules, bars from the entry's on, exit bar or None, exit ticks, reason, earned)
CASES = [
    # --- stop-loss and take-profit. 2 % of 10,000 is 200 ticks, 4 % is 400
    ("a stop is filled at its level", LONG, STOP, [(10_000, 10_000, 9_700, 9_750)], 1, 9_800, "stop_loss", 100 * -200),
    ("a short's stop is above", SHORT, STOP, [(10_000, 10_201, 9_950, 10_100)], 1, 10_200, "stop_loss", 100 * -200),
    ("one tick before the stop is no stop", LONG, STOP, [(10_000, 10_000, 9_801, 9_900), CALM], None, 0, "", 0),
    ("a gap through it fills at the open", LONG, STOP, [CALM, (9_700, 9_900, 9_600, 9_800)], 2, 9_700, "stop_loss",
     100 * -300),
    ("a short's gap, too", SHORT, STOP, [CALM, (10_400, 10_500, 9_000, 10_450)], 2, 10_400, "stop_loss", 100 * -400),
    ("a target is filled at its level", LONG, BOTH, [(10_000, 10_500, 9_900, 10_450)], 1, 10_400, "take_profit",
     100 * 400),
    ("a short's target is below", SHORT, BOTH, [CALM, (10_000, 10_100, 9_600, 9_700)], 2, 9_600, "take_profit",
     100 * 400),
    ("a gap beyond the target fills at the open", LONG, BOTH, [CALM, (10_450, 10_500, 9_000, 9_100)], 2, 10_450,
     "take_profit", 100 * 450),
    ("both touched in one bar: the stop", LONG, BOTH, [(10_000, 10_600, 9_700, 10_500)], 1, 9_800, "stop_loss",
     100 * -200),
    ("both touched in one bar, short: the stop", SHORT, BOTH, [(10_000, 10_600, 9_500, 9_600)], 1, 10_200, "stop_loss",
     100 * -200),
    # 10,003 less 2 % is 9,802.94: down to 9,802, so 201 ticks; 1,000,000 // 10,003 are 99 lots
    ("a level between ticks is the farther one", LONG, STOP, [(10_003, 10_003, 9_802, 9_900)], 1, 9_802, "stop_loss",
     99 * -201),
    # --- leverage 5: 10 % of the stake are 2 % of price
    ("leverage brings the stop nearer", LONG, rules(stoploss="0.1", leverage=5), [(10_000, 10_000, 9_800, 9_900)], 1,
     9_800, "stop_loss", 100 * -200),
    ("leverage brings the target nearer", SHORT, rules(stoploss="0.5", take_profit="0.1", leverage=5),
     [(10_000, 10_000, 9_790, 9_900)], 1, 9_800, "take_profit", 100 * 200),
    # --- trailing: 10,500 x 0.98 = 10,290 and 9,500 x 1.02 = 9,690
    ("what a high earns holds from the next bar on", LONG, TRAIL,
     [(10_000, 10_500, 9_900, 10_400), (10_400, 10_450, 10_200, 10_300)], 2, 10_290, "trailing_stop_loss", 100 * 290),
    ("below the trailed stop within its own bar nothing happens", LONG, TRAIL,
     [(10_000, 10_500, 10_000, 10_100), (10_200, 10_250, 10_100, 10_150)], 2, 10_200, "trailing_stop_loss", 100 * 200),
    ("a short trails downwards", SHORT, TRAIL, [(10_000, 10_000, 9_500, 9_600), (9_600, 9_700, 9_600, 9_650)], 2, 9_690,
     "trailing_stop_loss", 100 * 310),
    # 10,200 x 0.98 = 9,996, then 10,400 x 0.98 = 10,192
    ("it moves on and never back", LONG, TRAIL,
     [(10_000, 10_200, 10_000, 10_100), (10_100, 10_400, 10_100, 10_300), (10_300, 10_350, 10_150, 10_200)], 3, 10_192,
     "trailing_stop_loss", 100 * 192),
    # 10,299 x 0.98 = 10,093.02 down to 10,093; the offset stands at 10,300
    ("before the offset it trails by the stoploss", LONG, OFFSET,
     [(10_000, 10_299, 10_000, 10_200), (10_200, 10_200, 10_000, 10_100)], 2, 10_093, "trailing_stop_loss", 100 * 93),
    # 10,400 x 0.995 = 10,348
    ("beyond the offset it trails closer", LONG, OFFSET,
     [(10_000, 10_400, 10_000, 10_380), (10_380, 10_390, 10_300, 10_310)], 2, 10_348, "trailing_stop_loss", 100 * 348),
    # 9,600 x 1.005 = 9,648
    ("a short beyond it", SHORT, OFFSET, [(10_000, 10_000, 9_600, 9_620), (9_620, 9_650, 9_610, 9_640)], 2, 9_648,
     "trailing_stop_loss", 100 * 352),
    ("only_offset: until then the stop stays", LONG, ONLY,
     [(10_000, 10_299, 10_000, 10_200), (10_200, 10_200, 9_790, 9_900)], 2, 9_800, "stop_loss", 100 * -200),
    # exactly at the offset it trails, by the stoploss still: 10,300 x 0.98 = 10,094
    ("only_offset: reached to the tick", LONG, ONLY,
     [(10_000, 10_300, 10_000, 10_250), (10_250, 10_250, 10_000, 10_100)], 2, 10_094, "trailing_stop_loss", 100 * 94),
    ("only_offset: beyond", SHORT, ONLY, [(10_000, 10_000, 9_600, 9_620), (9_640, 9_700, 9_610, 9_650)], 2, 9_648,
     "trailing_stop_loss", 100 * 352),
    # --- break-even
    ("one tick short of it the stop stays", LONG, EVEN,
     [(10_000, 10_099, 10_000, 10_050), (10_050, 10_050, 9_790, 9_900)], 2, 9_800, "stop_loss", 100 * -200),
    ("from 1 % on the stop is at the entry", LONG, EVEN,
     [(10_000, 10_100, 10_000, 10_050), (10_050, 10_050, 9_990, 9_995)], 2, 10_000, "trailing_stop_loss", 0),
    ("a short's too", SHORT, EVEN, [(10_000, 10_000, 9_900, 9_950), (9_950, 10_010, 9_950, 10_005)], 2, 10_000,
     "trailing_stop_loss", 0),
    ("with trailing, the nearer to profit", LONG, rules(stoploss="0.02", break_even="0.01", trailing_stop=True),
     [(10_000, 10_500, 10_000, 10_400), (10_400, 10_400, 10_200, 10_300)], 2, 10_290, "trailing_stop_loss", 100 * 290),
    # --- exits at market: named at a close, made at the next open
    ("the time exit after two bars", LONG, TIME, [CALM, CALM, (10_005, 10_005, 10_005, 10_005)], 3, 10_005, "time_exit",
     100 * 5),
    ("a stop in the last bar comes before it", LONG, TIME, [CALM, (10_000, 10_000, 9_800, 9_900), CALM], 2, 9_800,
     "stop_loss", 100 * -200),
    ("an exit at the open comes before its stop", LONG, TIME, [CALM, CALM, (9_900, 9_900, 9_000, 9_100)], 3, 9_900,
     "time_exit", 100 * -100),
    # 3.9 % is not yet 4 %; from the second bar on 1 % is enough
    ("the minimal ROI shrinks", LONG, ROI,
     [(10_000, 10_390, 10_000, 10_390), (10_390, 10_390, 10_100, 10_100), (10_110, 10_110, 10_000, 10_000)], 3, 10_110,
     "roi", 100 * 110),
    ("the ROI with leverage: 5 % of the stake are 1 %", SHORT,
     rules(stoploss="0.5", minimal_roi=((0, D("0.05")),), leverage=5),
     [(10_000, 10_000, 9_900, 9_900), (9_910, 9_950, 9_900, 9_950)], 2, 9_910, "roi", 100 * 90),
    ("ROI and time are due at one close: the ROI", LONG,
     rules(stoploss="0.02", minimal_roi=((0, D("0.01")),), time_exit_minutes=1),
     [(10_000, 10_150, 10_000, 10_150), (10_140, 10_140, 10_000, 10_000)], 2, 10_140, "roi", 100 * 140),
]  # fmt: skip
# with fees of 0.1 %: 1,000 for 1,000,000 in, 980 for 980,000 out; 960 for 960,000
WITH_FEES = [
    ("a loss and its fees", LONG, STOP, [(10_000, 10_000, 9_700, 9_750)], 1, 9_800, "stop_loss", -20_000 - 1_000 - 980),
    ("a short's profit and its fees", SHORT, BOTH, [(10_000, 10_000, 9_600, 9_700)], 1, 9_600, "take_profit",
     40_000 - 1_000 - 960),
]  # fmt: skip
