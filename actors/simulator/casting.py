"""Casting: who plays in a simulated tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.machine import Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting:
    """`roles` in the order they start. An instance trades `symbol` on `account`; the account system neither."""

    roles: Mapping[str, Callable[[], Machine[Any]]]
    account: str = ""
    symbol: str = ""
    budgeted: frozenset[str] = frozenset({"executor", "reconciler", "data"})

    @property
    def is_instance(self) -> bool:
        return bool(self.account)
