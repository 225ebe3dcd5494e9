"""The only way out: a session that refuses every host it was not told of, and can send all traffic to a local exchange.

ccxt keeps its production addresses whatever the environment, because its error classes depend on them; where the
traffic really goes is decided here. Redirects of HTTP are not followed: they would carry the key to another host.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import aiohttp
import certifi
from yarl import URL

from adapters.ccxt.access import Access
from engine.errors import ConfigurationError

IDLE_S = 75  # longer than the pause between reconciliations, so that an order meets an open connection
LEFT_S = 30.0  # longer than any request may take


def _trusted(access: Access) -> ssl.SSLContext | bool:
    """The certificates ccxt trusts too, so that a slim container without its own works."""
    return True if access.environment == "local" else ssl.create_default_context(cafile=certifi.where())


class HostRefused(ConfigurationError):
    """A request was about to go to a host that this environment does not allow; nothing was sent."""


class Session:
    """What ccxt calls `session`: the few methods it uses, each behind the same gate."""

    def __init__(self, access: Access, hosts: frozenset[str]) -> None:
        self._hosts = hosts
        self._base = None if access.redirect_to is None else URL(access.redirect_to)
        self._trusted = _trusted(access)
        self._session, self._sockets = self._opened(), self._opened()
        self._leaving: set[asyncio.Task[None]] = set()
        self.headers = self._session.headers
        self.cookie_jar = self._session.cookie_jar

    def _opened(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=32, keepalive_timeout=IDLE_S, ssl=self._trusted)
        return aiohttp.ClientSession(connector=connector, trust_env=False)

    def renew(self) -> None:
        """No later request goes over a connection of now: one that carried an answer too many would answer each with
        the one before. What is on its way may still arrive. Streams stay.
        """
        old, self._session = self._session, self._opened()
        self._leaving.add(task := asyncio.create_task(_close_later(old), name="old connections"))
        task.add_done_callback(self._leaving.discard)

    def get(self, url: URL | str, **options: Any) -> Any:
        return self._session.get(self.gate(url), allow_redirects=False, **options)

    def post(self, url: URL | str, **options: Any) -> Any:
        return self._session.post(self.gate(url), allow_redirects=False, **options)

    def put(self, url: URL | str, **options: Any) -> Any:
        return self._session.put(self.gate(url), allow_redirects=False, **options)

    def delete(self, url: URL | str, **options: Any) -> Any:
        return self._session.delete(self.gate(url), allow_redirects=False, **options)

    def ws_connect(self, url: URL | str, **options: Any) -> Any:
        return self._sockets.ws_connect(self.gate(url), **options)

    async def close(self) -> None:
        for task in self._leaving:
            task.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)
        await self._session.close()
        await self._sockets.close()

    def gate(self, url: URL | str) -> URL:
        """The address to really use. Raises HostRefused."""
        wanted = url if isinstance(url, URL) else URL(url, encoded=True)
        if self._base is not None:
            return URL(f"{self._base.origin()}{wanted.raw_path_qs}", encoded=True)
        if wanted.host not in self._hosts or wanted.scheme not in ("https", "wss"):
            raise HostRefused(f"{wanted.scheme}://{wanted.host} is not allowed here; allowed: {sorted(self._hosts)}")
        return wanted


async def _close_later(session: aiohttp.ClientSession) -> None:
    try:
        await asyncio.sleep(LEFT_S)
    finally:
        await session.close()
