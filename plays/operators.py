"""The operators of conditions, over arrays and at one bar: IEEE arithmetic gives both the same bits."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.compiled import compile_with

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Floats = NDArray[np.float64]

NAN = float("nan")


def divide(left: float, right: float) -> float:
    """`left / right`; no number when `right` is 0, so that every comparison with it is false."""
    return left / right if right else NAN


def divide_arrays(left: Array, right: Array) -> Floats:
    """The same, over arrays."""
    import numpy as np

    result: Floats = np.full(np.broadcast(left, right).shape, NAN)
    np.divide(left, right, out=result, where=np.not_equal(right, 0.0))
    return result


ONE_BAR: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": divide, "negate": operator.neg,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
    "and": lambda left, right: bool(left and right), "or": lambda left, right: bool(left or right),
    "not": operator.not_,
}  # fmt: skip


def over_arrays(symbol: str) -> Callable[..., Array]:
    """The same operator over arrays."""
    import numpy as np

    table: dict[str, Callable[..., Array]] = {
        "+": np.add, "-": np.subtract, "*": np.multiply, "/": divide_arrays, "negate": np.negative,
        "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
        "and": np.logical_and, "or": np.logical_or, "not": np.logical_not,
    }  # fmt: skip
    return table[symbol]


# a cross compares now with one bar earlier: (now, before)
CROSSES = {"crosses above": (">", "<="), "crosses below": ("<", ">=")}


@cache
def compiled_crossed() -> Any:
    """`crossed`, compiled."""
    return compile_with(crossed, ())


def crossed(left_before: Any, right_before: Any, left: Any, right: Any, is_above: bool, out: Any) -> None:
    """The rows of CROSSES over arrays: two compares and one write for each bar."""
    if is_above:
        for bar in range(len(out)):
            out[bar] = (left[bar] > right[bar]) & (left_before[bar] <= right_before[bar])
    else:
        for bar in range(len(out)):
            out[bar] = (left[bar] < right[bar]) & (left_before[bar] >= right_before[bar])


@cache
def compiled_marked() -> Any:
    """`marked`, compiled."""
    return compile_with(marked, ())


def marked(rule: Any, bit: int, intents: Any) -> None:
    """Sets `bit` in the intents of the bars at which the rule holds."""
    for bar in range(len(intents)):
        intents[bar] |= rule[bar] * bit
