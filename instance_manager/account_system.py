"""The account system of a home: started by whoever needs it first, ended by itself when nobody is left."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from actors.shell.tree import ACCOUNT, account_tree
from actors.spec import account_run_folder
from instance_manager import detached
from instance_manager.errors import StartFailed
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
    tree, folder = account_tree(home), account_run_folder(home)
    child: subprocess.Popen[bytes] | None = None
    until = time.monotonic() + limit_s
    while not detached.is_ready(tree):
        if not is_running(folder) and (child is None or child.poll() is not None):
            child = detached.launch(tree)  # perhaps again: one that found nobody left may just be ending
        if limit_s == 0.0:
            return
        if time.monotonic() > until:
            raise StartFailed(f"the account system does not start; see {detached.launcher_log(tree)}")
        time.sleep(detached.LOOK_S)
