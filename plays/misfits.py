"""What does not fit the form of a play, said in its author's words: of all a validator finds, the one that helps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from plays.document import Document
from plays.errors import PlayError, did_you_mean, stranger_in
from plays.money_schema import Costs, EntryOrder, EntryPrices, Protection, SizingSection
from plays.schema import Parameter, Play, Sections, Sides
from plays.score import Required

KEYS: Mapping[str, type[BaseModel]] = {
    "entry": Sides, "exit": Sides, "sections": Sections, "sizing": SizingSection, "protection": Protection,
    "parameters": Parameter, "required": Required, "costs": Costs, "entry_order": EntryOrder,
    "entry_order.limit": EntryPrices, "entry_order.stop": EntryPrices,
}  # fmt: skip
SAID: Mapping[str, str] = {
    "tuple_type": "expected a condition, or a list of them",
    "string_type": "expected text",
    "dict_type": "expected names with values",
    "finite_number": "expected a finite number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "decimal_type": "expected a number",
    "decimal_parsing": "expected a number",
    "int_parsing": "expected a whole number",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "bool_parsing": "expected true or false",
    "bool_type": "expected true or false",
}
PATTERNS: Mapping[str, str] = {
    "name": "a name is a-z, 0-9 and _, beginning with a letter",
    "symbol": "write it as ccxt does, BTC/USDT:USDT",
}


def error_in(document: Document, error: ValidationError) -> PlayError:
    """The first thing wrong with the play's form, at its place."""
    first = min(error.errors(), key=lambda one: (_is_other_way(document, one), one["type"] != "extra_forbidden"))
    at_key = "[key]" in first["loc"]
    place = tuple(part for part in first["loc"] if not _is_way(part) and part != "[key]")
    if first["type"] == "extra_forbidden" or (len(place) == 1 and not isinstance(place[0], str)):
        return _unknown_key(document, place)
    if first["type"] == "missing":
        return document.error(f"{'.'.join(map(str, place))} is missing", place[:-1])
    reason, hint = _reason(first, place), ""
    if first["type"] == "string_pattern_mismatch":
        reason, hint = f"{first['input']!r} will not do", PATTERNS.get(str(place[-1]), PATTERNS["name"])
    return document.error(
        f"{'.'.join(map(str, place))}: {reason}" if place else reason, place, hint=hint, at_key=at_key
    )


def _is_other_way(document: Document, one: ErrorDetails) -> bool:
    """Is this about a way to write a parameter that its author did not choose?"""
    loc = one["loc"]
    if len(loc) < 3 or loc[0] != "parameters":
        return False
    return (loc[2] == "float") == document.holds_mapping(loc[:2])


def _is_way(part: int | str) -> bool:
    """Does this part of a place name one of the two ways to write a parameter, instead of a key?"""
    return part == "float" or (isinstance(part, str) and Parameter.__name__ in part)


def _unknown_key(document: Document, place: tuple[Any, ...]) -> PlayError:
    known = (_part_at(place[:-1]) or Play).model_fields
    word = str(place[-1])
    hint = did_you_mean(word, known) or f"known are {', '.join(known)}"
    return document.error(f"unknown key {place[-1]!r}", place, hint=stranger_in(word) or hint, at_key=True)


def _part_at(place: tuple[Any, ...]) -> type[BaseModel] | None:
    """The part of a play that stands at this place, or above it."""
    names = [".".join(map(str, place[:length])) for length in range(len(place), 0, -1)]
    return next((KEYS[name] for name in names if name in KEYS), None)


def _reason(one: ErrorDetails, place: tuple[Any, ...]) -> str:
    part = _part_at(place)
    if one["type"] == "model_type" and part:
        return f"expected keys under it: {', '.join(part.model_fields)}"
    return SAID.get(one["type"], one["msg"].removeprefix("Value error, "))
