"""The scoreboard: what many must see all the time, without a message. A memory-mapped file per tree, a cell per role.

Theory of operation. Each cell has exactly one writer, the process that plays the role, and any number of readers. The
writer makes the cell's version odd, writes, and makes it even again; a reader takes a copy only when the version was
even and the same before and after, and the checksum agrees. A writer killed half-way leaves an odd version: readers see
no cell until the next life of the role has written. So a torn cell reads as "nobody is there", which is the safe side.
Times are CLOCK_MONOTONIC, which all processes share; the file carries the boot id, since that clock restarts with the
machine. The guard lease stands in the cell of each guard; the longest one counts.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from actors.shell.latch import write_durably

MAGIC = b"PREDSCO1"
CELL_BYTES = 8192
READ_TRIES = 50
STARTING = "STARTING"
_HEADER = struct.Struct("@8s40sI")
_VERSION = struct.Struct("@Q")
# checksum, pid, generation, heartbeat, sequence, end of lease, digest, role, phase, length of what follows
_BODY = struct.Struct("=IQQQQQ8s32s32sI")
_EXTRA_LIMIT = CELL_BYTES - _VERSION.size - _BODY.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one role shows. `age_ns` is the age of its heartbeat when it was read."""

    role: str
    pid: int = 0
    generation: int = 0
    heartbeat_ns: int = 0
    sequence: int = 0
    digest: bytes = b""
    phase: str = STARTING
    lease_until_ns: int = 0
    extra: Mapping[str, object] = field(default_factory=dict)
    age_ns: int = 0


def create_scoreboard(path: Path, roles: Iterable[str]) -> None:
    """A new, empty scoreboard in place of any older one."""
    names = json.dumps(list(roles)).encode()
    header = _HEADER.pack(MAGIC, boot_id().encode(), len(names)) + names
    assert len(header) <= CELL_BYTES, f"too many roles for one scoreboard: {names!r}"
    write_durably(path, header.ljust(CELL_BYTES, b"\0") + bytes(CELL_BYTES * len(json.loads(names))))


def boot_id() -> str:
    """Changes when the machine restarts, and its monotonic clock with it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class ScoreboardReader:
    """Read-only, from any process. `read` leaves out roles whose cell is empty or torn; a stale boot reads as empty.

    Each life of a tree makes a new file; a reader notices and turns to it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def read(self) -> dict[str, Cell]:
        self._follow()
        cells = {role: self.read_role(role) for role in self._roles}
        return {role: cell for role, cell in cells.items() if cell is not None}

    def read_role(self, role: str) -> Cell | None:
        """The cell of `role`; None when it has none, or one that was not completely written."""
        self._follow()
        if role not in self._roles:
            return None
        offset = CELL_BYTES * (1 + self._roles.index(role))
        for _ in range(READ_TRIES):
            cell = _read_cell(self._memory, offset)
            if cell is not None:
                return cell
        return None

    def guard_lease_left_ns(self) -> int:
        """How much longer some guard vouches; 0 or less means nobody watches."""
        ends = [cell.lease_until_ns for cell in self.read().values()]
        return max(ends, default=0) - time.monotonic_ns()

    def close(self) -> None:
        self._memory.close()

    def _open(self) -> None:
        with self._path.open("rb") as file:
            self._inode = os.fstat(file.fileno()).st_ino
            self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._roles = _roles_in(self._memory)

    def _follow(self) -> None:
        try:
            is_same = os.stat(self._path).st_ino == self._inode
        except FileNotFoundError:
            return
        if not is_same:
            self._memory.close()
            self._open()


