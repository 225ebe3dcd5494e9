"""The only way out: a session that refuses every host it was not told of, and can send all traffic to a local exchange.

ccxt keeps its production addresses whatever the environment, because its error classes depend on them; where the
traffic really goes is decided here. Redirects of HTTP are not followed: they would carry the key to another host.
"""

from __future__ import annotations

import ssl
from typing import Any

import aiohttp
import certifi
from yarl import URL

from adapters.access import Access
from engine.errors import ConfigurationError

IDLE_S = 75  # longer than the pause between reconciliations, so that an order meets an open connection


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
        connector = aiohttp.TCPConnector(limit=32, keepalive_timeout=IDLE_S, ssl=_trusted(access))
        self._session = aiohttp.ClientSession(connector=connector, trust_env=False)
        self.headers = self._session.headers
        self.cookie_jar = self._session.cookie_jar

    def get(self, url: URL | str, **options: Any) -> Any:
        return self._session.get(self.gate(url), allow_redirects=False, **options)

    def post(self, url: URL | str, **options: Any) -> Any:
        return self._session.post(self.gate(url), allow_redirects=False, **options)

    def put(self, url: URL | str, **options: Any) -> Any:
        return self._session.put(self.gate(url), allow_redirects=False, **options)

    def delete(self, url: URL | str, **options: Any) -> Any:
        return self._session.delete(self.gate(url), allow_redirects=False, **options)

    def ws_connect(self, url: URL | str, **options: Any) -> Any:
        return self._session.ws_connect(self.gate(url), **options)

    async def close(self) -> None:
        await self._session.close()

    def gate(self, url: URL | str) -> URL:
        """The address to really use. Raises HostRefused."""
        wanted = url if isinstance(url, URL) else URL(url, encoded=True)
        if self._base is not None:
            return URL(f"{self._base.origin()}{wanted.raw_path_qs}", encoded=True)
        if wanted.host not in self._hosts or wanted.scheme not in ("https", "wss"):
            raise HostRefused(f"{wanted.scheme}://{wanted.host} is not allowed here; allowed: {sorted(self._hosts)}")
        return wanted
