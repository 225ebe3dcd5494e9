"""What every message has in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A frozen value. On the wire unknown fields are refused (`wire.py`).

    `is_conflated`: of several waiting ones from one sender only the newest is delivered. Never for orders and fills.
    """

    is_conflated: ClassVar[bool] = False
    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - read by pydantic, never changed