class ScoreboardWriter:
    """The one writer of the cell of `role`. Each method writes the cell anew, heartbeat included, unless `is_alive`
    says that a part of this process hangs.
    """

    def __init__(self, path: Path, role: str, generation: int) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        roles = _roles_in(self._memory)
        assert role in roles, f"the scoreboard {path} has no cell for {role!r}, only for {roles}"
        self._offset = CELL_BYTES * (1 + roles.index(role))
        self._cell = Cell(role=role, pid=os.getpid(), generation=generation)
        self._beside: Mapping[str, Mapping[str, object]] = {}
        self.is_alive: Callable[[], bool] = lambda: True
        self.beat()

    def beat(self) -> None:
        """I am alive and handling messages."""
        self._write(self._cell)

    def publish(self, *, phase: str, sequence: int, digest: bytes, extra: Mapping[str, object]) -> None:
        shown = {**extra, **self._beside} if self._beside else extra
        self._write(replace(self._cell, phase=phase, sequence=sequence, digest=digest, extra=shown))

    def show_beside(self, name: str, value: Mapping[str, object]) -> None:
        """What the shell itself has to show, beside whatever the machine publishes from now on."""
        self._beside = {**self._beside, name: value}
        self._write(replace(self._cell, extra={**self._cell.extra, **self._beside}))

    def hold_guard_lease(self, valid_for_ns: int) -> None:
        """Entries are allowed for this long from now, and not a moment longer."""
        self._write(replace(self._cell, lease_until_ns=time.monotonic_ns() + valid_for_ns))

    def close(self) -> None:
        self._memory.close()

    def _write(self, cell: Cell) -> None:
        beaten_ns = time.monotonic_ns() if self.is_alive() else self._cell.heartbeat_ns
        self._cell = replace(cell, heartbeat_ns=beaten_ns)
        packed = _pack(self._cell)
        version = int(_VERSION.unpack_from(self._memory, self._offset)[0]) | 1
        _VERSION.pack_into(self._memory, self._offset, version)
        start = self._offset + _VERSION.size
        self._memory[start : start + len(packed)] = packed
        _VERSION.pack_into(self._memory, self._offset, version + 1)


def _pack(cell: Cell) -> bytes:
    extra = _bounded(cell.extra)
    fields = (
        cell.pid,
        cell.generation,
        cell.heartbeat_ns,
        cell.sequence,
        cell.lease_until_ns,
        cell.digest.ljust(8, b"\0"),
        cell.role.encode()[:32],
        cell.phase.encode()[:32],
        len(extra),
    )
    unsigned = _BODY.pack(0, *fields)[4:] + extra
    return struct.pack("@I", zlib.crc32(unsigned)) + unsigned


def _bounded(extra: Mapping[str, object]) -> bytes:
    packed = json.dumps(extra, default=str, separators=(",", ":")).encode()
    if len(packed) <= _EXTRA_LIMIT:
        return packed
    return json.dumps({"truncated": f"{len(packed)} bytes are more than the cell's {_EXTRA_LIMIT}"}).encode()


def _read_cell(memory: mmap.mmap, offset: int) -> Cell | None:
    before = _VERSION.unpack_from(memory, offset)[0]
    copy = memory[offset + _VERSION.size : offset + CELL_BYTES]
    after = _VERSION.unpack_from(memory, offset)[0]
    if before == 0 or before % 2 or before != after:
        return None
    return _unpack(copy)


def _unpack(copy: bytes) -> Cell | None:
    checksum, pid, generation, heartbeat_ns, sequence, lease, digest, role, phase, length = _BODY.unpack_from(copy)
    signed = copy[4 : _BODY.size + length]
    if length > _EXTRA_LIMIT or zlib.crc32(signed) != checksum:
        return None
    return Cell(
        role=role.rstrip(b"\0").decode(),
        pid=pid,
        generation=generation,
        heartbeat_ns=heartbeat_ns,
        sequence=sequence,
        digest=digest if digest.strip(b"\0") else b"",
        phase=phase.rstrip(b"\0").decode(errors="replace"),
        lease_until_ns=lease,
        extra=json.loads(copy[_BODY.size : _BODY.size + length]),
        age_ns=time.monotonic_ns() - heartbeat_ns,
    )


def _roles_in(memory: mmap.mmap) -> tuple[str, ...]:
    """The roles of this boot's scoreboard; none when the file is of an earlier boot or not ours."""
    magic, booted, length = _HEADER.unpack_from(memory)
    if magic != MAGIC or booted.rstrip(b"\0").decode(errors="replace") != boot_id():
        return ()
    return tuple(json.loads(memory[_HEADER.size : _HEADER.size + length]))
