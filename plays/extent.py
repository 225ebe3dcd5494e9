"""How large a condition is once the play's own names are written out. What would take for ever to compile is refused.

Names build on names, so a play of forty lines could mean a condition of 2^40 terms: this is counted, not built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plays.conditions import Ago, Call, Expression, Name, Number, On, Operation
from plays.errors import ConditionError

MOST_TERMS = 5_000
DEEPEST = 150


@dataclass(frozen=True, slots=True)
class Extent:
    """Terms in all, and how many stand inside each other at most."""

    terms: int = 1
    depth: int = 1


def extent_of(tree: Expression, names: Mapping[str, Extent]) -> Extent:
    """The extent of `tree`, its names being as large as given. Raises ConditionError when it is too large."""
    if isinstance(tree, Name):
        return names.get(tree.name, Extent())
    parts = [extent_of(part, names) for part in _parts(tree)]
    whole = Extent(1 + sum(part.terms for part in parts), 1 + max((part.depth for part in parts), default=0))
    if whole.terms > MOST_TERMS or whole.depth > DEEPEST:
        raise ConditionError(
            f"with its names written out this has {whole.terms} terms, {whole.depth} inside each other", tree.column,
            f"at most {MOST_TERMS} and {DEEPEST}: make it simpler",
        )  # fmt: skip
    return whole


def _parts(tree: Expression) -> tuple[Expression, ...]:
    match tree:
        case Call(arguments=arguments, options=options):
            return (*arguments, *(value for _, value in options))
        case Operation(operands=operands):
            return operands
        case Ago(of=part) | On(of=part):
            return (part,)
        case Name() | Number():
            return ()
