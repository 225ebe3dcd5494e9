"""Delivery: what a message promises when its receiver is down, and whether an undelivered one may be given again later.

- AT_MOST_ONCE: worthless when late (a mark price, a heartbeat, a lease): the next one says it better. Never replayed.
- AT_LEAST_ONCE: the sender asks again until it is answered; a repetition is harmless. Replayed when a person wants it.
- EFFECTIVELY_ONCE: the receiver recognises a repetition (by trade number, fill, order or bar) and acts once.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.messages import market as mk
from engine.messages import notices as nt
from engine.messages.base import Message
from engine.messages.budget import BudgetWanted


class Delivery(StrEnum):
    """The promise."""

    AT_MOST_ONCE = "at most once"
    AT_LEAST_ONCE = "at least once"
    EFFECTIVELY_ONCE = "effectively once"


PROMISED: Mapping[type[Message], Delivery] = {
    nt.Notify: Delivery.EFFECTIVELY_ONCE,
    nt.Notified: Delivery.EFFECTIVELY_ONCE,
    nt.Alert: Delivery.EFFECTIVELY_ONCE,
    nt.Alerted: Delivery.EFFECTIVELY_ONCE,
    ex.FillReceived: Delivery.EFFECTIVELY_ONCE,
    ex.OrderUpdated: Delivery.EFFECTIVELY_ONCE,
    mk.CycleReady: Delivery.EFFECTIVELY_ONCE,
    mk.BarClosed: Delivery.EFFECTIVELY_ONCE,
    mk.AnchorChosen: Delivery.EFFECTIVELY_ONCE,
    ct.PanicRaised: Delivery.AT_LEAST_ONCE,
    ct.FreezeWanted: Delivery.AT_LEAST_ONCE,
    ct.ReconcileNow: Delivery.AT_LEAST_ONCE,
    ct.SnapshotForwarded: Delivery.AT_LEAST_ONCE,
    ct.InstrumentWanted: Delivery.AT_LEAST_ONCE,
    BudgetWanted: Delivery.AT_LEAST_ONCE,
    ev.ActorChanged: Delivery.AT_LEAST_ONCE,
}
STOPPING = (ct.PanicRaised, ct.FreezeWanted)  # an old one stops again what a person let go on
REPLAYABLE = (
    nt.Notify,
    nt.Notified,
    nt.Alert,
    nt.Alerted,
    ct.PanicRaised,
    ct.FreezeWanted,
    ct.ReconcileNow,
    ev.ActorChanged,
)


def promise_of(message: Message) -> Delivery:
    """What is promised for it; for what is not named, the least."""
    return PROMISED.get(type(message), Delivery.AT_MOST_ONCE)


def what_follows(message: Message) -> str:
    """What giving it again does, for who is about to."""
    match message:
        case ct.PanicRaised(flatten=flatten):
            return f"it panics: nothing is opened until a reset{', and the position is closed' if flatten else ''}"
        case ct.FreezeWanted():
            return "it turns the breaker RED: nothing is opened until a reset"
        case ct.ReconcileNow():
            return "the exchange is asked once more"
        case nt.Notify() | nt.Alert():
            return "the target is told, unless the notifier knows that it was"
        case _:
            return "who has had it already recognises it"


def objection(message: Message) -> str:
    """Why it may not be given again; empty when it may. Whatever carries a view of the market or the exchange is of its
    moment: it was asked for anew long ago, and an old one would be believed.
    """
    if isinstance(message, REPLAYABLE):
        return ""
    kind = type(message).__name__
    if promise_of(message) is Delivery.AT_MOST_ONCE:
        return f"a {kind} is worthless when late; the next one has said it better"
    return f"a {kind} speaks of its moment and was asked for again by itself; an old one would be believed"
