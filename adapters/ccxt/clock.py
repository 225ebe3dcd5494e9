"""How far an exchange's clock is from ours: the sample with the shortest way is believed, for every signature."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from adapters.ccxt.translate import MS

SAMPLES = 3


async def measured_clock(
    client: Any, ask_ns: Callable[[], Awaitable[int]], now_ns: Callable[[], int]
) -> tuple[int, int]:
    """(exchange clock minus ours, shortest round trip), in ns; ccxt signs with the first from now on."""
    took_ns, offset_ns = min([await _sample(ask_ns, now_ns) for _ in range(SAMPLES)])
    client.options["timeDifference"] = -offset_ns // MS
    return offset_ns, took_ns


async def _sample(ask_ns: Callable[[], Awaitable[int]], now_ns: Callable[[], int]) -> tuple[int, int]:
    sent_ns = now_ns()
    told_ns = await ask_ns()
    took_ns = now_ns() - sent_ns
    return took_ns, told_ns - (sent_ns + took_ns // 2)
