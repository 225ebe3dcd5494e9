"""Time ranges as people write them: `20240101-20240601`, UTC days, the second excluded; either side may be left out."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.errors import ConfigurationError


def parse_timerange(text: str | None) -> tuple[int | None, int | None]:
    """(start, end) in nanoseconds, None for a side left open. Raises ConfigurationError."""
    if not text:
        return None, None
    start, dash, end = text.partition("-")
    if not dash:
        raise ConfigurationError(f"timerange {text!r}: write it as 20240101-20240601; either side may be left out")
    start_ns, end_ns = _day(start, text), _day(end, text)
    if start_ns is not None and end_ns is not None and start_ns >= end_ns:
        raise ConfigurationError(f"timerange {text!r}: it ends before it begins")
    return start_ns, end_ns


def _day(text: str, whole: str) -> int | None:
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        raise ConfigurationError(f"timerange {whole!r}: {text!r} is no day, write it as 20240131") from None
    return int(day.timestamp()) * 1_000_000_000
