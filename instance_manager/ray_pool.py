"""The runs of a search on a Ray cluster: the rows are those of one machine, in the same order.

Ray is an optional extra. It runs a chunk again when its process or node died; rows depend on nothing but their task, so
a second try changes nothing. Whoever is connected to a Ray cluster can run anything there: keep it on a network of
your own.
"""

from __future__ import annotations

import os
import socket
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

from engine.errors import ConfigurationError, TradingError
from instance_manager.study_file import identity_of
from plays.search import RunAll, Runner, SearchRow, SearchSetting, Task

# a chunk is lost with its process: few runs. Ahead of the rows that are read, each core has a chunk waiting
CHUNK, AHEAD = 4, 2
# how often Ray tries a chunk whose process died: more is no accident
TRIES = 5
CONNECT_S = 5.0
NICENESS = 10
Chunk = tuple[SearchRow, ...]


class ClusterLost(TradingError):
    """The cluster cannot finish the search. The same command with --study continues where it stood."""


@contextmanager
def on_cluster(setting: SearchSetting, address: str, most: int | None = None) -> Iterator[RunAll]:
    """What runs tasks on the cluster at `address` (HOST:PORT of its head), at most `most` at once.

    Raises ConfigurationError when Ray is not installed, nobody listens there, or its nodes have another Predator.
    """
    # what Ray tells of processes that died goes where errors go: standard output has the result alone
    with redirect_stdout(sys.stderr), connected(address) as ray:
        cores = int(ray.cluster_resources().get("CPU", 0))
        width = AHEAD * min(cores, most or cores)
        if not width:
            raise ConfigurationError(f"--cluster {address} has no cores: start a node with ray start --num-cpus")
        yield Cluster(ray, setting, address, width).run_all


class Cluster:
    """Runs tasks on a connected cluster, `width` chunks under way."""

    def __init__(self, ray: Any, setting: SearchSetting, address: str, width: int) -> None:
        self._ray, self._address, self._width = ray, address, width
        self._shared = ray.put((setting, identity_of(setting)))
        self._remote = ray.remote(num_cpus=1, max_retries=TRIES)(run_chunk)

    def run_all(self, tasks: Sequence[Task]) -> Iterator[SearchRow]:
        """The rows of the tasks, in their order. Raises ClusterLost."""
        size = CHUNK if len(tasks) >= CHUNK * self._width else 1
        chunks = (tuple(tasks[first : first + size]) for first in range(0, len(tasks), size))
        waiting: deque[Any] = deque()
        for chunk in chunks:
            waiting.append(self._remote.remote(self._shared, chunk))
            if len(waiting) >= self._width:
                yield from self._rows(waiting.popleft())
        while waiting:
            yield from self._rows(waiting.popleft())

    def _rows(self, promise: Any) -> Chunk:
        from ray.exceptions import RayError, RayTaskError

        try:
            rows: Chunk = self._ray.get(promise)
        except RayTaskError as error:
            raise _unable(error, self._address) from error
        except RayError as error:
            raise ClusterLost(
                f"the cluster {self._address} cannot go on ({type(error).__name__}): look at ray status there; the "
                "same command with --study FILE continues where it stood"
            ) from error
        return rows


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Ray, connected to the cluster. Nothing is sent to Ray's makers."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError:
        raise ConfigurationError(
            "--cluster needs Ray: python -m pip install 'predator[ray]'; without --cluster this machine searches"
        ) from None
    _require_listener(address)
    try:
        ray.init(address, log_to_driver=False, configure_logging=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ConfigurationError(f"--cluster {address}: {str(error).splitlines()[0]}") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def run_chunk(shared: tuple[SearchSetting, str], tasks: Sequence[Task]) -> Chunk:
    """On a node: the rows of the tasks, at low priority."""
    runner = _runner(*shared)
    return tuple(runner.run(task) for task in tasks)


_runners: dict[str, Runner] = {}


def _runner(setting: SearchSetting, identity: str) -> Runner:
    """This process's runner of the search; what runs have in common is kept in it."""
    if identity not in _runners:
        if identity_of(setting) != identity:
            raise ConfigurationError("this node has another version of Predator")
        os.nice(
            max(0, NICENESS - os.nice(0))
        )  # Ray's processes are lowered already, unless its operator said otherwise
        _runners.clear()
        _runners[identity] = Runner(setting)
    return _runners[identity]


def _require_listener(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ConfigurationError(f"--cluster {address!r}: give HOST:PORT, as ray start --head printed it")
    try:
        socket.create_connection((host, int(port)), CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise ConfigurationError(
            f"--cluster {address}: nobody listens there ({error}): ray start --head starts one"
        ) from error


def _unable(error: Exception, address: str) -> ConfigurationError | ClusterLost:
    cause = getattr(error, "cause", None)
    if isinstance(cause, ModuleNotFoundError | ConfigurationError):
        return ConfigurationError(
            f"a node of --cluster {address} cannot run it: {cause}; install the same Predator on every node"
        )
    return ClusterLost(f"a run failed on the cluster {address}: {cause or error}")
