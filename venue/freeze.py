"""Dataclasses to plain JSON values and back, by their own type hints."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import TypeVar, Union, get_args, get_origin, get_type_hints

Frozen = TypeVar("Frozen")
PLAIN = (str, int, bool)


def freeze(value: object) -> object:
    """Decimals become strings, enums their values, dataclasses dicts, tuples (of one kind) lists."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [freeze(part) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: freeze(getattr(value, f.name)) for f in fields(value)}
    return value


def thaw(kind: type[Frozen], value: Mapping[str, object]) -> Frozen:
    """The dataclass of this kind that was frozen to `value`."""
    hints = get_type_hints(kind)
    return kind(**{name: thaw_value(hints[name], part) for name, part in value.items() if name in hints})


def thaw_value(hint: object, value: object) -> object:
    if value is None:
        return None
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(part for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is tuple:
        assert isinstance(value, list), f"a tuple was frozen as a list, not {value!r}"
        return tuple(thaw_value(get_args(hint)[0], part) for part in value)
    if hint in PLAIN:
        return value
    if isinstance(hint, type) and is_dataclass(hint):
        assert isinstance(value, Mapping), f"{hint.__name__} was not frozen as a mapping: {value!r}"
        return thaw(hint, value)
    assert isinstance(hint, type), f"nothing of type {hint} is frozen here"
    return hint(value)
