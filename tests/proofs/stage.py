"""The stage of a proof: a live instance of its own that trades a play made for the proof."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from actors.shell.processes import ProcessId, end_all, recorded
from actors.shell.tree import ACCOUNT
from adapters.journal.reader import JournalReader
from engine.errors import TradingError
from engine.messages.reports import InstanceView
from instance_manager import detached, lifecycle
from instance_manager.lock import read_card
from instance_manager.settings_file import load_settings
from instance_manager.status import status_of
from tests.chaos.stage import INSTANCE, Stage

PLAYS = Path(__file__).parent
LOOK_S = 0.005
RESTART_LIMIT_S = 30.0
UNBOUNDED = "max_entries_a_minute: 6000, max_orders_a_minute: 60000, max_daily_loss: 1000000"


class NotShown(AssertionError):
    """What was to be shown did not come about in time."""


class ProofStage(Stage):
    """`play` is one beside this file; `limits` and `breaker` are settings under `risk:` and `breaker:`."""

    def __init__(self, folder: Path, play: str, limits: str = UNBOUNDED, breaker: str = "") -> None:
        super().__init__(folder)
        shutil.copy(PLAYS / f"{play}.yml", self.home / "plays" / f"{play}.yml")
        file = self.home / "predator.yaml"
        before, after = file.read_text(encoding="utf-8").split(f"  {INSTANCE}:\n")
        after = after.replace(
            "    play: quickstart\n", f"    play: {play}\n    risk: {{{limits}}}\n    breaker: {{{breaker}}}\n", 1
        )
        file.write_text(f"{before}  {INSTANCE}:\n{after}", encoding="utf-8")
        self._stage = replace(self._stage, settings=load_settings(file, {}))

    def tear_down(self) -> list[int]:
        left = super().tear_down()
        detached.reap_ended()
        return left

    def view(self) -> InstanceView:
        """What the journal holds now."""
        with JournalReader(self.journal_file) as journal:
            view = journal.view()
        assert view is not None, "the journal is empty"
        return view

    def error(self) -> str:
        """What `predator status` says is wrong; empty when nothing is."""
        return status_of(self._stage.workspace, self._stage.settings, INSTANCE).error or ""

    def stop(self) -> None:
        """As a person would: `predator stop`."""
        lifecycle.stop(self.home, INSTANCE)

    def kill_everything(self) -> None:
        """All processes of the workspace but the exchange, as when a machine's power fails."""
        folders = [self.home / "run" / tree for tree in (INSTANCE, ACCOUNT)]
        cards = filter(None, map(read_card, folders))
        launchers = [ProcessId(card.pid, card.started) for card in cards]
        end_all([*launchers, *(process for folder in folders for process in recorded(folder))])

    def start_again(self) -> None:
        """As a person would: `predator start`, until the dead one is known to be dead."""
        until = time.monotonic() + RESTART_LIMIT_S
        while True:
            try:
                return self.start()
            except TradingError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)


def wait_for(look: Callable[[], bool], limit_s: float, what: str) -> float:
    """Seconds until `look` was true. Raises NotShown."""
    began = time.monotonic()
    while not look():
        if time.monotonic() - began > limit_s:
            raise NotShown(f"not within {limit_s:.0f} s: {what}")
        time.sleep(LOOK_S)
    return time.monotonic() - began
