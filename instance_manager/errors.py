"""What can be wrong at the desk, each told apart by the exit code it ends with (`cli/exit_codes.py`)."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from engine.errors import ConfigurationError, TradingError


class UnknownInstance(TradingError):
    """The settings know no instance of this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        super().__init__(
            f"no instance is called {name!r}{did_you_mean(name, names)}; known: {', '.join(names) or 'none'}"
        )


class DoesNotAnswer(TradingError):
    """Its processes are there and do not answer. Its launcher notices soon and starts them anew: try again."""


class NotRunning(TradingError):
    """The command needs a running instance."""


class AlreadyRunning(TradingError):
    """The instance or the local exchange runs already."""


class StartFailed(TradingError):
    """It was started and did not come to life. `exit_code` is what its launcher ended with."""

    def __init__(self, text: str, exit_code: int = 1) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class RefusedForSafety(TradingError):
    """Real money would be touched and not everything needed for that agrees."""


class WorkspaceUnusable(ConfigurationError):
    """The workspace folder cannot be created, read or written."""


class ExchangeUnreachable(TradingError):
    """Nothing answers where the exchange should be."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest known word, else nothing."""
    nearest = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""
