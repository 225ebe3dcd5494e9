"""What struck whom, and for which of it an instance must stand still until a person has looked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine import ids
from engine.fill import Fill

if TYPE_CHECKING:
    from tests.simulation.world import Seat

MUST_HALT = frozenset({"ghost_order", "foreign_position", "balance_drift", "closed_by_hand", "liquidated"})
OF_THE_ACCOUNT = frozenset({"balance_drift", "panic_of_all"})
OF_THE_HOLDER = frozenset({"closed_by_hand", "liquidated"})  # nothing of it is left for who takes the instrument over


@dataclass(frozen=True, slots=True)
class Struck:
    """What happened to whom. `holder` is who of those in that instrument had traded last."""

    at_ns: int
    kind: str
    name: str
    holder: str


def holder_of(fills: Iterable[Fill], seats: Mapping[str, Seat], name: str) -> str:
    """Whose order was filled last, by its id; `name` where nobody's was."""
    owners = {ids.owner_prefix(seat): seat for seat in seats}
    last = [who for fill in fills for prefix, who in owners.items() if fill.client_order_id.startswith(prefix)]
    return last[-1] if last else name


def kinds_against(struck: Iterable[Struck], seats: Mapping[str, Seat], name: str, since_ns: int) -> set[str]:
    """What struck the account and instrument of `name`, whoever of those who sit there was meant."""
    return {one.kind for one in struck if one.at_ns >= since_ns and _concerns(one, seats, name)}


def must_halt(struck: Iterable[Struck], seats: Mapping[str, Seat], name: str, since_ns: int) -> set[str]:
    """Of that, what is only ever ended by a person. A shared wallet is nobody's to explain alone."""
    shares = sum(seat.account == seats[name].account for seat in seats.values()) > 1
    only_a_person = MUST_HALT - {"balance_drift"} if shares else MUST_HALT
    return kinds_against(struck, seats, name, since_ns) & only_a_person


def _concerns(one: Struck, seats: Mapping[str, Seat], name: str) -> bool:
    mine, theirs = seats[name], seats[one.name]
    if mine.account != theirs.account:
        return False
    if one.kind in OF_THE_HOLDER:
        return one.holder == name
    return one.kind in OF_THE_ACCOUNT or mine.symbol == theirs.symbol
