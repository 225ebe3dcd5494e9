"""What a play wants: the signal of one closed bar."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from math import nan


class Intent(IntFlag):
    """What a play's rules say at the close of one bar. Several may hold at once; exits are acted on before entries."""

    NONE = 0
    ENTER_LONG = 1
    EXIT_LONG = 2
    ENTER_SHORT = 4
    EXIT_SHORT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """The decision of `play_hash` at the close of the base bar that opened at `bar_open_time_ns`.

    `features` are the indicator values the rules read, in the play's order, for the chart and the audit trail; they are
    compared bit by bit between modes. `numbers` are the terms that an entry is made with, as `sizing.volatility`.
    """

    play_hash: str
    symbol: str
    bar_open_time_ns: int
    intent: Intent
    close: float
    features: tuple[tuple[str, float], ...] = ()
    numbers: tuple[tuple[str, float], ...] = ()

    def number(self, name: str) -> float:
        """The number of this name; NaN when the play has none."""
        return dict(self.numbers).get(name, nan)


def decide(intent: int, side: int) -> tuple[bool, int]:
    """(close the position?, side to enter: 1 long, -1 short, 0 none) when a play says `intent` while holding `side`.

    Exits come before entries; a side is not entered while its own exit holds; both sides wanted at once is no entry.
    An entry of the other side while holding one waits until the position is closed by its exit or its protection.
    Plain integers: live and backtest share it.
    """
    close = (side > 0 and intent & 2 != 0) or (side < 0 and intent & 8 != 0)
    if side != 0 and not close:
        return False, 0
    long = intent & 1 != 0 and intent & 2 == 0
    short = intent & 4 != 0 and intent & 8 == 0
    if long == short:
        return close, 0
    return close, 1 if long else -1
