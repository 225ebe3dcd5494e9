"""Frozen: `replace` for frozen, slotted dataclasses, as `dataclasses.replace` does it and in a quarter of the time.

Every step of a machine makes a new state out of the old one, most of it unchanged. The standard `replace` reads each
field by name and gives all of them to `__init__`, which sets each again through `object.__setattr__`. A slot can be
read and filled directly, as nothing that was valid a moment ago has to be looked at again.

The meaning is the same: a new value of the same class, a TypeError for a name that is no field, and a class that
checks its values in `__post_init__` (or is anything but plain and slotted) goes the standard way, checks included.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from inspect import ismemberdescriptor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import replace  # so that mypy knows the names and types of what is replaced
else:

    def replace(value, /, **changes):
        """`value` with these fields replaced."""
        way = _way_of(type(value))
        if way is None:
            return dataclasses.replace(value, **changes)
        copy, fill = way
        made = copy(value)
        for name, new in changes.items():
            if name not in fill:
                raise TypeError(f"{type(value).__name__} has no field {name!r}")
            fill[name](made, new)
        return made


@cache
def _way_of(kind: type[Any]) -> tuple[Callable[[Any], Any], dict[str, Any]] | None:
    """What copies a value of this class, and by field what fills its slot; None when there is more to it."""
    fields = dataclasses.fields(kind)
    slots = {field.name: getattr(kind, field.name, None) for field in fields}
    is_plain = all(field.init for field in fields) and all(ismemberdescriptor(slot) for slot in slots.values())
    if not is_plain or hasattr(kind, "__post_init__"):
        return None
    fill = {name: slot.__set__ for name, slot in slots.items() if slot is not None}
    return _copier(kind, fill), fill


def _copier(kind: type[Any], fill: dict[str, Any]) -> Callable[[Any], Any]:
    """Written out slot by slot, as `dataclass` itself writes its `__init__`: a loop would take twice as long."""
    lines = ("made = new(kind)", *(f"fill_{name}(made, value.{name})" for name in fill), "return made")
    names: dict[str, Any] = {"new": object.__new__, "kind": kind, **{f"fill_{name}": fill[name] for name in fill}}
    exec("\n    ".join(("def copy(value):", *lines)), names)
    copy: Callable[[Any], Any] = names["copy"]
    return copy


__all__ = ["replace"]
