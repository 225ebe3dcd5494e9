"""Nonsense: what a body becomes when an exchange answers what cannot be. The shape of JSON stays, its meaning goes."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

Garble = Callable[[str, object], object]  # a field's name and its value -> what stands there instead
NUMBER = re.compile(r"-?\d+(\.\d+)?")
UNKNOWN_STATUS = "HALF_DONE"


def nonsense(body: object, way: str) -> object:
    """`body` with each of its values garbled in one of WAYS."""
    return every_second_lost(body) if way == "missing" else garbled("", body, GARBLES[way])


def every_second_lost(value: object) -> object:
    """Each object lacks every other field, beginning with the first."""
    if isinstance(value, Mapping):
        return {key: every_second_lost(value[key]) for key in list(value)[1::2]}
    return [every_second_lost(one) for one in value] if isinstance(value, list) else value


def garbled(name: str, value: object, garble: Garble) -> object:
    if isinstance(value, Mapping):
        return {key: garbled(str(key), one, garble) for key, one in value.items()}
    return [garbled(name, one, garble) for one in value] if isinstance(value, list) else garble(name, value)


def is_number(value: object) -> bool:
    if isinstance(value, str):
        return NUMBER.fullmatch(value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def boxed(_: str, value: object) -> object:
    return {"value": [value]}


def no_number(_: str, value: object) -> object:
    return ("NaN" if isinstance(value, str) else float("nan")) if is_number(value) else value


def below_zero(_: str, value: object) -> object:
    """Amounts are texts with a point in them; ids and times are left alone."""
    return str(-abs(Decimal(value))) if isinstance(value, str) and "." in value and is_number(value) else value


def unheard_of(name: str, value: object) -> object:
    return UNKNOWN_STATUS if name.lower().endswith("status") else value


GARBLES: Mapping[str, Garble] = {"types": boxed, "nan": no_number, "negative": below_zero, "status": unheard_of}
WAYS = ("missing", *GARBLES)
