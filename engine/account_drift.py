"""Account drift: is the balance of an account that several instances share explained by all of them together?

Each instance explains its own profits and fees; what the wallet holds beyond their sum (deposits, history) does not
move by itself. While trades are under way the sum runs ahead or behind, so only a difference that stands still is
believed: the first one to do so is the anchor, and another one that does is money nobody explains.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.frozen import replace
from engine.reconcile import Difference, Verdict

LOOKS_TO_BELIEVE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What the instances of an account say: profits less fees of all, and who of them holds a position and is down."""

    total: Decimal
    down: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """`unexplained` was found `looks` times in a row."""

    anchor: Decimal | None = None
    unexplained: Decimal = Decimal(0)
    looks: int = 0


def looked(watch: Watch, wallet: Decimal, explained: Explained, epsilon: Decimal) -> Watch:
    """After one more comparison."""
    found = wallet - explained.total
    is_same = watch.looks > 0 and abs(found - watch.unexplained) <= epsilon
    watch = replace(watch, unexplained=found, looks=watch.looks + 1 if is_same else 1)
    is_first = watch.anchor is None and watch.looks >= LOOKS_TO_BELIEVE
    return replace(watch, anchor=found) if is_first else watch


def is_in_doubt(watch: Watch, epsilon: Decimal) -> bool:
    """Whether the balance moved and nobody explains it yet: who looks again soon knows sooner."""
    moved = watch.anchor is not None and abs(watch.unexplained - watch.anchor) > epsilon
    return moved and watch.looks < LOOKS_TO_BELIEVE


def drift(watch: Watch, explained: Explained, epsilon: Decimal) -> tuple[Difference, ...]:
    """Money that nobody explains, once it stands still. While an instance that holds a position is down, it may have
    been stopped out: that is a reason to wait, not to panic.
    """
    if watch.anchor is None or watch.looks < LOOKS_TO_BELIEVE or abs(watch.unexplained - watch.anchor) <= epsilon:
        return ()
    change = watch.unexplained - watch.anchor
    text = f"account drift: the balance moved by {change} and no instance of the account explains it"
    if not explained.down:
        return (Difference(kind="account drift", severity=Verdict.CRITICAL, text=text),)
    waiting = f"{text}; {', '.join(explained.down)} holds a position and is down: start it"
    return (Difference(kind="account drift", severity=Verdict.WARNING, text=waiting),)
