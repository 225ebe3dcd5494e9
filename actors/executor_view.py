"""What an executor shows on the scoreboard. Of its book: `engine.book.view`."""

from __future__ import annotations

from actors.executor_state import State
from engine import ledger as ledgers
from engine.machine import Publish
from engine.messages.reports import InstanceView


def shown(state: State, view: InstanceView, digest: bytes) -> Publish:
    ready, book = state.ready, state.book
    naked = book.trade.naked_since_ns if book.trade else None
    extra = {
        "equity": str(ledgers.equity(book.ledger, ready.mark)),
        "mark": str(ready.mark) if ready.mark is not None else None,
        "last_bar_ns": state.last_bar_ns,
        "replaced_cycles": state.replaced_cycles,
        "naked_since_ns": naked,
        "reconciled_at_ns": ready.reconciled_at_ns,
        "store_failed": state.store_failed,
        "leased_until_ns": ready.leased_until_ns,
    }
    return Publish(phase=state.phase, sequence=view.sequence, digest=digest, extra=extra)
