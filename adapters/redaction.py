"""Redaction: no key, secret or signature leaves in a text, whichever way it got in."""

from __future__ import annotations

import re

HIDDEN = "***"
_NAMED = re.compile(
    r"""(?ix) (signature | listenKey | apiKey | api_key | X-MBX-APIKEY | secret | password | token)
        (["']?\s*[=:]\s*["']?) [^\s&"',;}\)]+"""
)
_TELEGRAM = re.compile(r"\bbot\d+:[A-Za-z0-9_-]{10,}")
_registered: set[str] = set()


def register_secret(*values: str) -> None:
    """From now on these values are hidden wherever they appear in a redacted text."""
    _registered.update(value for value in values if len(value) >= 6)


def redact(text: str) -> str:
    """`text` with everything that is, or looks like, a secret replaced."""
    for value in _registered:
        if value in text:
            text = text.replace(value, HIDDEN)
    return _TELEGRAM.sub(f"bot{HIDDEN}", _NAMED.sub(rf"\1\2{HIDDEN}", text))
