"""Candles and plays for tests: generated ones, and the recorded files when they lie beside the checkout."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from adapters.candles.files import read_candle_file
from adapters.candles.generator import generate_candles
from engine.candles import Candles
from engine.instrument import Instrument
from plays.loading import parse_play
from plays.schema import Play

START_NS = 1_577_836_800_000_000_000
SYMBOL = "BTC/USDT:USDT"
RECORDED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
INSTRUMENT = Instrument(
    symbol=SYMBOL, tick_size=Decimal("0.01"), lot_size=Decimal("0.000001"), minimum_quantity=Decimal("0.000001"),
    minimum_notional=Decimal(5), taker_fee=Decimal("0.00055"),
)  # fmt: skip


def made(bars: int, seed: int = 7, *, start_ns: int = START_NS) -> Candles:
    """`bars` one-minute candles of a random walk."""
    return generate_candles(SYMBOL, "1m", start_ns, bars, seed)


def histories() -> list[Candles]:
    """All recorded candles, or generated ones where there are none."""
    files = sorted(RECORDED.glob("*.parquet"))
    return [read_candle_file(file, SYMBOL, "1m")[0] for file in files] or [made(30_000), made(30_000, seed=8)]


def a_play(text: str = "", **parts: str) -> Play:
    """A play with these sections over working defaults; `entry` is the condition for long."""
    sections = {
        "name": "tried", "why": "It exists to be tested.", "symbol": SYMBOL,
        "entry": "{long: ema(3) crosses above ema(8)}", "exit": "{long: ema(3) crosses below ema(8)}",
        "sizing": "{notional: 1000}",
    }  # fmt: skip
    whole = sections | parts
    return parse_play("\n".join(f"{key}: {value}" for key, value in whole.items()) + "\n" + text)


def entering(condition: str) -> Play:
    """A play that goes long on one condition."""
    return a_play(entry="\n  long: >-\n    " + condition, exit="{}")
