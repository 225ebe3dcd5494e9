"""What a person is told by the notifier: of each trade once, and of each halt."""

from __future__ import annotations

from dataclasses import dataclass

from engine.messages.base import Message


class _OfATrade:
    """Recognisable by the trade's number."""

    __slots__ = ()
    trade_number: int

    @property
    def subject(self) -> str:
        return f"trade {self.trade_number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify(_OfATrade, Message):
    """Executor to notifier (and notifier to its port): deliver `text` once, recognisable by `trade_number`."""

    trade_number: int
    text: str
    is_again: bool = False  # asked before, in this life or an earlier one, and nobody said that it arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified(_OfATrade, Message):
    """The target has it."""

    trade_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyFailed(_OfATrade, Message):
    """The target did not take it; try later."""

    trade_number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(Message):
    """Executor to notifier (and notifier to its port): trading was halted; a person knows it again by `subject`."""

    subject: str
    text: str
    is_again: bool = False  # as in Notify


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerted(Message):
    """The target has it."""

    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFailed(Message):
    """The target did not take it; try later."""

    subject: str
    text: str
