"""One request as its handler sees it: parameters read with Bybit's complaints, the account, the venue."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from venue.bybit.errors import BybitError, invalid
from venue.core.account import Account

if TYPE_CHECKING:
    from venue.venue import Venue

Choice = TypeVar("Choice", bound=StrEnum)
NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)
LINK_ID = re.compile(r"[A-Za-z0-9_-]{1,36}", re.ASCII)
CATEGORY = "linear"


@dataclass(slots=True, kw_only=True)
class Call:
    venue: "Venue"
    method: str
    path: str
    params: dict[str, str]
    account_or_none: Account | None = None
    key: str = ""

    @property
    def account(self) -> Account:
        assert self.account_or_none is not None, f"{self.path} is not marked as signed"
        return self.account_or_none

    def text(self, name: str) -> str:
        value = self.params.get(name, "")
        if not value:
            raise invalid(name)
        return value

    def maybe(self, name: str) -> str | None:
        return self.params.get(name) or None

    def decimal(self, name: str) -> Decimal:
        return parse_decimal(name, self.text(name))

    def maybe_decimal(self, name: str) -> Decimal | None:
        value = self.maybe(name)
        return None if value is None else parse_decimal(name, value)

    def integer(self, name: str) -> int:
        return parse_integer(name, self.text(name))

    def maybe_integer(self, name: str) -> int | None:
        value = self.maybe(name)
        return None if value is None else parse_integer(name, value)

    def flag(self, name: str) -> bool:
        value = self.params.get(name, "").lower() or "false"
        if value not in ("true", "false"):
            raise invalid(name)
        return value == "true"

    def limit(self, default: int, most: int) -> int:
        """Too many asked for: as many as there may be."""
        value = self.maybe_integer("limit")
        if value is not None and value < 1:
            raise invalid("limit")
        return min(default if value is None else value, most)

    def symbol(self) -> str:
        symbol = self.text("symbol")
        self.venue.floor.book(symbol)
        return symbol

    def maybe_symbol(self) -> str | None:
        return self.symbol() if self.maybe("symbol") else None

    def symbol_or_coin(self) -> str | None:
        """Lists want to know which: one symbol, or all that settle in a coin (None)."""
        if not self.maybe("symbol") and not self.maybe("settleCoin") and not self.maybe("baseCoin"):
            text = "Missing some parameters that must be filled in, symbol or settleCoin or baseCoin"
            raise BybitError(10001, text)
        return self.maybe_symbol()

    def link_id(self) -> str | None:
        value = self.maybe("orderLinkId")
        if value is not None and not LINK_ID.fullmatch(value):
            raise invalid("orderLinkId")
        return value

    def times(self, first: str = "startTime", last: str = "endTime") -> tuple[int | None, int | None]:
        start, end = self.maybe_integer(first), self.maybe_integer(last)
        if start is not None and end is not None and start > end:
            raise BybitError(10001, "The start time is later than the end time")
        return start, end


def parse_decimal(name: str, value: str) -> Decimal:
    if not NUMBER.fullmatch(value):
        raise invalid(name)
    try:
        return Decimal(value)
    except InvalidOperation:
        raise invalid(name) from None


def parse_integer(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 19):
        raise invalid(name)
    return int(value)


def as_text(value: object) -> str:
    """A JSON value as a query string would carry it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
