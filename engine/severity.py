"""Severity: how much a person should care about an event of the journal. It follows from the event; nothing is stored.

INFO is the day's work. WARNING is what went otherwise than meant and is being dealt with. CRITICAL is what stops new
risk, or money that moved without us.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from engine.messages import events as ev
from engine.messages import facts
from engine.messages.base import Message


class Severity(StrEnum):
    """From the least to the greatest."""

    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


OF_KIND: Mapping[type[Message], Severity] = {
    ev.InstanceStarted: Severity.INFO,
    ev.AnchorRecorded: Severity.INFO,
    ev.WalletAnchored: Severity.INFO,
    ev.SignalReceived: Severity.INFO,
    ev.SignalFiltered: Severity.INFO,
    ev.SignalWaits: Severity.INFO,
    ev.OrderIntended: Severity.INFO,
    ev.OrderAccepted: Severity.INFO,
    ev.OrderTriggered: Severity.INFO,
    ev.OrderRejected: Severity.WARNING,
    ev.OrderDenied: Severity.WARNING,
    ev.OrderBecameUnknown: Severity.WARNING,
    ev.OrderCancelled: Severity.INFO,
    ev.OrderExpired: Severity.WARNING,
    ev.OrderFilled: Severity.INFO,
    ev.ForeignFillSeen: Severity.CRITICAL,
    ev.ReducedElsewhere: Severity.CRITICAL,
    ev.FundingBooked: Severity.INFO,
    ev.PositionOpened: Severity.INFO,
    ev.ProtectionAdvanced: Severity.INFO,
    ev.PositionProtected: Severity.INFO,
    ev.ExitWanted: Severity.INFO,
    ev.TradeClosed: Severity.INFO,
    ev.NotificationDelivered: Severity.INFO,
    ev.BreakerTripped: Severity.CRITICAL,
    ev.BreakerEased: Severity.INFO,
    ev.BreakerReset: Severity.WARNING,
    ev.ReconciliationChanged: Severity.WARNING,
    ev.PanicObserved: Severity.CRITICAL,
    ev.DayBegan: Severity.INFO,
    ev.ActorChanged: Severity.WARNING,
    ev.StreamChanged: Severity.WARNING,
    ev.InstanceStopped: Severity.INFO,
    facts.RiskWarned: Severity.WARNING,
    facts.ResyncConfirmed: Severity.WARNING,
    facts.LimitsSet: Severity.INFO,
    facts.StoreRegained: Severity.WARNING,
    facts.ZombieFound: Severity.WARNING,
    facts.ZombieGone: Severity.INFO,
}


def severity_of(event: Message) -> Severity:
    """That of its kind, unless what it says is better or worse than its kind usually is."""
    match event:
        case ev.ReconciliationChanged(state="HEALTHY") | ev.StreamChanged(is_up=True):
            return Severity.INFO
        case ev.ReconciliationChanged(state="CRITICAL"):
            return Severity.CRITICAL
        case ev.ActorChanged(what="started" | "ended"):
            return Severity.INFO
        case ev.BreakerTripped(level="YELLOW"):
            return Severity.WARNING
        case ev.ExitWanted(reason="emergency_exit"):
            return Severity.CRITICAL
        case facts.LimitsSet(loosened=loosened) if loosened:
            return Severity.WARNING
        case _:
            return OF_KIND[type(event)]
