"""What the kernel with everything reads: the play's terms in ticks, funding by bar, finer candles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.backtest.full_kernel import FullInput
from engine.backtest.kernel import KernelInput
from engine.backtest.layout import MOST_TICKS, NEAR_HALF
from engine.candles import Candles, utc
from engine.funding import FundingRates, constant_by_bar
from engine.instrument import Instrument
from engine.market import timeframe_ns
from engine.protection import RATIO_SCALE
from plays.errors import BacktestError
from plays.schema import Play
from plays.ticks import prices_in_ticks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What lies around the candles of a run: finer candles of the same time to settle its bars on, a record of funding.

    Without a record `funding_rate` is paid every 8 hours.
    """

    detail: Candles | None = None
    funding: FundingRates | None = None
    funding_rate: Decimal = Decimal(0)


def needs_full_kernel(play: Play, around: Around) -> bool:
    """Whether anything is wanted that the short walk does not know."""
    has_more = around.detail is not None or around.funding is not None or around.funding_rate != 0
    return bool(play.numbers or play.only_in_backtests or has_more)


def full_input(
    play: Play, candles: Candles, instrument: Instrument, plain: KernelInput, numbers: Mapping[str, Floats],
    around: Around,
) -> FullInput:  # fmt: skip
    """The input of a run. Raises BacktestError for finer candles that do not fit, DataError for missing funding."""
    import numpy as np

    nothing = np.zeros(0, np.int64)
    volatility = numbers.get("sizing.volatility")
    return FullInput(
        plain=plain, course=plain.prices if around.detail is None else course_of(candles, around.detail, instrument),
        funding=funding_by_bar(candles, around),
        volatility=nothing if volatility is None else term_in_ticks(volatility, instrument),
        entry_prices=entry_prices(play, numbers, instrument, len(candles)), partials=partials_of(play),
    )  # fmt: skip


def entry_prices(play: Play, numbers: Mapping[str, Floats], instrument: Instrument, size: int) -> Integers:
    """Ticks of a waiting long and short entry, by bar; 0 where there is none."""
    import numpy as np

    columns = np.zeros((size if play.entry_order else 0, 2), np.int64)
    for name, values in numbers.items():
        if name.startswith("entry_order."):
            columns[:, 0 if name.endswith(".long") else 1] = term_in_ticks(values, instrument)
    return columns


def term_in_ticks(values: Floats, instrument: Instrument) -> Integers:
    """What a term gives, in whole ticks as `Instrument.to_ticks` rounds; 0 where that is no amount the kernel holds."""
    import numpy as np

    exact = values / float(instrument.tick_size)
    sound = np.isfinite(values) & (values > 0) & (exact < MOST_TICKS)
    exact = np.where(sound, exact, 0.0)
    ticks: Integers = np.rint(exact).astype(np.int64)
    # near a half the float may round the other way than the exact decimal
    for bar in np.flatnonzero(np.abs(exact - ticks) > NEAR_HALF).tolist():
        ticks[bar] = instrument.to_ticks(float(values[bar]))
    return ticks


def partials_of(play: Play) -> Integers:
    """A row for each partial exit: the price move and the part, in 1e-9."""
    import numpy as np

    rows = [[int(profit / play.leverage * RATIO_SCALE), int(part * RATIO_SCALE)]
            for profit, part in play.protection.ladder]  # fmt: skip
    return np.array(rows, np.int64).reshape(-1, 2)


def funding_by_bar(candles: Candles, around: Around) -> Integers:
    """The rate due at each bar's open; empty when there is none at all."""
    import numpy as np

    if around.funding is not None:
        return around.funding.by_bar(candles.open_time_ns)
    if around.funding_rate != 0:
        return constant_by_bar(around.funding_rate, candles.open_time_ns)
    return np.zeros(0, np.int64)


def course_of(candles: Candles, detail: Candles, instrument: Instrument) -> NDArray[np.int32]:
    """The finer candles of every bar, in ticks. Raises BacktestError when they are not what the bars are made of."""
    import numpy as np

    step, finer = timeframe_ns(candles.timeframe), timeframe_ns(detail.timeframe)
    if finer >= step or step % finer:
        raise BacktestError(
            f"bars of {candles.timeframe} cannot be settled on candles of {detail.timeframe}: name a timeframe that "
            "divides them"
        )
    first, last = int(candles.open_time_ns[0]), int(candles.open_time_ns[-1]) + step
    detail = detail.between(first, last)
    if len(detail) != len(candles) * (step // finer) or int(detail.open_time_ns[0]) != first:
        raise BacktestError(
            f"the {detail.timeframe} candles do not cover all bars from {utc(first)} to {utc(last)}: import the rest, "
            "or choose another timerange"
        )
    detail.require_contiguous()
    course, bars = prices_in_ticks(detail, instrument), prices_in_ticks(candles, instrument)
    parts = course.reshape(len(candles), step // finer, 4)
    made = np.stack((parts[:, 0, 0], parts[:, :, 1].max(1), parts[:, :, 2].min(1), parts[:, -1, 3]), axis=1)
    wrong = np.flatnonzero((made != bars).any(1))
    if len(wrong):
        raise BacktestError(
            f"the bar of {utc(int(candles.open_time_ns[wrong[0]]))} is not made of its {detail.timeframe} candles: "
            "take both from one source"
        )
    return course
