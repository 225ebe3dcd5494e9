"""One request as its handler sees it: parameters read with Binance's complaints, the account, the venue."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from venue.binance.errors import WireError, malformed, missing
from venue.core.account import Account

if TYPE_CHECKING:
    from venue.venue import Venue

Choice = TypeVar("Choice", bound=StrEnum)
LARGEST = Decimal(10) ** 15
CLIENT_ID_LENGTH = 36


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
            raise missing(name)
        return value

    def maybe(self, name: str) -> str | None:
        return self.params.get(name) or None

    def decimal(self, name: str) -> Decimal:
        return parse_decimal(name, self.text(name))

    def maybe_decimal(self, name: str) -> Decimal:
        value = self.params.get(name)
        return parse_decimal(name, value) if value else Decimal(0)

    def integer(self, name: str) -> int:
        return parse_integer(name, self.text(name))

    def maybe_integer(self, name: str) -> int | None:
        value = self.params.get(name)
        return parse_integer(name, value) if value else None

    def flag(self, name: str) -> bool:
        value = self.params.get(name, "false").lower()
        if value not in ("true", "false"):
            raise malformed(name)
        return value == "true"

    def limit(self, default: int, most: int) -> int:
        value = self.maybe_integer("limit")
        if value is not None and value <= 0:
            raise malformed("limit")
        return min(default if value is None else value, most)

    def symbol(self) -> str:
        symbol = self.text("symbol")
        self.venue.floor.book(symbol)
        return symbol

    def maybe_symbol(self) -> str | None:
        return self.symbol() if self.params.get("symbol") else None

    def client_id(self, name: str) -> str | None:
        """Raises when it is too long or holds what an id may not hold."""
        value = self.maybe(name)
        if value is None:
            return None
        if len(value) > CLIENT_ID_LENGTH:
            raise WireError(-4015, "Client order id length should be less than 36 chars")
        if not all(c.isascii() and (c.isalnum() or c in "._:/-") for c in value):
            legal = "^[\\.A-Z\\:/a-z0-9_-]{1,36}$"
            raise WireError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")
        return value

    def times(self) -> tuple[int | None, int | None]:
        start, end = self.maybe_integer("startTime"), self.maybe_integer("endTime")
        if start is not None and end is not None and start > end:
            raise WireError(-1023, "Start time is greater than end time.")
        return start, end


def choose(kind: type[Choice], value: str, refusal: WireError) -> Choice:
    """The enum member called `value`, or Binance's refusal."""
    try:
        return kind(value)
    except ValueError:
        raise refusal from None


def parse_decimal(name: str, value: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise illegal(name, "^([0-9]{1,20})(\\.[0-9]{1,20})?$") from None
    if not number.is_finite() or abs(number) > LARGEST or not value.isascii():
        raise illegal(name, "^([0-9]{1,20})(\\.[0-9]{1,20})?$")
    if len(value) > 40 or "e" in value.lower():
        raise illegal(name, "^([0-9]{1,20})(\\.[0-9]{1,20})?$")
    return number


def parse_integer(name: str, value: str) -> int:
    if not (value.isascii() and value.removeprefix("-").isdigit() and len(value) < 20):
        raise illegal(name, "^[0-9]{1,20}$")
    return int(value)


def illegal(name: str, legal: str) -> WireError:
    return WireError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")
