"""Real venue processes for tests: started on a free port, ended by their own pid."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0


@dataclass
class VenueProcess:
    process: "subprocess.Popen[bytes]"
    port: int
    folder: Path

    def control(self, method: str, path: str, body: object = None) -> dict[str, object]:
        """A control call; errors of the venue come back as its JSON."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"http://127.0.0.1:{self.port}/control/{path}", data=data, method=method)
        with urlopen(request, timeout=10) as response:
            return json.loads(response.read())

    def truth(self, **asked: object) -> list[dict[str, object]]:
        query = "&".join(f"{name}={value}" for name, value in {"limit": 100000, **asked}.items())
        return self.control("GET", f"truth?{query}")["records"]

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait(timeout=5)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=5)


def start(folder: Path, *arguments: str) -> VenueProcess:
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "venue", "--port", "0", "--ready-file", str(ready), "--log", str(folder / "log")]
    process = subprocess.Popen([*command, *arguments], cwd=ROOT, stderr=subprocess.PIPE)
    until = time.monotonic() + PATIENCE_S
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            raise AssertionError(f"the venue did not start: {process.communicate()[1].decode()}")
        time.sleep(0.02)
    process.stderr.close()
    return VenueProcess(process, json.loads(ready.read_text())["port"], folder)


def run_to_end(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """For venues that refuse to start."""
    command = [sys.executable, "-m", "venue", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
