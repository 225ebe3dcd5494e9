"""The account system of a home: started by whoever needs it first, ended by itself when nobody is left."""

from __future__ import annotations

import time
from pathlib import Path

from actors.spec import account_run_folder
from actors.tree import ACCOUNT, account_tree
from instance_manager.detached import await_running, launch
from instance_manager.lock import is_running

LINGER_S = 5.0
START_LIMIT_S = 20.0


class Idleness:
    """How long no instance has run."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._needed_at_s = time.monotonic()

    def reason_to_end(self) -> str | None:
        if running_instances(self._home):
            self._needed_at_s = time.monotonic()
        lasted_s = time.monotonic() - self._needed_at_s
        return "no instance is left" if lasted_s > LINGER_S else None


def running_instances(home: Path) -> list[str]:
    """The instances whose launcher runs."""
    folders = (path.parent for path in (home / "run").glob("*/launcher.json"))
    return sorted(folder.name for folder in folders if folder.name != ACCOUNT and is_running(folder))


def ensure_account_system(home: Path, limit_s: float = START_LIMIT_S) -> None:
    """Start it if none runs. With a limit also wait until all its actors live; raises StartFailed when they do not."""
    tree = account_tree(home)
    child = None if is_running(account_run_folder(home)) else launch(tree)
    if limit_s:
        await_running(tree, child, limit_s)
