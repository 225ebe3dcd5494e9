"""How a compiled play words its terms and its refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plays.indicators import Indicator


def misfit(operator: str, logic: bool) -> str:
    """Why an operand does not fit its operator."""
    return (
        f"{operator!r} joins conditions, this is a number"
        if logic
        else f"{operator!r} takes numbers, this is a condition"
    )


def plain(number: float) -> str:
    """A number as people write it, without loss."""
    return str(int(number)) if number == int(number) else repr(number)


def call_text(indicator: Indicator, series: Sequence[str], values: Mapping[str, float]) -> str:
    """`ema(close, 20)`: a call with all its numbers."""
    return f"{indicator.name}({', '.join([*series, *map(plain, values.values())])})"


def signature(indicator: Indicator) -> str:
    """`ema(close, timeperiod=30)`: what an indicator takes, with its usual numbers."""
    numbers = [f"{parameter.name}={parameter.default:g}" for parameter in indicator.parameters]
    return f"{indicator.name}({', '.join([*indicator.inputs[: indicator.free_inputs], *numbers])})"


def counted(count: int, noun: str) -> str:
    """`only 2 series`, `no number`."""
    return f"no {noun}" if count == 0 else f"only {count} {noun}"
