"""A tree of actors: an instance, or the account system. What its processes must know, and where its files lie.

It is handed to the actors as a file in the run folder, and holds no secret.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from pydantic import TypeAdapter

from actors.shell.latch import write_durably
from actors.spec import InstanceSpec, account_run_folder

ACCOUNT = "account"
SUPERVISOR = "supervisor"
LONGEST_SOCKET_PATH = 107  # sun_path, without its ending zero
LONGEST_ROLE = 32
START_ORDER = ("executor", "reconciler", "guard", "standby_guard", "notifier", "data", "strategy")
ACCOUNT_ROLES = ("limiter", "leases", "panic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """`roles` in the order they start (and reversed, stop). `spec` is None for the account system."""

    name: str
    home: Path
    roles: tuple[str, ...]
    spec: InstanceSpec | None = None

    @property
    def run_folder(self) -> Path:
        return self.spec.run_folder if self.spec else account_run_folder(self.home)

    @property
    def log_folder(self) -> Path:
        return self.spec.log_folder if self.spec else self.home / "logs" / ACCOUNT

    @property
    def scoreboard_file(self) -> Path:
        return self.run_folder / "scoreboard"

    @property
    def tree_file(self) -> Path:
        return self.run_folder / "tree.json"


def tree_of(spec: InstanceSpec) -> Tree:
    """The tree of an instance: known roles in their order, others after them."""
    known = tuple(role for role in START_ORDER if role in spec.cast)
    others = tuple(role for role in spec.cast if role not in START_ORDER and role != SUPERVISOR)
    return Tree(name=spec.instance, home=spec.home, roles=known + others, spec=spec)


def account_tree(home: Path) -> Tree:
    """The account system of a home."""
    return Tree(name=ACCOUNT, home=home, roles=ACCOUNT_ROLES)


def account_state_folder(home: Path) -> Path:
    """What the account system must not forget: leases and spending."""
    return home / ACCOUNT


def write_tree(tree: Tree, path: Path) -> None:
    write_durably(path, TypeAdapter(Tree).dump_json(tree, indent=1))


def read_tree(path: Path) -> Tree:
    return TypeAdapter(Tree).validate_json(path.read_bytes())


def socket_folder(run_folder: Path) -> Path:
    """Where the inboxes of a tree lie: its run folder, or a short folder of ours when that path is too long."""
    if len(os.fsencode(run_folder)) + LONGEST_ROLE + len("/.sock") <= LONGEST_SOCKET_PATH:
        return run_folder
    short = blake2b(os.fsencode(run_folder), digest_size=8).hexdigest()
    return Path(f"/tmp/predator-{os.getuid()}") / short


def socket_file(run_folder: Path, role: str) -> Path:
    """The inbox of `role` in the tree that runs in `run_folder`."""
    return socket_folder(run_folder) / f"{role}.sock"


def leases_file(home: Path) -> Path:
    """Who may trade what: written by `account.leases` only, read by everybody's gate."""
    return account_state_folder(home) / "leases.json"


def spending_file(home: Path) -> Path:
    """What was granted of the exchange's limits: written by `account.limiter` only."""
    return account_state_folder(home) / "spending.json"


def purse_file(run_folder: Path, role: str) -> Path:
    """What `role` spent of its protective reserve, in whichever life."""
    return run_folder / f"reserve-{role}"
