"""Incident reports: what was known when trading was halted, as JSON for programs and as a page for a person.

`instances/NAME/incidents/TIME-CAUSE.json` and `.txt`. Written by the executor's process beside its journal; that a
report cannot be written is logged and stops nothing, because the journal has the facts.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from loguru import logger

from adapters.journal.reader import JournalReader
from engine.errors import StoreError
from engine.messages.exchange import AccountSnapshot
from engine.messages.reports import IncidentHappened
from engine.order import Order

LAST_EVENTS = 40
REMEDIES = {
    "reconciliation": "Read runbooks/reconciliation.md. Compare position, orders and balance at the exchange by hand.",
    "foreign fill": "Somebody else traded on this account. Find out who; close what is not yours there, by hand.",
    "closed_elsewhere": "The position was closed by hand or by the exchange (liquidation). Find out which.",
    "panic": "Read runbooks/emergency.md. Somebody, or the supervisor, raised a panic: the text says why.",
}
ALWAYS = (
    "predator status --instance {instance}            what it holds now; its stop still rests at the exchange",
    "predator show-events --instance {instance}       everything that happened, in order",
    'predator reset --instance {instance} --reason "…"   only when the cause is gone; it is refused while it persists',
)


class IncidentReports:
    """The folder of one instance's reports."""

    def __init__(self, folder: Path, instance: str, journal_file: Path) -> None:
        self._folder = folder
        self._instance = instance
        self._journal_file = journal_file

    def write(self, incident: IncidentHappened) -> Path | None:
        """Both files; the page's path. None when they could not be written."""
        events = self._last_events()
        page = self._folder / f"{_stamp(incident.occurred_at_ns)}-{_slug(incident.cause)}.txt"
        if page.exists():
            return page  # a new life of the executor asks again, in case the last one died before it was written
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            facts = {"instance": self._instance, **asdict(incident), "last_events": events}
            text = json.dumps(facts, default=_plain, indent=1, ensure_ascii=False)
            page.with_suffix(".json").write_text(text, encoding="utf-8")
            page.write_text(page_of(self._instance, incident, events), encoding="utf-8")
        except OSError as error:
            logger.error("the incident report {} cannot be written: {}; the journal has the facts", page, error)
            return None
        return page

    def _last_events(self) -> list[str]:
        try:
            with JournalReader(self._journal_file) as journal:
                entries = journal.events(after=max(0, journal.last_sequence() - LAST_EVENTS))
        except StoreError as error:
            return [f"the journal cannot be read: {error}"]
        return [f"{one.sequence} {_time(one.recorded_at_ns)} {one.message}" for one in entries]


def page_of(instance: str, incident: IncidentHappened, events: list[str]) -> str:
    """For a person who was just woken: what, when, what is at stake, what to do, and then the evidence."""
    view = incident.view
    return "\n".join(
        (
            f"{instance} halted: {incident.cause}",
            "",
            f"what      {incident.text}",
            f"when      {_time(incident.occurred_at_ns)} UTC",
            f"position  {view.position_quantity} at {view.entry_price or '-'}, stop {view.stop_price or 'NONE'}",
            f"money     {view.wallet_balance} after {view.trade_count} trades",
            f"paid      {view.fees} fees, {-view.funding} funding",
            f"breaker   {view.breaker} {view.breaker_cause}; reconciliation {view.reconciliation}",
            "",
            "WHAT TO DO",
            REMEDIES.get(incident.cause, "Read runbooks/breaker.md."),
            *(line.format(instance=instance) for line in ALWAYS),
            "",
            "OUR OPEN ORDERS",
            *(_order(one) for one in incident.orders),
            "",
            "THE EXCHANGE SAID",
            *_exchange(incident.snapshot),
            "",
            "LAST EVENTS",
            *events,
            "",
        )
    )


def _order(one: Order) -> str:
    what = f"{one.purpose} {one.side} {one.quantity} trigger {one.trigger_price or '-'}"
    return f"  {one.client_order_id}  {what}  {one.status}, filled {one.filled_quantity}"


def _exchange(seen: AccountSnapshot | None) -> list[str]:
    if seen is None:
        return ["  nothing yet in this life"]
    return [
        f"  at {_time(seen.finished_at_ns)}: position {seen.position_quantity} at {seen.entry_price}, "
        f"mark {seen.mark_price}, wallet {seen.wallet_balance}",
        *(
            f"  {one.client_order_id or one.venue_order_id}  {one.side} {one.quantity} {one.status}"
            for one in seen.open_orders
        ),
    ]


def _stamp(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns / 1e9, tz=UTC):%Y%m%dT%H%M%S}.{at_ns // 1_000_000 % 1000:03d}Z"


def _time(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns / 1e9, tz=UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]


def _slug(cause: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", cause.lower()).strip("-")[:40] or "incident"


def _plain(value: Any) -> object:
    return format(value, "f") if isinstance(value, Decimal) else str(value)
