"""Who gives a command, as the journal keeps it."""

from __future__ import annotations

import getpass
import os


def who_commands() -> str:
    """The login name; `uid 1234` where that number has none, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # Python 3.13 raises OSError
        return f"uid {os.getuid()}"
