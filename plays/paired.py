"""What two nodes of a program can have in one pass: two averages of one series, a cross and its opposite.

Each value is the very sum that one alone would give, so the bits are the same; only the waiting is shared: an average
waits for its last value, and a cross waits for memory.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from engine.compiled import compile_with
from plays.feature_steps import smoothed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Marks = NDArray[np.bool_]


def two_averages(series: Floats, one_period: float, other_period: float) -> tuple[Floats, Floats]:
    """`ewma` of two periods over one series."""
    import numpy as np

    one, other = np.empty((2, len(series)))  # one piece of memory is at hand sooner than two
    series = read_only(np.ascontiguousarray(series))
    compiled_smooth_both()(series, 2.0 / (one_period + 1.0), 2.0 / (other_period + 1.0), one, other)
    return one, other


def both_crosses(left: Floats, right: Floats) -> tuple[Marks, Marks]:
    """(where left crosses above right, where it crosses below)."""
    import numpy as np

    above, below = np.zeros(len(left), bool), np.zeros(len(left), bool)
    left, right = read_only(left), read_only(right)
    compiled_crossed_both()(left[:-1], right[:-1], left[1:], right[1:], above[1:], below[1:])
    return above, below


def read_only(values: Floats) -> Floats:
    """The same values, not to be changed: one kind of array, so that one compilation serves all."""
    view = values.view()
    view.flags.writeable = False
    return view


@cache
def compiled_smooth_both() -> Any:
    """`smooth_both`, compiled."""
    return compile_with(smooth_both, (smoothed,))


@cache
def compiled_crossed_both() -> Any:
    """`crossed_both`, compiled."""
    return compile_with(crossed_both, ())


# --- compiled from here on -------------------------------------------------------------------------------------------


def smooth_both(series: Any, weight: float, other_weight: float, out: Any, other_out: Any) -> None:
    """`features.smooth` twice, side by side."""
    last = other = series[0]
    out[0], other_out[0] = last, other
    for bar in range(1, len(series)):
        last = smoothed(last, series[bar], weight)
        other = smoothed(other, series[bar], other_weight)
        out[bar], other_out[bar] = last, other


def crossed_both(left_before: Any, right_before: Any, left: Any, right: Any, above: Any, below: Any) -> None:
    """`operators.crossed` both ways."""
    for bar in range(len(above)):
        above[bar] = (left[bar] > right[bar]) & (left_before[bar] <= right_before[bar])
        below[bar] = (left[bar] < right[bar]) & (left_before[bar] >= right_before[bar])
