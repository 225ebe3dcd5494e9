"""Where a part is wired: the tree, the role, and this process's own cell of the scoreboard."""

from __future__ import annotations

from dataclasses import dataclass

from actors.shell.scoreboard import ScoreboardWriter
from actors.shell.tree import Tree


@dataclass(frozen=True, slots=True)
class Place:
    """Given to the functions that make machines and ports."""

    tree: Tree
    role: str
    writer: ScoreboardWriter
