"""Access: where and how one exchange is reached, with the secrets that stay out of every text."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.errors import ConfigurationError

ENVIRONMENTS = ("local", "demo", "production")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`exchange` is ccxt's id; `environment` is local, demo or production; an empty key allows public reads only.

    `redirect_to` (`http://127.0.0.1:PORT`) is required in `local` and forbidden elsewhere: all traffic goes there
    whatever address ccxt asks for.
    """

    exchange: str
    environment: str
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    redirect_to: str | None = None
    order_timeout_ms: int = 3_000
    read_timeout_ms: int = 5_000

    def __post_init__(self) -> None:
        if self.environment not in ENVIRONMENTS:
            raise ConfigurationError(f"environment {self.environment!r} is none of {', '.join(ENVIRONMENTS)}")
        if (self.environment == "local") != (self.redirect_to is not None):
            raise ConfigurationError(
                f"environment {self.environment} with redirect_to {self.redirect_to!r}: a local exchange needs the "
                "address to redirect to, and no other environment may have one"
            )
