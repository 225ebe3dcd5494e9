"""`predator run`: an instance in the foreground, as pid 1 of a container, as a service, or detached by `start`.

`python -m instance_manager.run TREE_FILE` runs the tree described there: an instance's, or the account system's.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

from loguru import logger

from actors.shell.outcome import read_crash, read_crash_kinds
from actors.shell.tree import Tree, read_tree, tree_of
from actors.spec import InstanceSpec
from actors.supervisor import ESCALATED, UNSTARTABLE
from engine.errors import TradingError
from instance_manager.account_system import Idleness, ensure_account_system
from instance_manager.cli.exit_codes import ExitCode, code_for, code_for_names
from instance_manager.early_end import end_on_sigterm
from instance_manager.launcher import Launcher

ACCOUNT_CARE = "the account system is gone and cannot be started: {}"


def run(spec: InstanceSpec) -> ExitCode:
    """Until the instance ends, or SIGTERM or SIGINT asks for it. Raises AlreadyRunning and other TradingErrors."""
    return run_tree(tree_of(spec))


def run_tree(tree: Tree) -> ExitCode:
    end_on_sigterm()
    if tree.spec is not None and tree.spec.account:
        ensure_account_system(tree.home)
    reason = Launcher(tree, care=_care_for(tree)).run()
    if not reason.startswith((ESCALATED, UNSTARTABLE)):
        logger.info("{} ended: {}", tree.name, reason)
        return ExitCode.OK
    logger.error("{}", f"{tree.name} {reason}; last of all {read_crash(tree.run_folder) or 'nothing was raised'}")
    return code_for_names(read_crash_kinds(tree.run_folder))


def _care_for(tree: Tree) -> Callable[[], str | None]:
    """What the launcher does each second besides."""
    if tree.spec is None:
        return Idleness(tree.home).reason_to_end
    return (lambda: _keep_account_system(tree)) if tree.spec.account else (lambda: None)


def _keep_account_system(tree: Tree) -> None:
    """Without it leases and budget run out and nobody opens a position: so it is started again, and trading goes on."""
    try:
        ensure_account_system(tree.home, limit_s=0.0)
    except TradingError as error:
        logger.error(ACCOUNT_CARE, error)


def main() -> int:
    tree_file = Path(sys.argv[1])
    tree = read_tree(tree_file)
    if tree_file != tree.tree_file:
        with contextlib.suppress(FileNotFoundError):
            tree_file.unlink()  # handed over; the launcher that wins the lock writes its own
    try:
        return int(run_tree(tree))
    except TradingError as error:
        logger.error("{}", error)
        return int(code_for(error))


if __name__ == "__main__":
    sys.exit(main())
