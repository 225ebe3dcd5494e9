"""What an executor shows on the scoreboard, and says when it halts. Of its book: `engine.book.view`."""

from __future__ import annotations

from datetime import UTC, datetime

from actors.executor_state import State
from engine import ledger as ledgers
from engine.machine import Publish
from engine.messages.notices import Alert
from engine.messages.reports import IncidentHappened, InstanceView

MOST_LETTERS = 600  # of a cause; the incident's page has all of it


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


def alert_of(instance: str, halt: IncidentHappened) -> Alert:
    """For a person who has nothing but a telephone at hand: what, what is at stake, what to do."""
    what = f"{instance} HALTED, {halt.cause}: {halt.text[:MOST_LETTERS]}"
    todo = f"Nothing is opened until a reset. predator status --instance {instance}"
    return Alert(subject=halt_at(halt.occurred_at_ns), text=f"{what}. {_stake(halt.view)} {todo}")


def halt_at(occurred_at_ns: int) -> str:
    """By which a message about it is recognised, to the millisecond, as the incident's page is."""
    at = f"{datetime.fromtimestamp(occurred_at_ns / 1e9, tz=UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]
    return f"halt of {at} UTC"


def _stake(view: InstanceView) -> str:
    if not view.position_quantity:
        return "It holds nothing."
    stop = f"its stop is at {view.stop_price}" if view.stop_price is not None else "it has NO STOP"
    return f"It holds {view.position_quantity} from {view.entry_price}, {stop}."
