"""What each day made, in the zone whose midnight begins a day. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from engine.messages.events import TradeClosed
from engine.messages.funding import FundingPayment

ZERO = Decimal(0)
SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One date. A trade belongs to the day it closed on, funding to the day it was paid; positive was received."""

    date: str
    trades: int = 0
    gross_profit: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO

    @property
    def profit(self) -> Decimal:
        return self.gross_profit - self.fees + self.funding


def by_day(trades: Iterable[TradeClosed], payments: Iterable[FundingPayment], zone: ZoneInfo) -> tuple[Day, ...]:
    """Days on which something was closed or paid, oldest first. Payments are those in the settlement currency."""
    days: dict[str, Day] = {}

    def of(at_ns: int) -> Day:
        date = datetime.fromtimestamp(at_ns // SECOND_NS, zone).date().isoformat()
        return days.setdefault(date, Day(date=date))

    for trade in trades:
        day = of(trade.closed_at_ns)
        gross, fees = day.gross_profit + trade.gross_profit, day.fees + trade.fees
        days[day.date] = replace(day, trades=day.trades + 1, gross_profit=gross, fees=fees)
    for payment in payments:
        day = of(payment.occurred_at_ns)
        days[day.date] = replace(day, funding=day.funding + payment.amount)
    return tuple(days[date] for date in sorted(days))
