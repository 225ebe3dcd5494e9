"""The runs of a search on all cores: own processes, of lower priority than whatever trades on this machine.

The first runs are made here. Only when much is left are processes begun, because that takes seconds; where a run was
made changes nothing about its row. So a process that is killed costs its runs, which others make again.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from time import monotonic
from types import TracebackType
from typing import Self

from actors.shell.deathsig import die_with_parent
from engine.errors import TradingError
from plays.search import Runner, SearchRow, SearchSetting, Task

# below this many seconds of work processes are not worth their start
WORTH_PROCESSES_S = 3.0
# enough that handing over costs little, few enough that progress is seen and little is lost when killed
CHUNK = 4
NICENESS = 10


class WorkerLost(TradingError):
    """Processes of a search are killed again and again. The same command with --study continues."""


def usable_cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0))


class SearchPool:
    """Runs tasks on up to `processes` cores. Use as a context; leaving it ends the processes."""

    def __init__(self, setting: SearchSetting, processes: int, *, worth_s: float = WORTH_PROCESSES_S) -> None:
        self._setting, self._processes, self._worth_s = setting, processes, worth_s
        self._runner = Runner(setting)
        self._pool: ProcessPoolExecutor | None = None
        self._spent_s, self._runs = 0.0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def run_all(self, tasks: Sequence[Task]) -> Iterator[SearchRow]:
        """The rows of the tasks, in their order, as they are done. Raises WorkerLost."""
        for number, task in enumerate(tasks):
            if self._pool is not None or self._is_worth(len(tasks) - number):
                yield from self._spread(tasks[number:])
                return
            yield self._timed(task)

    def seconds_a_run(self, task: Task) -> float:
        """How long one run takes here, measured after a first one that compiles."""
        self._timed(task)
        self._spent_s, self._runs = 0.0, 0
        self._timed(task)
        return self._spent_s

    def _timed(self, task: Task) -> SearchRow:
        begun = monotonic()
        row = self._runner.run(task)
        self._spent_s, self._runs = self._spent_s + monotonic() - begun, self._runs + 1
        return row

    def _is_worth(self, left: int) -> bool:
        return self._processes > 1 and self._spent_s * left >= self._worth_s * self._runs and self._runs > 1

    def _spread(self, tasks: Sequence[Task]) -> Iterator[SearchRow]:
        """The rows, whatever happens to processes: those that were not made are made anew, by fewer each time."""
        done = 0
        while done < len(tasks):
            try:
                for row in self._mapped(tasks[done:]):
                    done += 1
                    yield row
            except BrokenProcessPool:
                self._shrink()

    def _mapped(self, tasks: Sequence[Task]) -> Iterator[SearchRow]:
        pool = self._pool = self._pool or self._begun()
        return pool.map(_run, tasks, chunksize=CHUNK if len(tasks) >= 4 * CHUNK * self._processes else 1)

    def _shrink(self) -> None:
        """After a process was killed: mostly for want of memory, and half as many need half of it."""
        assert self._pool is not None, "no process can be lost before any is begun"
        self._pool.shutdown(cancel_futures=True)
        self._pool = None
        if self._processes == 1:
            raise WorkerLost(
                "the last process of the search was killed, mostly for want of memory: free some, or choose a shorter "
                "--timerange; with --study FILE the same command continues where it stood"
            )
        self._processes //= 2

    def _begun(self) -> ProcessPoolExecutor:
        from multiprocessing import get_context  # slow to load: only for who has runs to make

        # spawn: a fork of a process with threads (Arrow's, numba's) may hang
        context = get_context("spawn")
        return ProcessPoolExecutor(self._processes, context, initializer=_begin, initargs=(self._setting, os.getpid()))


_runners: list[Runner] = []


def _begin(setting: SearchSetting, parent: int) -> None:
    """In the new process: lower priority, no answer to Ctrl-C (the parent ends it), and never outlives the parent."""
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.getppid() != parent:
        os._exit(1)
    if parent != 1:  # the first process of a container takes all others with it anyway
        die_with_parent()
    _runners[:] = [Runner(setting)]


def _run(task: Task) -> SearchRow:
    return _runners[0].run(task)
