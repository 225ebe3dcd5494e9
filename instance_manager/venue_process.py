"""The local exchange as a program beside us: started, found again and stopped by its pid; its code is never imported.

Pid and start time stand together in the run folder, because a pid alone may by now be somebody else's.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread

import psutil

from engine.errors import ConfigurationError
from instance_manager.errors import AlreadyRunning, ExchangeUnreachable
from instance_manager.settings import Account, LocalExchange
from instance_manager.workspace import Workspace

START_LIMIT_S = 20.0
STOP_LIMIT_S = 5.0
_PORT_TAKEN = 3
_START_TIME_TOLERANCE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueProcess:
    """A local exchange that was started from this workspace; `is_on_demand` when an instance's start brought it up."""

    exchange: str
    pid: int
    started_at: float
    host: str
    port: int
    is_on_demand: bool = False

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.port}"


def start(
    workspace: Workspace,
    name: str,
    exchange: LocalExchange,
    *,
    port: int | None = None,
    is_on_demand: bool = False,
    is_fresh: bool = False,
) -> VenueProcess:
    """Starts the exchange and returns when it answers. `port` 0 takes any free one. Raises when it cannot.

    `is_fresh` forgets what was traded there.
    """
    folder = _folder(workspace, name)
    folder.mkdir(parents=True, exist_ok=True)
    with _turn(folder):
        running = find(workspace, name)
        if running is not None:
            raise AlreadyRunning(f"the local exchange {name!r} runs already (pid {running.pid}, {running.address})")
        words = _arguments(workspace, name, exchange, exchange.port if port is None else port)
        return _start(workspace, name, [*words, *(["--fresh"] if is_fresh else [])], is_on_demand=is_on_demand)


def find(workspace: Workspace, name: str) -> VenueProcess | None:
    """The exchange started from this workspace, when it still runs."""
    file = _folder(workspace, name) / "process.json"
    try:
        process = VenueProcess(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return process if _is_alive(process) else None


def stop(workspace: Workspace, name: str) -> bool:
    """Ends it in order, by force after some seconds. False when none ran."""
    process = find(workspace, name)
    if process is None:
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal(process, number)
        if _await_end(process):
            break
    (_folder(workspace, name) / "process.json").unlink(missing_ok=True)
    return True


def answers(host: str, port: int, *, timeout_s: float = 2.0) -> dict[str, object] | None:
    """What the exchange at this address says of itself; None when nothing (or something else) answers there."""
    from urllib.request import urlopen  # slow to load: only where an answer is awaited

    try:
        with urlopen(f"http://{host}:{port}/control/status", timeout=timeout_s) as response:
            answer = json.load(response)
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) and "market_time_ms" in answer else None


def local_keys(account: Account) -> Mapping[str, str]:
    """The environment variables of an account of the local exchange. They are no secrets: every copy has the same."""
    suffix = "" if account.local_account == 1 else f"-{account.local_account}"
    return {
        account.key_env: f"predator-local-key{suffix}",
        account.secret_env: f"predator-local-secret{suffix}",
    }


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Of two starters at once the second waits, and then finds it running."""
    with (folder / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start(workspace: Workspace, name: str, words: list[str], *, is_on_demand: bool) -> VenueProcess:
    folder, log = _folder(workspace, name), workspace.logs / f"venue-{name}.log"
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    process = _launch(words, log)
    answer = _await_ready(process, ready, words[1], words[3], log)
    found = VenueProcess(
        exchange=name,
        pid=process.pid,
        started_at=psutil.Process(process.pid).create_time(),
        host=str(answer["host"]),
        port=int(str(answer["port"])),
        is_on_demand=is_on_demand,
    )
    _write_whole(folder / "process.json", json.dumps(asdict(found)))
    return found


def _arguments(workspace: Workspace, name: str, exchange: LocalExchange, port: int) -> list[str]:
    folder = _folder(workspace, name)
    words = ["--host", exchange.host, "--port", str(port), "--speed", str(exchange.speed), "--seed", str(exchange.seed)]
    words += ["--history", str(exchange.history), "--generator", exchange.generator]
    words += ["--ready-file", str(folder / "ready.json"), "--truth-log", str(folder / "truth.jsonl")]
    words += ["--state-file", str(folder / "state.json")]
    for symbol in exchange.symbols:
        words += ["--symbol", venue_symbol(symbol)]
    if exchange.candles is not None:
        words += ["--candles", str(_candle_file(workspace, exchange.candles))]
    return words


def venue_symbol(symbol: str) -> str:
    """`BTC/USDT:USDT` as Binance writes it: `BTCUSDT`."""
    return symbol.split(":", maxsplit=1)[0].replace("/", "")


def _candle_file(workspace: Workspace, file: Path) -> Path:
    found = workspace.home / file.expanduser()
    if not found.is_file():
        raise ConfigurationError(f"the candle file {found} of the local exchange does not exist; correct `candles`")
    return found


def _launch(arguments: list[str], log: Path) -> subprocess.Popen[bytes]:
    """In a session of its own and with its own output, so that it outlives us and holds no terminal or pipe."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "venue", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    Thread(target=process.wait, daemon=True).start()  # while we live its end leaves no zombie
    return process


def _await_ready(process: subprocess.Popen[bytes], ready: Path, host: str, port: str, log: Path) -> dict[str, object]:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if ready.is_file():
            answer: dict[str, object] = json.loads(ready.read_text(encoding="utf-8"))
            return answer
        if process.poll() is not None:
            raise _did_not_start(process.returncode, host, port, log)
        time.sleep(0.02)
    process.kill()
    raise ExchangeUnreachable(f"the local exchange did not answer within {START_LIMIT_S:.0f} s; its log: {log}")


def _did_not_start(code: int, host: str, port: str, log: Path) -> Exception:
    if code == _PORT_TAKEN:
        return ConfigurationError(
            f"port {port} on {host} is taken by another program; choose another `port` for the local exchange "
            "in predator.yaml, or stop that program"
        )
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    reason = lines[-1] if lines else "it said nothing"
    return ConfigurationError(f"the local exchange did not start (exit code {code}): {reason}; its log: {log}")


def _folder(workspace: Workspace, name: str) -> Path:
    return workspace.run / f"venue-{name}"


def _is_alive(process: VenueProcess) -> bool:
    try:
        found = psutil.Process(process.pid)
        is_same = abs(found.create_time() - process.started_at) < _START_TIME_TOLERANCE_S
        return is_same and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(process: VenueProcess, number: signal.Signals) -> None:
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return


def _await_end(process: VenueProcess) -> bool:
    deadline = time.monotonic() + STOP_LIMIT_S
    while time.monotonic() < deadline:
        if not _is_alive(process):
            return True
        time.sleep(0.02)
    return False


def _write_whole(file: Path, text: str) -> None:
    draft = file.with_suffix(".part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
