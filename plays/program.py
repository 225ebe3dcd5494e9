"""The program of a play: its conditions as one flat list of typed nodes, each computed once, in order.

A node belongs to one timeframe and reads only nodes before it. Equal terms are one node (`ema(20)` in three rules is
computed once). What a higher timeframe says reaches the base timeframe through a `carry` node: a number or a comparison
holds until that timeframe's next bar closes, a cross is true only at the base bar that closes it.
`lookback` of a node is how many closed bars of its timeframe come before its first value; a play's warm-up follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.market import timeframe_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One step of the program. `kind` says which of the other fields mean something:

    candle (field) · number (value) · indicator (indicator, values, inputs) · output (position of inputs[0]) ·
    ago (bars) · operation (operator) · carry (inputs[0] is of the timeframe `source`; `is_event` for a cross)
    """

    kind: str
    timeframe: str
    text: str = field(compare=False)
    inputs: tuple[int, ...] = ()
    is_condition: bool = False
    lookback: int = 0
    field: str = ""
    value: float = 0.0
    indicator: str = ""
    values: tuple[tuple[str, float], ...] = ()
    position: int = 0
    bars: int = 0
    operator: str = ""
    source: str = ""
    is_event: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """All conditions of a play as one list of nodes; `rules` says which node answers which rule, `numbers` which gives
    which number that an entry is made with."""

    timeframe: str
    nodes: tuple[Node, ...]
    rules: Mapping[str, int]
    numbers: Mapping[str, int] = field(default_factory=dict)

    @property
    def timeframes(self) -> tuple[str, ...]:
        """The higher timeframes, shortest first, then the base: the order they are computed in at one bar."""
        others = {node.timeframe for node in self.nodes} - {self.timeframe}
        return (*sorted(others, key=timeframe_ns), self.timeframe)

    @property
    def warmup_bars(self) -> int:
        """Base bars before the first signal, wherever in a higher timeframe's bar the history begins."""
        return max((self._base_bars(node) for node in self.nodes), default=0)

    @property
    def features(self) -> tuple[int, ...]:
        """The nodes whose values the rules read, in order: indicators as seen from the base timeframe."""
        return tuple(
            position
            for position, node in enumerate(self.nodes)
            if node.timeframe == self.timeframe and not node.is_condition and self._is_read(node)
        )

    def _is_read(self, node: Node) -> bool:
        return node.kind == "output" or (node.kind == "carry" and self.nodes[node.inputs[0]].kind != "candle")

    def _base_bars(self, node: Node) -> int:
        if node.timeframe == self.timeframe:
            return node.lookback
        ratio = timeframe_ns(node.timeframe) // timeframe_ns(self.timeframe)
        return (node.lookback + 1) * ratio + ratio - 1
