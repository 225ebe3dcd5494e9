"""Connection: the ccxt client, its session and its dialect, made by the first call and closed once."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable

from loguru import logger

from adapters.ccxt.access import Access
from adapters.ccxt.client import Answer, build_client
from adapters.ccxt.dialects.catalogue import profile_of
from adapters.ccxt.dialects.dialect import Dialect, Profile
from adapters.ccxt.errors import judge
from adapters.ccxt.session import Session
from adapters.redaction import redact, register_secret
from engine.errors import RateLimited
from engine.messages.exchange import UsageObserved

SHOWN = 1_500  # characters of a body in the exchange log
ORDERS_WINDOW_NS = 10_000_000_000
WARM_S = 10.0  # shorter than the idle time after which exchanges and routers on the way close a connection


class Connection:
    """Knows nothing of messages; tells `on_usage` what each answer's headers say."""

    def __init__(self, access: Access, on_usage: Callable[[UsageObserved], None], now_ns: Callable[[], int]) -> None:
        register_secret(access.key, access.secret)
        self.profile: Profile = profile_of(access.exchange)
        self._access, self._on_usage, self._now_ns = access, on_usage, now_ns
        self._session: Session | None = None
        self._dialect: Dialect | None = None
        self._order_count: tuple[int, int] = (0, 0)
        self._quiet: tuple[float, str] = (0.0, "")
        self._answered_at = 0.0

    async def dialect(self) -> Dialect:
        """The exchange's calls; ccxt is loaded here."""
        if self._dialect is None:
            client = build_client(self._access, self.session(), self._observe, self.profile.error_families)
            self._dialect = self.profile.dialect(client, self._access.environment, self._now_ns)
        return self._dialect

    def session(self) -> Session:
        """The one way out."""
        if self._session is None:
            self._session = Session(self._access, self.profile.hosts[self._access.environment])
        return self._session

    def be_quiet(self, kind: str, wait_ms: int) -> None:
        """The exchange asked to be left alone: send nothing for `wait_ms`. `kind` is rate_limited or banned."""
        self._quiet = (max(self._quiet[0], time.monotonic() + wait_ms / 1_000), kind)

    def quiet(self) -> tuple[int, str]:
        """(ms for which nothing may be sent, kind); 0 when all is well."""
        until, kind = self._quiet
        return max(0, round((until - time.monotonic()) * 1_000)), kind

    def must_be_welcome(self) -> None:
        """Raises RateLimited while the exchange wants to be left alone."""
        left_ms, kind = self.quiet()
        if left_ms:
            raise RateLimited(f"{kind}: nothing was sent", retry_after_ms=left_ms, is_ban=kind == "banned")

    async def keep_warm(self) -> None:
        """For ever: an order must not pay for a new TLS connection, nor meet one that died unnoticed."""
        while True:
            await asyncio.sleep(WARM_S)
            if time.monotonic() - self._answered_at < WARM_S or self.quiet()[0]:
                continue
            try:
                await (await self.dialect()).ping()
            except Exception as error:  # noqa: BLE001 - a failed ping changes nothing; the next call meets the trouble
                logger.bind(channel="exchange").warning("ping failed: {}", judge(error))

    async def close(self) -> None:
        """Close every socket."""
        if self._dialect is not None:
            await self._dialect.close()
        if self._session is not None:
            await self._session.close()

    def _observe(self, answer: Answer) -> None:
        self._answered_at = time.monotonic()
        self._tell_usage({name.lower(): value for name, value in answer.headers.items()})
        asyncio.get_running_loop().call_soon(_log, answer)  # after the answer went on: nobody waits for the log

    def _tell_usage(self, headers: dict[str, str]) -> None:
        weight, count = self.profile.usage(headers)
        if count is not None:
            self._order_count = (self._now_ns(), count)
        if weight is not None:
            self._on_usage(UsageObserved(used_weight=weight, order_count=self._recent_orders()))

    def _recent_orders(self) -> int:
        """Only order answers have a count; it is repeated as long as it is of the window of now."""
        told_at_ns, count = self._order_count
        return count if told_at_ns // ORDERS_WINDOW_NS == self._now_ns() // ORDERS_WINDOW_NS else 0


def _log(answer: Answer) -> None:
    level = "WARNING" if answer.status >= 400 else "DEBUG" if answer.method == "GET" else "INFO"
    logger.bind(channel="exchange", is_redacted=True).log(level, "{}", describe(answer))


def describe(answer: Answer) -> str:
    """One line of the exchange log, without secrets and at a bearable length."""
    path = re.sub(r"^\w+://[^/]+", "", answer.url)
    body = answer.body if len(answer.body) <= SHOWN else f"{answer.body[:SHOWN]}… ({len(answer.body)} characters)"
    return redact(f"{answer.method} {path} {answer.request} -> {answer.status} {body}")
