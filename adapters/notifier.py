"""Delivering the one message of each trade, and the word of each halt, to files and chats.

A file is exact: what is there already, by its trade number or the time of the halt, is not written again. A chat has no
such memory, so in one instant (the process dies after the chat took the message and before the journal knows) the
message comes twice; it carries that subject, by which a person recognises it, and the second says that it may be one.
Losing it would be silent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.notify_targets import AppriseTarget, FileTarget, NotDelivered, Target, TelegramTarget
from adapters.redaction import redact
from engine.errors import ConfigurationError
from engine.messages.notices import Alert, Alerted, AlertFailed, Notified, Notify, NotifyFailed

TOKEN_VARIABLE = "PREDATOR_TELEGRAM_TOKEN"
URL_VARIABLE = "PREDATOR_TELEGRAM_URL"
TELEGRAM = "https://api.telegram.org"


class Notifier:
    """All targets of one instance. A message is delivered when every target has it."""

    def __init__(self, targets: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
        self._targets = [(target, _target(target, environment)) for target in targets]
        self._has_it: set[tuple[str, str]] = set()

    async def perform(self, call: Notify | Alert) -> Notified | NotifyFailed | Alerted | AlertFailed:
        """Deliver to each target that has it not yet; asked again after a failure, only the missing ones are tried."""
        failures = [failure for name, target in self._targets if (failure := await self._try(name, target, call))]
        return _failed(call, "; ".join(failures)) if failures else _taken(call)

    async def _try(self, name: str, target: Target, call: Notify | Alert) -> str | None:
        if (name, call.subject) in self._has_it:
            return None
        try:
            await target.deliver(call)
        except NotDelivered as error:
            return redact(f"{name}: {error}")
        self._has_it.add((name, call.subject))
        return None


def _taken(call: Notify | Alert) -> Notified | Alerted:
    return Alerted(subject=call.subject) if isinstance(call, Alert) else Notified(trade_number=call.trade_number)


def _failed(call: Notify | Alert, text: str) -> NotifyFailed | AlertFailed:
    if isinstance(call, Alert):
        return AlertFailed(subject=call.subject, text=text)
    return NotifyFailed(trade_number=call.trade_number, text=text)


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
