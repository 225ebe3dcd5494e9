"""Dialect: what every exchange is asked, whatever its words. One class per exchange says how.

A dialect translates and never decides: it raises what ccxt or the network raised (judged later by the one error table),
MalformedMessage for an answer that can't be, and RequestRefused for what it knows to be refused before asking.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from adapters.ccxt.errors import reason_of
from adapters.ccxt.streams import Line, Patience
from adapters.ccxt.translate import Raw, text
from engine.errors import MalformedMessage
from engine.fill import Fill
from engine.instrument import Instrument
from engine.market import Bar
from engine.messages.base import Message
from engine.messages.exchange import AccountSnapshot, CancelOrder, FindOrder, OrderReport, TakeSnapshot
from engine.messages.market import BarClosed, MarkPriceChanged
from engine.order import Order


class Dialect(Protocol):
    """The calls of one account on one exchange. Symbols are ours (ccxt's), times nanoseconds."""

    @property
    def renewal_s(self) -> float | None:
        """How often `renew_user_stream` is to be called; None where nothing is to be renewed."""

    async def close(self) -> None:
        """Close ccxt's own resources (the session is closed by its owner)."""

    async def ping(self) -> None:
        """The cheapest request there is."""

    async def list_instrument(self, symbol: str) -> None:
        """Learn how the exchange names `symbol`; raises RequestRefused when it does not list it."""

    async def instrument(self, symbol: str) -> Instrument:
        """The exchange's rules for `symbol`, with this account's fees."""

    async def measure_clock(self) -> tuple[int, int]:
        """(exchange clock minus ours, shortest round trip), in ns; every signature uses the first from now on."""

    async def set_up(self, symbol: str, leverage: int) -> None:
        """One-way mode, isolated margin and the leverage; what is so already is left alone."""

    async def place(self, order: Order) -> OrderReport:
        """Send one order, once. The report says no more than the exchange's answer did."""

    async def amend(self, order: Order) -> None:
        """Give the resting order of this client id the quantity and price or trigger that `order` has."""

    async def cancel(self, asked: CancelOrder) -> None:
        """Cancel by client order id, else by the exchange's own. An answer that does not say so is MalformedMessage."""

    async def find(self, asked: FindOrder) -> OrderReport:
        """The order as it stands; a triggered conditional one with what came of it."""

    async def fills(self, symbol: str, since_ns: int) -> tuple[Fill, ...]:
        """Executions since then, oldest first, all pages, each with the client id of its order."""

    async def snapshot(self, asked: TakeSnapshot) -> AccountSnapshot:
        """Balances, position, open orders of both kinds (all pages) and fills, read side by side. A light one where
        that is asked for and the rest is dear."""

    async def klines(self, symbol: str, timeframe: str, **window: int) -> list[Bar]:
        """Bars oldest first, the newest of them unfinished; `window` is any of limit, startTime and endTime (ms)."""

    async def user_line(self) -> Line:
        """The account's events."""

    async def renew_user_stream(self) -> None:
        """To be called every `renewal_s`."""

    async def market_line(self, symbol: str, timeframe: str) -> Line:
        """Bars and mark prices of one instrument."""

    def events_of(self, frame: Raw, symbol: str) -> tuple[Message, ...]:
        """What a frame of the account's stream says of our instrument (which was listed before)."""

    def market_events_of(self, frame: Raw, observed_at_ns: int) -> tuple[BarClosed | MarkPriceChanged, ...]:
        """What a frame of the market's stream says: bars that closed, mark prices, or nothing we need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of an exchange before it is spoken to. `hosts` by environment: no other host is ever reached."""

    hosts: Mapping[str, frozenset[str]]
    dialect: Callable[[Any, str, Callable[[], int]], Dialect]
    usage: Callable[[Mapping[str, str]], tuple[int | None, int | None]]
    user_patience: Patience
    market_patience: Patience
    error_families: tuple[str, ...] = ()


def no_usage(_headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """(weight, orders) used, as headers tell: this exchange's do not."""
    return None, None


def must_name(report: OrderReport, client_order_id: str) -> OrderReport:
    """The report, if it is of the order that was asked for; another one's answer proves nothing."""
    if report.client_order_id != client_order_id:
        raise MalformedMessage(f"asked for {client_order_id}, answered {report.client_order_id}")
    return report


def must_name_what_was_asked(answer: Raw, asked: FindOrder | CancelOrder, names: tuple[str, str]) -> None:
    """Raises MalformedMessage unless the answer is of the order asked for; `names` are its fields of either id."""
    name, wanted = (names[0], asked.client_order_id) if asked.client_order_id else (names[1], asked.venue_order_id)
    if text(answer, name) != wanted:
        raise MalformedMessage(f"asked for {wanted}, answered {text(answer, name)}")


async def unless_so(call: Awaitable[Any]) -> None:
    """Perform a change of settings; that nothing needed changing is success."""
    try:
        await call
    except Exception as error:  # ccxt's classes are loaded late; our table knows them
        if reason_of(error) != "no_change":
            raise
