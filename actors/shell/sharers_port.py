"""Port `sharers`: what all instances of an account explain of its balance, read from their journals' views."""

from __future__ import annotations

import struct
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from actors.shell.scoreboard import ScoreboardReader
from engine.errors import InvariantViolated
from engine.messages.account import ReadSharers, SharersRead
from engine.messages.base import Message
from engine.messages.reports import InstanceView

ALIVE_NS = 5_000_000_000
ReadView = Callable[[Path], InstanceView | None]


class SharersPort:
    """`names` are all instances of the account, this one included. What cannot be read explains nothing: it shows."""

    def __init__(self, home: Path, names: tuple[str, ...], read_view: ReadView) -> None:
        self._home = home
        self._names = names
        self._read_view = read_view

    def perform(self, call: Message) -> Message:
        if not isinstance(call, ReadSharers):
            raise InvariantViolated(f"the sharers know no {call!r}")
        views = {name: self._read_view(self._home / "instances" / name / "journal.sqlite") for name in self._names}
        known = {name: view for name, view in views.items() if view is not None}
        total = sum((view.realised_profit - view.fees + view.funding for view in known.values()), Decimal(0))
        down = tuple(name for name, view in known.items() if view.position_quantity and not self._lives(name))
        return SharersRead(total=total, down=down)

    def _lives(self, name: str) -> bool:
        try:
            cell = ScoreboardReader(self._home / "run" / name / "scoreboard").read_role("executor")
        except (OSError, ValueError, struct.error):
            return False
        return cell is not None and cell.age_ns < ALIVE_NS
