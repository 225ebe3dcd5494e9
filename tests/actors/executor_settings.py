"""What the executor of a desk is told: who it is, what it trades, by which rules."""

from __future__ import annotations

from actors.executor_state import ExecutorSettings
from engine.protection import ProtectionRules
from engine.safety.limits import Limits
from engine.sizing import Sizing, SizingMode
from tests.builders import SYMBOL, D

RULES = ProtectionRules(
    stoploss=D("0.02"), take_profit=D("0.05"), trailing_stop=True, trailing_stop_positive=D("0.005"),
    trailing_stop_positive_offset=D("0.008"),
)  # fmt: skip
SETTINGS = ExecutorSettings(
    instance="live-1", account="main", play="tried", play_hash="abcdef", symbol=SYMBOL, leverage=1,
    capital=D(10_000), rules=RULES, sizing=Sizing(mode=SizingMode.FIXED_NOTIONAL, amount=D(4_000)), limits=Limits(),
)  # fmt: skip
