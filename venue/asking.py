"""A request as its handler sees it, in every dialect: named values, read with that dialect's own complaints."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from venue.core.account import Account

if TYPE_CHECKING:
    from venue.venue import Venue


@dataclass(slots=True, kw_only=True)
class Asking(ABC):
    """The values are text, as a query string carries them; what is empty is not there."""

    venue: "Venue"
    method: str
    path: str
    params: dict[str, str]
    account_or_none: Account | None = None
    key: str = ""

    @abstractmethod
    def missing(self, name: str) -> Exception:
        """What to say about a value that must be there."""

    @abstractmethod
    def malformed(self, name: str) -> Exception:
        """What to say about a value that can't be."""

    @abstractmethod
    def backwards(self) -> Exception:
        """What to say about a time range that ends before it begins."""

    @abstractmethod
    def read_decimal(self, name: str, value: str) -> Decimal: ...

    @abstractmethod
    def read_integer(self, name: str, value: str) -> int: ...

    @property
    def account(self) -> Account:
        assert self.account_or_none is not None, f"{self.path} is not marked as signed"
        return self.account_or_none

    def text(self, name: str) -> str:
        value = self.params.get(name, "")
        if not value:
            raise self.missing(name)
        return value

    def maybe(self, name: str) -> str | None:
        return self.params.get(name) or None

    def decimal(self, name: str) -> Decimal:
        return self.read_decimal(name, self.text(name))

    def maybe_decimal(self, name: str) -> Decimal | None:
        value = self.maybe(name)
        return None if value is None else self.read_decimal(name, value)

    def integer(self, name: str) -> int:
        return self.read_integer(name, self.text(name))

    def maybe_integer(self, name: str) -> int | None:
        value = self.maybe(name)
        return None if value is None else self.read_integer(name, value)

    def flag(self, name: str) -> bool:
        value = self.params.get(name, "").lower() or "false"
        if value not in ("true", "false"):
            raise self.malformed(name)
        return value == "true"

    def limit(self, default: int, most: int, name: str = "limit") -> int:
        """Too many asked for: as many as there may be."""
        value = self.maybe_integer(name)
        if value is not None and value < 1:
            raise self.malformed(name)
        return min(default if value is None else value, most)

    def symbol(self) -> str:
        symbol = self.text("symbol")
        self.venue.floor.book(symbol)
        return symbol

    def maybe_symbol(self) -> str | None:
        return self.symbol() if self.maybe("symbol") else None

    def times(self, first: str = "startTime", last: str = "endTime") -> tuple[int | None, int | None]:
        start, end = self.maybe_integer(first), self.maybe_integer(last)
        if start is not None and end is not None and start > end:
            raise self.backwards()
        return start, end


def as_text(value: object) -> str:
    """A JSON value as a query string would carry it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
