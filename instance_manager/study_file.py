"""A study: the rows of a search in a file, one JSON line each, so that a search that was killed is continued.

A row is a pure function of what the first line identifies and of its own parameters, so rows may be used by whatever
search of the same runs. A last line that was cut short by a kill is dropped.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from engine.errors import ConfigurationError
from plays.search import RunAll, SearchRow, SearchSetting, Task

FORMAT = "predator study 1"
HEAD = f'{{"format": "{FORMAT}"'.encode()


class Study:
    """The rows of `setting`'s runs in `file`. Use as a context.

    Raises ConfigurationError for a file that is no study, is one of other runs, or is being written by another search.
    """

    def __init__(self, file: Path, setting: SearchSetting) -> None:
        self._name, self._identity = file, identity_of(setting)
        self._play = setting.play.name
        self._rows: dict[str, SearchRow] = {}
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = file.open("a+b")

    @property
    def kept(self) -> int:
        """How many runs it has."""
        return len(self._rows)

    def __enter__(self) -> Self:
        try:
            self._lock()
            self._read()
        except BaseException:  # an interrupt too leaves no file locked
            self._file.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def through(self, run_all: RunAll) -> RunAll:
        """The same, but what the study has is not run again, and what it has not is added to it."""

        def known_or_run(tasks: Sequence[Task]) -> Iterator[SearchRow]:
            fresh = run_all([task for task in tasks if task.key not in self._rows])
            for task in tasks:
                if task.key not in self._rows:
                    self._append(task, next(fresh))
                yield self._rows[task.key]

        return known_or_run

    def _append(self, task: Task, row: SearchRow) -> None:
        self._rows[task.key] = row
        self._write({"key": task.key, **asdict(row), "final_equity": str(row.final_equity)})

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(f"--study {self._name}: another search is writing it; name another file") from None

    def _read(self) -> None:
        self._file.seek(0)
        content = self._file.read()
        whole = content[: content.rfind(b"\n") + 1]
        lines = whole.splitlines()
        if content and not (_is_head(lines[0]) if lines else HEAD.startswith(content[: len(HEAD)])):
            raise ConfigurationError(f"--study {self._name} is no study of Predator: name another file")
        self._file.truncate(len(whole))
        if not lines:
            self._write({"format": FORMAT, "identity": self._identity, "play": self._play})
            return
        if json.loads(lines[0])["identity"] != self._identity:
            raise ConfigurationError(
                f"--study {self._name} is of another play, other candles, equity, fees or score: name another file"
            )
        for line in lines[1:]:
            self._take(json.loads(line))

    def _take(self, line: dict[str, Any]) -> None:
        key = line.pop("key")
        self._rows[key] = SearchRow(**line | {"final_equity": Decimal(line["final_equity"])})


def identity_of(setting: SearchSetting) -> str:
    """A fingerprint of all that decides what a run gives, beside its parameters."""
    from importlib.metadata import version  # slow to load: only with a study

    candles = setting.candles
    digest = hashlib.sha256(setting.play.model_dump_json().encode())
    digest.update(repr((setting.instrument, setting.starting_equity, setting.fees, setting.figure)).encode())
    digest.update(version("predator").encode())
    if setting.funding is not None:
        digest.update(setting.funding.time_ns.tobytes() + setting.funding.rate.tobytes())
    for column in (candles.open_time_ns, candles.open, candles.high, candles.low, candles.close, candles.volume):
        digest.update(column.tobytes())
    return digest.hexdigest()[:16]


def _is_head(line: bytes) -> bool:
    try:
        head = json.loads(line)
    except ValueError:
        return False
    return isinstance(head, dict) and head.get("format") == FORMAT
