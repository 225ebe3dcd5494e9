"""Panic latches: small files whose existence means panic. Durable before anyone is told; unreadable ones still hold."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from actors.spec import global_panic_latch, instance_panic_latch
from engine.errors import StoreError
from engine.messages.account import RaiseLatch
from engine.messages.control import LatchesRead

GLOBAL = "global"


def latch_file(home: Path, scope: str) -> Path:
    """The file of `scope`: an instance's name, or `global`."""
    return global_panic_latch(home) if scope == GLOBAL else instance_panic_latch(home, scope)


def raise_latch(path: Path, reason: str, *, flatten: bool = False) -> None:
    """Durable when this returns; StoreError when the disk refuses. The first reason stays, the newest time counts:
    a reset by somebody who has not seen this panic does not clear it.
    """
    held = read_latch(path)
    first = reason if held is None else held.reason
    flattens = flatten or (held is not None and held.flatten)
    body = json.dumps({"reason": first, "flatten": flattens, "raised_at_ns": time.time_ns()})
    try:
        write_durably(path, body.encode())
    except OSError as error:
        raise StoreError(f"the panic latch {path} cannot be written: {error}; free or mend the disk") from error


@dataclass(frozen=True, slots=True)
class Latch:
    """Why panic holds, whether positions are to be closed, and when it was raised last (0: nobody can say)."""

    reason: str
    flatten: bool = False
    raised_at_ns: int = 0


def read_latch(path: Path) -> Latch | None:
    """The panic that holds; None when none does. A latch that cannot be read holds."""
    return _read(path) or _read(_aside(path)) or _read(path)  # it may be put back between two looks


def _read(path: Path) -> Latch | None:
    try:
        stored = json.loads(path.read_bytes())
        return Latch(str(stored["reason"]), bool(stored["flatten"]), int(stored.get("raised_at_ns", 0)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Latch(f"the latch {path} exists but cannot be read ({type(error).__name__}); treated as panic")


def as_felt(standing: Mapping[str, Latch | RaiseLatch | None]) -> LatchesRead:
    """What these latches together mean to whom feels them, by scope: the first says why, and any of them closes
    positions. A panic of everything must not hide that a person wants this one's position closed, nor the reverse.
    """
    held = {scope: latch for scope, latch in standing.items() if latch is not None}
    flattens = any(latch.flatten for latch in held.values())
    for scope, first in held.items():
        return LatchesRead(scope=GLOBAL if scope == GLOBAL else "instance", reason=first.reason, flatten=flattens)
    return LatchesRead(scope="", reason="", flatten=False)


def _aside(path: Path) -> Path:
    """Where a latch stands while somebody looks at it to clear it. It holds there too: that somebody may die."""
    return path.with_name(f".{path.name}.cleared")


def clear_latch(path: Path) -> None:
    """A person's decision, never a program's."""
    for one in (path, _aside(path)):
        with contextlib.suppress(FileNotFoundError):
            one.unlink()
            sync_folder(path.parent)


def clear_seen(path: Path, seen_at_ns: int) -> bool:
    """Clear what a person saw, raised last at `seen_at_ns`; False when it was raised again since (by whatever clock) or
    is being cleared by somebody else: then it holds.

    It is moved aside, looked at, and put back when it is another one: no panic is lost, whoever comes between or dies.
    """
    if not path.parent.exists():
        return True
    with _only_one_clears(path.parent) as is_mine:
        return is_mine and _clear_seen(path, _aside(path), seen_at_ns)


def _clear_seen(path: Path, aside: Path, seen_at_ns: int) -> bool:
    _put_back(path, aside)  # of somebody who died between
    try:
        path.replace(aside)
    except FileNotFoundError:
        return True
    held = _read(aside)
    is_another = held is not None and held.raised_at_ns != seen_at_ns
    if is_another:
        _put_back(path, aside)
    else:
        aside.unlink()
    sync_folder(path.parent)
    return not is_another


def _put_back(path: Path, aside: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        with contextlib.suppress(FileExistsError):  # an even newer one stands there already
            os.link(aside, path)
        aside.unlink()


@contextlib.contextmanager
def _only_one_clears(folder: Path) -> Iterator[bool]:
    """Whoever raises a panic never waits for this; the kernel frees it when its holder dies."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def is_latched(home: Path, instance: str) -> bool:
    """Whether `instance` may take no new risk: microseconds, asked before each order."""
    latches = instance_panic_latch(home, instance), global_panic_latch(home)
    return any(_may_exist(one) for path in latches for one in (path, _aside(path), path))  # see `read_latch`


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
