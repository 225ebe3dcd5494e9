"""The local exchange as a program of its own, and its control API, for tests."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

READY_S = 20.0
_numbers = itertools.count(1)


class LocalExchange:
    """`python -m venue` on a free port, paused unless told otherwise; ended by `stop`."""

    def __init__(self, folder: Path, *options: str, speed: str = "60", port: int = 0) -> None:
        ready = folder / "ready.json"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "venue", "--port", str(port), "--speed", speed, "--ready-file", str(ready)]
        self._log = (folder / "exchange.log").open("w")
        self._process = subprocess.Popen([*command, *options], stdout=self._log, stderr=self._log)
        self.port = int(self._wait(ready)["port"])

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
        self._log.close()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(timeout=10)
        self._log.close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def control(self, verb: str, path: str, /, **body: Any) -> Any:
        data = json.dumps(body).encode() if body or verb == "POST" else None
        request = Request(f"{self.address}/control/{path}", data=data, method=verb)
        request.add_header("Content-Type", "application/json")
        with urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def new_account(self, balance: str = "100000") -> str:
        """The name of a fresh account; its key is `key-NAME`, its secret `secret-NAME`."""
        name = f"test-{next(_numbers)}"
        self.control("POST", "accounts", key=f"key-{name}", secret=f"secret-{name}", balance=balance, name=name)
        return name

    def account(self, name: str) -> Any:
        return self.control("GET", f"accounts/{name}")

    def fault(self, kind: str, /, **aim: Any) -> None:
        self.control("POST", "faults", kind=kind, **aim)

    def heal(self) -> None:
        self.control("DELETE", "faults")

    def price(self, price: str) -> None:
        self.control("POST", "market/BTCUSDT", price=price)

    def _wait(self, ready: Path) -> Any:
        until = time.monotonic() + READY_S
        while not ready.exists():
            assert self._process.poll() is None, f"the exchange ended with {self._process.returncode}"
            assert time.monotonic() < until, f"the exchange was not ready within {READY_S} s"
            time.sleep(0.05)
        return json.loads(ready.read_text())
