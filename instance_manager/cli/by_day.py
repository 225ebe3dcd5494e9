"""`predator show-trades --by-day`: what each day made, in the zone the settings name."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from instance_manager.cli import console
from instance_manager.cli.desk import Desk

if TYPE_CHECKING:
    from adapters.journal.reader import JournalReader
    from engine.messages.funding import FundingPayment

COLUMNS = ("date", "trades", "gross_profit", "fees", "funding", "profit")


def show_days(desk: Desk, instance: str, limit: int, *, as_json: bool) -> None:
    """Prints the newest `limit` days on which a trade was closed or funding paid."""
    from adapters.journal.reader import JournalReader
    from instance_manager.daily import by_day

    zone = desk.settings.risk_of(desk.instance(instance)).day_zone
    file = desk.workspace.journal_file(instance)
    days = []
    if file.exists():
        with JournalReader(file) as reader:
            found = by_day(reader.trades(), _payments(reader), ZoneInfo(zone))
        days = [asdict(day) | {"profit": day.profit} for day in found[-limit:]]
    if as_json:
        console.print_json({"instance": instance, "zone": zone, "days": days})
        return
    rows = [[day[column] for column in COLUMNS] for day in days]
    console.print_table(f"days of {instance} ({zone})", [column.replace("_", " ") for column in COLUMNS], rows)


def _payments(reader: JournalReader) -> list[FundingPayment]:
    """What was booked in the currency the instrument settles in; other assets are another wallet's."""
    from engine.messages.funding import FundingBooked

    found: list[FundingPayment] = []
    after = 0
    while page := reader.events(after=after, name=FundingBooked.__name__):
        booked = [entry.message.payment for entry in page if isinstance(entry.message, FundingBooked)]
        found += [payment for payment in booked if payment.asset == payment.symbol.partition(":")[2]]
        after = page[-1].sequence
    return found
