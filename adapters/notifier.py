"""Delivering the one message of each trade to files and chats.

A file is exact: a trade number that is there already is not written again. A chat has no such memory, so in one instant
(the process dies after the chat took the message and before the journal knows) the message comes twice; it carries its
trade number, by which a person recognises it, and the second says that it may be one. Losing it would be silent.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import aiohttp

from adapters.redaction import redact, register_secret
from engine.errors import ConfigurationError
from engine.messages.control import Notified, Notify, NotifyFailed

TOKEN_VARIABLE = "PREDATOR_TELEGRAM_TOKEN"
URL_VARIABLE = "PREDATOR_TELEGRAM_URL"
TELEGRAM = "https://api.telegram.org"
TIMEOUT_S = 10.0
AGAIN = ", sent again: you may have it already"


class NotDelivered(Exception):
    """A target did not take the message; the text says why."""


class Target(Protocol):
    """Takes a message or raises NotDelivered."""

    async def deliver(self, call: Notify) -> None: ...


class Notifier:
    """All targets of one instance. A message is delivered when every target has it."""

    def __init__(self, targets: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
        self._targets = [(target, _target(target, environment)) for target in targets]
        self._has_it: set[tuple[str, int]] = set()

    async def perform(self, call: Notify) -> Notified | NotifyFailed:
        """Deliver to each target that has it not yet; asked again after a failure, only the missing ones are tried."""
        failures = [failure for name, target in self._targets if (failure := await self._try(name, target, call))]
        if failures:
            return NotifyFailed(trade_number=call.trade_number, text="; ".join(failures))
        return Notified(trade_number=call.trade_number)

    async def _try(self, name: str, target: Target, call: Notify) -> str | None:
        if (name, call.trade_number) in self._has_it:
            return None
        try:
            await target.deliver(call)
        except NotDelivered as error:
            return redact(f"{name}: {error}")
        self._has_it.add((name, call.trade_number))
        return None


class FileTarget:
    """JSON lines, one per trade, flushed to the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: set[int] | None = None

    async def deliver(self, call: Notify) -> None:
        try:
            await asyncio.to_thread(self._write_once, call)
        except OSError as error:
            raise NotDelivered(f"can't be written: {error.strerror}") from error

    def _write_once(self, call: Notify) -> None:
        if self._known is None:
            self._known = _numbers_in(self._path)
        if call.trade_number not in self._known:
            _append(self._path, {"trade_number": call.trade_number, "text": call.text})
            self._known.add(call.trade_number)


class TelegramTarget:
    """A chat, through Telegram's HTTP API. What was sent and perhaps arrived says so when it is sent again."""

    def __init__(self, chat: str, token: str, base_url: str) -> None:
        register_secret(token)
        self._chat, self._url = chat, f"{base_url.rstrip('/')}/bot{token}/sendMessage"
        self._tried: set[int] = set()
        self._doubtful: set[int] = set()

    async def deliver(self, call: Notify) -> None:
        if call.is_again and call.trade_number not in self._tried:
            self._doubtful.add(call.trade_number)  # an earlier life may have sent it
        self._tried.add(call.trade_number)
        doubt = AGAIN if call.trade_number in self._doubtful else ""
        await self._post({"chat_id": self._chat, "text": f"{call.text} (trade {call.trade_number}{doubt})"}, call)

    async def _post(self, body: Mapping[str, str], call: Notify) -> None:
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
            self._doubtful.add(call.trade_number)
            raise NotDelivered(f"{type(error).__name__}") from error


async def _must_be_taken(answer: aiohttp.ClientResponse) -> None:
    said = await answer.text()
    try:
        is_taken = answer.status == 200 and json.loads(said).get("ok") is True
    except (ValueError, AttributeError):
        is_taken = False
    if not is_taken:
        raise NotDelivered(f"HTTP {answer.status} {said[:200]}")


def _target(target: str, environment: Mapping[str, str]) -> Target:
    kind, _, rest = target.partition(":")
    if kind == "file" and rest:
        return FileTarget(Path(rest))
    if kind == "telegram" and rest:
        token = environment.get(TOKEN_VARIABLE, "")
        if not token:
            raise ConfigurationError(f"notify {target!r} needs a bot token in {TOKEN_VARIABLE}")
        return TelegramTarget(rest, token, environment.get(URL_VARIABLE, TELEGRAM))
    raise ConfigurationError(f"notify {target!r} is neither file:PATH nor telegram:CHAT")


def _numbers_in(path: Path) -> set[int]:
    """Trade numbers in the file; a line cut off by a crash is completed by nothing and counts for nothing."""
    if not path.exists():
        return set()
    found = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.add(int(json.loads(line)["trade_number"]))
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
