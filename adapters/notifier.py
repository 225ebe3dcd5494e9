"""Delivering the one message of each trade to files and chats.

A file is exact: a trade number that is there already is not written again. A chat has no such memory, so in one instant
(the process dies after the chat took the message and before the journal knows) the message comes twice; it carries its
trade number, by which a person recognises it, and the second says that it may be one. Losing it would be silent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.notify_targets import AppriseTarget, FileTarget, NotDelivered, Target, TelegramTarget
from adapters.redaction import redact
from engine.errors import ConfigurationError
from engine.messages.control import Notified, Notify, NotifyFailed

TOKEN_VARIABLE = "PREDATOR_TELEGRAM_TOKEN"
URL_VARIABLE = "PREDATOR_TELEGRAM_URL"
TELEGRAM = "https://api.telegram.org"


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


def _target(target: str, environment: Mapping[str, str]) -> Target:
    kind, _, rest = target.partition(":")
    if kind == "file" and rest:
        return FileTarget(Path(rest))
    if kind == "telegram" and rest:
        token = environment.get(TOKEN_VARIABLE, "")
        if not token:
            raise ConfigurationError(f"notify {target!r} needs a bot token in {TOKEN_VARIABLE}")
        return TelegramTarget(rest, token, environment.get(URL_VARIABLE, TELEGRAM))
    if kind == "apprise" and rest:
        url = environment.get(rest, "")
        if not url:
            raise ConfigurationError(f"notify {target!r} needs a URL of Apprise in {rest}")
        return AppriseTarget(rest, url)
    raise ConfigurationError(f"notify {target!r} is none of file:PATH, telegram:CHAT, apprise:VARIABLE")
