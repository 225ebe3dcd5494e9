"""What is wrong with a play, said so that its author finds the place and the remedy at once."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from unicodedata import name as name_of

from engine.errors import ConfigurationError


class PlayError(ConfigurationError):
    """A play cannot be used. `line` and `column` count from 1 (0: unknown); `hint` is the remedy, if there is one."""

    def __init__(self, reason: str, *, source: str = "", line: int = 0, column: int = 0, hint: str = "") -> None:
        self.source = source
        self.line = line
        self.column = column
        self.reason = reason
        self.hint = hint
        super().__init__(str(self))

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.source, self.line, self.column) if part)
        return "".join([f"{place}: " if place else "", self.reason, f" ({self.hint})" if self.hint else ""])


class ConditionError(ValueError):
    """A condition cannot be read. `column` counts from 1 within the condition's text."""

    def __init__(self, reason: str, column: int, hint: str = "") -> None:
        self.reason = reason
        self.column = column
        self.hint = hint
        super().__init__(f"column {column}: {reason}{f' ({hint})' if hint else ''}")


class BacktestError(ConfigurationError):
    """A backtest cannot be run on this data. The message names the remedy."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean "rsi", "rsx"?`, or nothing when no known word is near."""
    names = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), names, n=3, cutoff=0.6)
    return f"did you mean {', '.join(repr(names[name]) for name in near)}?" if near else ""


def stranger_in(word: str) -> str:
    """What the first letter of `word` that no keyboard of plays has really is; nothing when all are plain.

    >>> stranger_in("\N{CYRILLIC SMALL LETTER ES}lose")
    "'с' is CYRILLIC SMALL LETTER ES: type it anew"
    """
    stranger = next((letter for letter in word if not letter.isascii()), "")
    return f"{stranger!r} is {name_of(stranger, 'no letter')}: type it anew" if stranger else ""
