"""One request as its handler sees it: parameters read with Bybit's complaints, the account, the venue."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from venue.asking import Asking
from venue.bybit.errors import BybitError, invalid

NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)
LINK_ID = re.compile(r"[A-Za-z0-9_-]{1,36}", re.ASCII)
CATEGORY = "linear"


@dataclass(slots=True, kw_only=True)
class Call(Asking):
    def missing(self, name: str) -> BybitError:
        return invalid(name)

    def malformed(self, name: str) -> BybitError:
        return invalid(name)

    def backwards(self) -> BybitError:
        return BybitError(10001, "The start time is later than the end time")

    def read_decimal(self, name: str, value: str) -> Decimal:
        return parse_decimal(name, value)

    def read_integer(self, name: str, value: str) -> int:
        return parse_integer(name, value)

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
