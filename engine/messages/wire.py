"""msgpack <-> message: `(version, name, fields)`, validated where it enters. A message is the same bytes on every wire.

Decimals travel as text (their scale is kept), enums as their value. Unknown names, versions and fields are refused.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

import msgpack
from pydantic import TypeAdapter, ValidationError

from engine.errors import MalformedMessage
from engine.messages import (
    account,
    backtest,
    budget,
    control,
    events,
    exchange,
    facts,
    host,
    market,
    notices,
    operator,
    reports,
)
from engine.messages.base import Message

VERSION = 1
_LOCAL = (control.JournalRead,)  # answers of a port in the same process; they never travel
_MODULES = (account, backtest, budget, control, events, exchange, facts, host, market, notices, operator, reports)
_NAMES: dict[str, type[Message]] = {
    name: kind
    for module in _MODULES
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message and kind not in _LOCAL
}


def encode(message: Message) -> bytes:
    """The message's bytes."""
    name = type(message).__name__
    return msgpack.packb([VERSION, name, _fields(message)], default=_plain)  # type: ignore[no-any-return]


def decode(data: bytes) -> Message:
    """The message in `data`. Raises MalformedMessage saying what is wrong."""
    try:
        version, name, fields = msgpack.unpackb(data, strict_map_key=False)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise MalformedMessage(f"not a message: {error!r} in {data[:80]!r}") from error
    if version != VERSION or name not in _NAMES:
        raise MalformedMessage(f"no message {name!r} in version {version!r}; this is version {VERSION}")
    return _build(name, fields)


def name_of(data: bytes) -> str:
    """The name of an encoded message, for logs and dead letters."""
    return str(msgpack.unpackb(data, strict_map_key=False)[1])


def is_conflated(name: str) -> bool:
    """Whether of several waiting messages of this name only the newest matters."""
    kind = _NAMES.get(name)
    return kind is not None and kind.is_conflated


def _build(name: str, fields: Any) -> Message:
    try:
        built: Message = _adapter(_NAMES[name]).validate_python(fields)
    except ValidationError as error:
        raise MalformedMessage(f"{name}: {error.errors(include_url=False)[:3]}") from error
    return built


def _fields(message: Message) -> Any:
    return _adapter(type(message)).dump_python(message)


def _adapter(kind: type[Message]) -> TypeAdapter[Any]:
    return _adapter_named(kind.__name__)


@cache
def _adapter_named(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_NAMES[name])


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} does not travel in messages")
