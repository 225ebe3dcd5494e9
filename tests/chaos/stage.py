"""The stage: a workspace, a local exchange and a live instance of their own, as real processes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from actors.shell.scoreboard import Cell, ScoreboardReader
from actors.shell.tree import ACCOUNT
from instance_manager import quickstart
from instance_manager.settings import LocalExchange
from instance_manager.settings_file import load_settings

INSTANCE = "live-1"
FRESH_NS = 1_000_000_000
SPEED = 60.0
COUNTED = (
    *("restarts", "emergencies", "unknown_orders", "refusals", "unavailable", "stream_losses", "partial_fills"),
    *("clock_steps", "closed_symbol"),
)
OFTEN = 1_000_000
UNIMPRESSED = {f"{name}_{level}": OFTEN for name in COUNTED for level in ("yellow", "red")} | {
    "most_entry_failures": OFTEN
}


class Stage:
    """Set up in `folder`; `tear_down` ends everything and says which processes run all the same."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.killed: set[int] = set()
        self._stage = self._unimpressed(quickstart.set_up(self.home, SPEED, lambda _: None))
        exchange = self._stage.settings.exchanges[quickstart.EXCHANGE]
        assert isinstance(exchange, LocalExchange), exchange
        self.port = exchange.port

    def _unimpressed(self, stage: quickstart.Stage) -> quickstart.Stage:
        """Dozens of deaths and lost answers within minutes rightly halt an instance, or keep it from opening anything;
        here they are what it must trade through."""
        file = self.home / "predator.yaml"
        file.write_text(f"{file.read_text(encoding='utf-8')}\nbreaker: {json.dumps(UNIMPRESSED)}\n", encoding="utf-8")
        return replace(stage, settings=load_settings(file, {}))

    def start(self) -> None:
        """The instance, as `predator start` does."""
        quickstart.start(self._stage, INSTANCE, lambda _: None)

    def tear_down(self) -> list[int]:
        return quickstart.tear_down(self._stage, keep=True)

    @property
    def journal_file(self) -> Path:
        return self.home / "instances" / INSTANCE / "journal.sqlite"

    @property
    def notifications_file(self) -> Path:
        return self.home / "instances" / INSTANCE / "notifications.jsonl"

    # --- a person ----------------------------------------------------------------------------------------------------

    def is_halted(self) -> bool:
        executor = self.cells().get("executor")
        return executor is not None and executor.phase == "HALTED"

    def reports(self) -> list[Path]:
        """Incident reports, oldest first."""
        return sorted((self.home / "instances" / INSTANCE / "incidents").glob("*.txt"))

    def reset(self, reason: str) -> bool:
        """As from the command line; False when it is refused."""
        words = ["reset", "--instance", INSTANCE, "--reason", reason, "--home", str(self.home)]
        done = subprocess.run([Path(sys.executable).with_name("predator"), *words], capture_output=True, check=False)
        return done.returncode == 0

    # --- the exchange ------------------------------------------------------------------------------------------------

    def ask_exchange(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"http://127.0.0.1:{self.port}/control/{path}", data=data, method=method)
        with urlopen(request, timeout=10) as response:
            found: dict[str, Any] = json.load(response)
        return found

    def truth(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask_exchange("GET", "truth?limit=1000000&account=account-1")["records"]
        return found

    # --- looking -----------------------------------------------------------------------------------------------------

    def cells(self, tree: str = INSTANCE) -> dict[str, Cell]:
        try:
            reader = ScoreboardReader(self.home / "run" / tree / "scoreboard")
        except (OSError, ValueError):
            return {}
        try:
            return reader.read()
        finally:
            reader.close()

    def unwell(self) -> str:
        """What keeps the instance from trading; empty when nothing does."""
        cells, account = self.cells(), self.cells(ACCOUNT)
        dead = [cell.role for cell in (*cells.values(), *account.values()) if cell.pid in self.killed]
        if dead:
            return f"not back: {', '.join(dead)}"
        roles = ("supervisor", "executor", "reconciler", "guard", "standby_guard", "notifier", "data", "strategy")
        silent = [role for role in roles if role not in cells or cells[role].age_ns > FRESH_NS]
        if silent:
            return f"silent: {', '.join(silent)}"
        if cells["executor"].phase != "READY":
            return f"executor is {cells['executor'].phase}"
        if max(cell.lease_until_ns for cell in cells.values()) < time.monotonic_ns():
            return "nobody holds the guard lease"
        late = [
            role for role in ("limiter", "leases", "panic") if role not in account or account[role].age_ns > FRESH_NS
        ]
        return f"silent: account.{', '.join(late)}" if late else ""
