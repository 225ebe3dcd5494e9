"""Where messages go: a file, a Telegram chat, or any service that Apprise knows. Each takes one or says why not."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from adapters.redaction import register_secret
from engine.errors import ConfigurationError
from engine.messages.notices import Alert, Notify

TIMEOUT_S = 10.0
AGAIN = ", sent again: you may have it already"
TRADE, ALERT = "trade_number", "alert"  # the fields by which a line of a file is recognised
Mark = tuple[str, int | str]


class NotDelivered(Exception):
    """A target did not take the message; the text says why."""


class Target(Protocol):
    """Takes a message or raises NotDelivered."""

    async def deliver(self, call: Notify | Alert) -> None: ...


class Doubts:
    """Which messages may have arrived though nobody said so: sent again, they say it."""

    def __init__(self) -> None:
        self._tried: set[str] = set()
        self._doubtful: set[str] = set()

    def text_of(self, call: Notify | Alert) -> str:
        """What to send now; from here on it was tried."""
        if call.is_again and call.subject not in self._tried:
            self.doubt(call)  # an earlier life may have sent it
        self._tried.add(call.subject)
        doubt = AGAIN if call.subject in self._doubtful else ""
        return f"{call.text} ({call.subject}{doubt})"

    def doubt(self, call: Notify | Alert) -> None:
        """Nobody knows whether it arrived."""
        self._doubtful.add(call.subject)


class FileTarget:
    """JSON lines, one per trade and one per halt, flushed to the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: set[Mark] | None = None

    async def deliver(self, call: Notify | Alert) -> None:
        try:
            await asyncio.to_thread(self._write_once, call)
        except OSError as error:
            raise NotDelivered(f"can't be written: {error.strerror}") from error

    def _write_once(self, call: Notify | Alert) -> None:
        if self._known is None:
            self._known = _marks_in(self._path)
        mark = _mark_of(call)
        if mark not in self._known:
            _append(self._path, {mark[0]: mark[1], "text": call.text})
            self._known.add(mark)


class TelegramTarget:
    """A chat, through Telegram's HTTP API. What was sent and perhaps arrived says so when it is sent again."""

    def __init__(self, chat: str, token: str, base_url: str) -> None:
        register_secret(token)
        self._chat, self._url = chat, f"{base_url.rstrip('/')}/bot{token}/sendMessage"
        self._doubts = Doubts()

    async def deliver(self, call: Notify | Alert) -> None:
        await self._post({"chat_id": self._chat, "text": self._doubts.text_of(call)}, call)

    async def _post(self, body: Mapping[str, str], call: Notify | Alert) -> None:
        try:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self._url, json=body, allow_redirects=False) as answer,
            ):
                await _must_be_taken(answer)
        except aiohttp.ClientConnectorError as error:
            raise NotDelivered("nobody listens there") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._doubts.doubt(call)
            raise NotDelivered(f"{type(error).__name__}") from error


async def _must_be_taken(answer: aiohttp.ClientResponse) -> None:
    said = await answer.text()
    try:
        is_taken = answer.status == 200 and json.loads(said).get("ok") is True
    except (ValueError, AttributeError):
        is_taken = False
    if not is_taken:
        raise NotDelivered(f"HTTP {answer.status} {said[:200]}")


class AppriseTarget:
    """Any service that Apprise can reach, by a URL of its kind: https://github.com/caronc/apprise.

    It says whether a message was taken but not why not, nor whether it may have arrived: each that was not is doubtful.
    """

    def __init__(self, name: str, url: str) -> None:
        register_secret(url)
        self._services = _services(name, url)
        self._doubts = Doubts()

    async def deliver(self, call: Notify | Alert) -> None:
        taken = await self._services.async_notify(body=self._doubts.text_of(call))
        if not taken:
            self._doubts.doubt(call)
            raise NotDelivered("the service did not take it")


def _services(name: str, url: str) -> Any:
    try:
        from apprise import Apprise  # an optional extra
    except ImportError as error:
        text = f"notify 'apprise:{name}' needs Apprise: python -m pip install 'predator[apprise]'"
        raise ConfigurationError(text) from error
    services = Apprise()
    if not services.add(url):
        raise ConfigurationError(f"notify 'apprise:{name}': what {name} holds is no URL that Apprise understands")
    return services


def _mark_of(call: Notify | Alert) -> Mark:
    return (ALERT, call.subject) if isinstance(call, Alert) else (TRADE, call.trade_number)


def _marks_in(path: Path) -> set[Mark]:
    """Of each line in the file; a line cut off by a crash is completed by nothing and counts for nothing."""
    if not path.exists():
        return set()
    found: set[Mark] = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
            found.add((ALERT, str(row[ALERT])) if ALERT in row else (TRADE, int(row[TRADE])))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _append(path: Path, row: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if file.tell() and not _ends_whole(path):
            file.write(b"\n")
        file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
