"""Strangers' data becomes our types, or MalformedMessage naming the field and what was in it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.errors import MalformedMessage
from engine.instrument import Instrument
from engine.market import Bar

Raw = Mapping[str, Any]
ZERO = Decimal(0)
MS = 1_000_000


def mapping(value: Any) -> Raw:
    """`value`, which must be an object."""
    if not isinstance(value, Mapping):
        raise MalformedMessage(f"an object was expected, not {value!r:.200}")
    return value


def rows(value: Any) -> Sequence[Any]:
    """`value`, which must be a list."""
    if not isinstance(value, list):
        raise MalformedMessage(f"a list was expected, not {value!r:.200}")
    return value


def text(raw: Raw, name: str) -> str:
    """A field that must be there and not be empty."""
    value = raw.get(name)
    if value is None or value == "" or isinstance(value, (dict, list, bool)):
        raise _wrong(raw, name, "a text")
    return str(value)


def amount(raw: Raw, name: str) -> Decimal:
    """A finite number, of either sign."""
    try:
        number = Decimal(str(raw.get(name)))
    except InvalidOperation as error:
        raise _wrong(raw, name, "a number") from error
    if not number.is_finite():
        raise _wrong(raw, name, "a finite number")
    return number


def size(raw: Raw, name: str) -> Decimal:
    """A finite number that is not negative."""
    number = amount(raw, name)
    if number < 0:
        raise _wrong(raw, name, "a number not below zero")
    return number


def positive(raw: Raw, name: str) -> Decimal:
    """A finite number above zero."""
    number = amount(raw, name)
    if number <= 0:
        raise _wrong(raw, name, "a number above zero")
    return number


def positive_or_none(raw: Raw, name: str) -> Decimal | None:
    """A price that may be absent, which exchanges write as nothing, "" or 0."""
    return None if raw.get(name) in (None, "", 0, "0") else (size(raw, name) or None)


def flag(raw: Raw, name: str) -> bool:
    """True or false, however it is written; absent is false."""
    value = raw.get(name, False)
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    raise _wrong(raw, name, "true or false")


def time_ns(raw: Raw, name: str) -> int:
    """Milliseconds since 1970 there, nanoseconds here."""
    return int(positive(raw, name)) * MS


def choice(raw: Raw, name: str, choices: Mapping[str, Any]) -> Any:
    """The meaning of a field whose values we know."""
    value = raw.get(name)
    if not isinstance(value, str) or value not in choices:
        raise _wrong(raw, name, f"one of {', '.join(choices)}")
    return choices[value]


def bar(row: Sequence[Any]) -> Bar:
    """A kline row: open time in ms, open, high, low, close, volume."""
    try:
        numbers = [float(row[index]) for index in range(1, 6)]
        open_time_ns = int(row[0]) * MS
    except (TypeError, ValueError, IndexError) as error:
        raise MalformedMessage(f"not a kline: {row!r:.200}") from error
    low, high = numbers[2], numbers[1]
    if not all(map(math.isfinite, numbers)) or not 0 < low <= min(numbers[0], numbers[3]) or high < low:
        raise MalformedMessage(f"a kline that cannot be: {row!r:.200}")
    return Bar(open_time_ns=open_time_ns, open=numbers[0], high=high, low=low, close=numbers[3], volume=numbers[4])


def instrument(market: Raw, filters: Mapping[str, Raw], fees: tuple[Decimal, Decimal]) -> Instrument:
    """ccxt's market with the exchange's filters; `fees` are (taker, maker) as fractions."""
    lot, minimum = market["precision"]["amount"], market["limits"]["amount"]["min"]
    market_lot = filters.get("MARKET_LOT_SIZE", {})
    return Instrument(
        symbol=text(market, "symbol"),
        tick_size=positive(market["precision"], "price"),
        lot_size=max(positive({"lot": lot}, "lot"), positive_or_none(market_lot, "stepSize") or ZERO),
        minimum_quantity=max(size({"minimum": minimum}, "minimum"), positive_or_none(market_lot, "minQty") or ZERO),
        minimum_notional=size({"cost": market["limits"]["cost"]["min"] or 0}, "cost"),
        taker_fee=fees[0],
        maker_fee=fees[1],
    )


def plain(number: Decimal) -> str:
    """A number as exchanges want it: no exponent, no needless zeros."""
    shown = format(number, "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _wrong(raw: Raw, name: str, wanted: str) -> MalformedMessage:
    return MalformedMessage(
        f"field {name!r} is {raw.get(name)!r:.80}, {wanted} was expected; in {str(dict(raw))[:300]}"
    )
