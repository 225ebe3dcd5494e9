"""Funding: every eight hours of market time longs pay shorts the rate (or the other way round when it is negative)."""

from decimal import Decimal

from venue.core.account import Account, Position, to_cents
from venue.core.floor import Floor
from venue.core.settlement import Adjustment, adjust

PERIOD_MS = 8 * 60 * 60 * 1000


def next_funding_ms(market_ms: int) -> int:
    return (market_ms // PERIOD_MS + 1) * PERIOD_MS


def is_due(market_ms: int) -> bool:
    return market_ms % PERIOD_MS == 0


def settle_funding(floor: Floor, rate: Decimal) -> None:
    for account in floor.accounts.values():
        for position in list(account.held()):
            pay(floor, account, position, rate)


def pay(floor: Floor, account: Account, position: Position, rate: Decimal) -> None:
    change = -to_cents(position.amount * floor.books[position.symbol].mark * rate)
    if change:
        account.funding += change
        adjustment = Adjustment(
            change=change,
            kind="FUNDING_FEE",
            reason="FUNDING_FEE",
            symbol=position.symbol,
            quantity=position.amount,
            price=floor.books[position.symbol].mark,
        )
        adjust(floor, account, adjustment)
