"""One request as its handler sees it: parameters read with MEXC's complaints, the account, the venue."""

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from venue.asking import Asking
from venue.core.instrument import Instrument
from venue.core.refusal import Reason, Refused
from venue.mexc.contracts import to_quantity, venue_symbol
from venue.mexc.errors import MexcError, invalid

NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,2})?", re.ASCII)
EXTERNAL_ID = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
LONGEST_EXTERNAL_ID = 32
LARGEST = Decimal(10) ** 20
DAY_MS = 24 * 3_600_000
WEEK_MS, LONGEST_MS = 7 * DAY_MS, 90 * DAY_MS


@dataclass(slots=True, kw_only=True)
class Call(Asking):
    """`rows`: a body that is a list has no names."""

    rows: list[object] = field(default_factory=list)

    def missing(self, name: str) -> MexcError:
        return invalid(name)

    def malformed(self, name: str) -> MexcError:
        return invalid(name)

    def backwards(self) -> MexcError:
        return MexcError(6003, "Time range error")

    def read_decimal(self, name: str, value: str) -> Decimal:
        if not NUMBER.fullmatch(value):
            raise invalid(name)
        try:
            found = Decimal(value)
        except InvalidOperation:
            raise invalid(name) from None
        if abs(found) > LARGEST:
            raise invalid(name)
        return found

    def read_integer(self, name: str, value: str) -> int:
        """Clients that know only floats send 10.0."""
        whole = value.removesuffix(".0")
        if not (whole.isascii() and whole.isdigit() and len(whole) < 19):
            raise invalid(name)
        return int(whole)

    def symbol(self) -> str:
        symbol = venue_symbol(self.text("symbol"))
        self.venue.floor.book(symbol)
        return symbol

    def instrument(self) -> Instrument:
        return self.venue.floor.books[self.symbol()].instrument

    def quantity(self, instrument: Instrument) -> Decimal:
        """`vol` contracts in base currency; no parts of a contract."""
        contracts = self.decimal("vol")
        if contracts % 1:
            raise Refused(Reason.QUANTITY_OFF_STEP)
        return to_quantity(instrument, contracts)

    def external_id(self) -> str | None:
        value = self.maybe("externalOid")
        if value is not None and len(value) > LONGEST_EXTERNAL_ID:
            raise MexcError(2030, "External order ID is too long")
        if value is not None and not EXTERNAL_ID.fullmatch(value):
            raise invalid("externalOid")
        return value

    def id(self, name: str) -> int:
        return self.integer(name)

    def span(self) -> tuple[int, int]:
        """`start_time` to `end_time` (ms); the last seven days when neither is given, at most ninety."""
        start, end = self.times("start_time", "end_time")
        last = self.venue.clock.now_ms() if end is None else end
        first = last - (WEEK_MS if end is None else LONGEST_MS) if start is None else start
        if last - first > LONGEST_MS:
            raise self.backwards()
        return first, last

    def page(self) -> tuple[int, int]:
        """(rows to pass over, rows to show): pages of 20, at most 100, counted from 1."""
        size, number = self.limit(20, 100, "page_size"), self.maybe_integer("page_num") or 1
        return (number - 1) * size, size
