"""A local venue as a process of its own for a benchmark, and how to sign what is asked of it."""

import hashlib
import hmac
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

KEY, SECRET = "predator-local-key", "predator-local-secret"
SIGNED_HEADERS = {"X-MBX-APIKEY": KEY, "Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    pid: int


@contextmanager
def server(*arguments: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.json"
        limits = ("--weight-limit", "0", "--order-limit", "0")
        command = [
            sys.executable,
            "-m",
            "venue",
            "--port",
            "0",
            "--ready-file",
            str(ready),
            "--log",
            str(ready) + ".log",
        ]
        process = subprocess.Popen([*command, *limits, *arguments])
        while not ready.exists():
            time.sleep(0.05)
        try:
            yield Server(json.loads(ready.read_text())["port"], process.pid)
        finally:
            process.terminate()
            process.wait()


def signed(parameters: dict[str, object]) -> str:
    query = urlencode({**parameters, "timestamp": time.time_ns() // 1_000_000, "recvWindow": 10_000})
    return f"{query}&signature={hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()}"
