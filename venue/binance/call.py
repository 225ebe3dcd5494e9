"""One request as its handler sees it: parameters read with Binance's complaints, the account, the venue."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

from venue.asking import Asking
from venue.binance.errors import WireError, malformed, missing

Choice = TypeVar("Choice", bound=StrEnum)
LARGEST = Decimal(10) ** 15
CLIENT_ID_LENGTH = 36


@dataclass(slots=True, kw_only=True)
class Call(Asking):
    def missing(self, name: str) -> WireError:
        return missing(name)

    def malformed(self, name: str) -> WireError:
        return malformed(name)

    def backwards(self) -> WireError:
        return WireError(-1023, "Start time is greater than end time.")

    def read_decimal(self, name: str, value: str) -> Decimal:
        return parse_decimal(name, value)

    def read_integer(self, name: str, value: str) -> int:
        return parse_integer(name, value)

    def maybe_decimal(self, name: str) -> Decimal:
        value = self.maybe(name)
        return self.read_decimal(name, value) if value else Decimal(0)

    def flag(self, name: str) -> bool:
        """Sent empty is not the same as not sent."""
        if self.params.get(name) == "":
            raise malformed(name)
        return Asking.flag(self, name)

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
