"""Panic latches: small files whose existence means panic. Durable before anyone is told; unreadable ones still hold."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from actors.spec import global_panic_latch, instance_panic_latch
from engine.errors import StoreError

GLOBAL = "global"


def latch_file(home: Path, scope: str) -> Path:
    """The file of `scope`: an instance's name, or `global`."""
    return global_panic_latch(home) if scope == GLOBAL else instance_panic_latch(home, scope)


def raise_latch(path: Path, reason: str, *, flatten: bool = False) -> None:
    """Durable when this returns. Raises StoreError when the disk refuses. The first reason stays."""
    if path.is_file():
        return
    body = json.dumps({"reason": reason, "flatten": flatten, "raised_at_ns": time.time_ns()})
    try:
        write_durably(path, body.encode())
    except OSError as error:
        raise StoreError(f"the panic latch {path} cannot be written: {error}; free or mend the disk") from error


@dataclass(frozen=True, slots=True)
class Latch:
    """Why panic holds, and whether positions are to be closed."""

    reason: str
    flatten: bool = False


def read_latch(path: Path) -> Latch | None:
    """The panic that holds; None when none does. A latch that cannot be read holds."""
    try:
        stored = json.loads(path.read_bytes())
        return Latch(str(stored["reason"]), bool(stored["flatten"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Latch(f"the latch {path} exists but cannot be read ({type(error).__name__}); treated as panic")


def clear_latch(path: Path) -> None:
    """A person's decision, never a program's."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
        sync_folder(path.parent)


def is_latched(home: Path, instance: str) -> bool:
    """Whether `instance` may take no new risk: microseconds, asked before each order."""
    return _may_exist(instance_panic_latch(home, instance)) or _may_exist(global_panic_latch(home))


def _may_exist(path: Path) -> bool:
    try:
        os.stat(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # not knowing is panic
    return True


def write_durably(path: Path, body: bytes) -> None:
    """Replace `path` by `body` so that after a power cut it holds the old or the new bytes, never a mixture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
