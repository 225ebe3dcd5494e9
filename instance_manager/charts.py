"""Charts as inline SVG: lines and areas over time, thinned so that no peak is lost, and marks on them.

Colours are the page's CSS variables, so that one drawing is right in light and in dark.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 1000, 74, 10, 10, 22
COLUMNS = WIDTH - LEFT - RIGHT
TICKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A point on the chart: `shape` is up, down or cross; `tone` a CSS variable; `text` is shown under the pointer."""

    time_ns: int
    value: float
    shape: str
    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class _Scale:
    """From times and values to the drawing's coordinates."""

    first_ns: int
    last_ns: int
    low: float
    high: float
    height: int

    def x(self, time_ns: int) -> float:
        return LEFT + COLUMNS * (time_ns - self.first_ns) / max(1, self.last_ns - self.first_ns)

    def y(self, value: float) -> float:
        room = self.height - TOP - BOTTOM
        return TOP + room * (1 - (value - self.low) / (self.high - self.low))


def line_chart(
    label: str, time_ns: Integers, values: Floats, *, tone: str, height: int = 240, is_area: bool = False,
    marks: Sequence[Mark] = (), unit: str = "",
) -> str:  # fmt: skip
    """An SVG of `values` over time. An area hangs from zero, which is then on the chart."""
    times, thinned = thin(time_ns, values)
    low, high = float(thinned.min()), float(thinned.max())
    if is_area:
        low, high = min(low, 0.0), max(high, 0.0)
    margin = (high - low) * 0.04 or max(abs(high) * 0.01, 1e-9)
    scale = _Scale(int(time_ns[0]), int(time_ns[-1]), low - margin, high + (0 if is_area else margin), height)
    path = _path(scale, times, thinned)
    drawn = f'<path d="{path}" fill="none" stroke="var(--{tone})" stroke-width="1.3"/>'
    if is_area:
        zero = scale.y(0.0)
        drawn = (
            f'<path d="M{LEFT:.1f} {zero:.1f}L{path[1:]}L{scale.x(int(times[-1])):.1f} {zero:.1f}Z" '
            f'fill="var(--{tone})" fill-opacity="0.25" stroke="var(--{tone})"/>'
        )
    marked = "".join(_mark(scale, mark) for mark in marks)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">'
        f"{_value_axis(scale, unit)}{_time_axis(scale)}{drawn}{marked}</svg>"
    )


def thin(time_ns: Integers, values: Floats) -> tuple[Integers, Floats]:
    """At most four points a column of the drawing: first, lowest, highest and last, so that no extreme is lost."""
    import numpy as np

    size = len(values)
    if size <= 4 * COLUMNS:
        return time_ns, values
    edges = np.linspace(0, size, COLUMNS + 1).astype(np.int64)
    kept = {
        first + offset
        for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        for offset in (0, int(values[first:last].argmin()), int(values[first:last].argmax()), last - first - 1)
    }
    positions = np.array(sorted(kept), np.int64)
    return time_ns[positions], values[positions]


def _path(scale: _Scale, times: Integers, values: Floats) -> str:
    points = (f"{scale.x(time):.1f} {scale.y(value):.1f}" for time, value in zip(times.tolist(), values.tolist(),
              strict=True))  # fmt: skip
    return "M" + "L".join(points)


def _value_axis(scale: _Scale, unit: str) -> str:
    return "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{scale.y(value):.1f}" y2="{scale.y(value):.1f}"/>'
        f'<text x="{LEFT - 6}" y="{scale.y(value) + 4:.1f}" text-anchor="end">{_short(value)}{unit}</text>'
        for value in round_values(scale.low, scale.high)
    )


def round_values(low: float, high: float) -> list[float]:
    """Values of one, two or five times a power of ten between low and high: three to eight of them."""
    power = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = next(power * one for one in (1, 2, 5, 10) if power * one * 8 >= high - low)
    return [step * number for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _time_axis(scale: _Scale) -> str:
    span = scale.last_ns - scale.first_ns
    form = "%Y-%m-%d" if span > 5 * 86_400_000_000_000 else "%m-%d %H:%M"
    texts = []
    for number in range(TICKS):
        time_ns = scale.first_ns + span * number // (TICKS - 1)
        anchor = "start" if number == 0 else "end" if number == TICKS - 1 else "middle"
        text = datetime.fromtimestamp(time_ns / 1e9, UTC).strftime(form)
        texts.append(f'<text x="{scale.x(time_ns):.1f}" y="{scale.height - 6}" text-anchor="{anchor}">{text}</text>')
    return "".join(texts)


def _mark(scale: _Scale, mark: Mark) -> str:
    x, y = scale.x(mark.time_ns), scale.y(min(max(mark.value, scale.low), scale.high))
    shapes = {
        "up": f"M{x:.1f} {y:.1f}l4 8h-8z", "down": f"M{x:.1f} {y:.1f}l4 -8h-8z",
        "cross": f"M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6",
    }  # fmt: skip
    colour = f"var(--{mark.tone})"
    return (
        f'<path d="{shapes[mark.shape]}" fill="{colour}" stroke="{colour}">'
        f"<title>{escape(mark.text)}</title></path>"
    )  # fmt: skip


def _short(value: float) -> str:
    """Five digits or so: 43,210 or 1.2345."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 10_000 else f"{value:,.6g}"
