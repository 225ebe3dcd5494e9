"""What a person may command of an instance besides panic and reset."""

from __future__ import annotations

from dataclasses import dataclass

from engine.messages.base import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class ResyncWanted(Message):
    """Adopt what the exchange says. Without a `token` only what would be adopted is told, and the token to say so."""

    reason: str
    operator: str
    token: str = ""
