"""What really happened, by the exchange's own log, against what we did, believe and said."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from actors.executor_view import halt_at
from actors.turn import is_grave
from adapters.journal.reader import JournalReader
from engine.errors import StoreError
from engine.messages import events as ev
from engine.messages.reports import InstanceView
from tests.chaos.stage import Stage

SECOND_NS = 1_000_000_000
OFTEN = 1_000_000
KNOWN_LIMIT_S, LOOK_S = 45.0, 0.1
UNIT = Decimal("1e-6")  # of money; also the reconciler's
NAKED_BOUND_S = 20.0  # the ladder of protection, a restart in the middle of it, and a request that times out
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What was found. `violations` is empty when every law held."""

    orders: int
    fills: int
    trades: int
    longest_naked_s: float
    violations: tuple[str, ...]


def reckon(stage: Stage) -> Reckoning:
    """Compares everything, once it is known what became of each order; it is at rest, the exchange still answers."""
    _until_known(stage)
    records = stage.truth()
    account = stage.ask_exchange("GET", "accounts/account-1")
    fills = [record for record in records if record["kind"] == "order.fill"]
    naked_s = longest_naked_s(records)
    with JournalReader(stage.journal_file) as journal:
        found = [
            *_doubled(records, {order.client_order_id for order in journal.orders()}),
            *_on_top(records),
            *_position(fills, account, journal),
            *_money(account, journal.view()),
            *_at_rest(account, journal.view()),
            *_told(journal, stage),
            *_halts_told(journal, stage),
            *_chain(journal),
        ]
        trades = len(journal.trades())
    if naked_s > NAKED_BOUND_S:
        found.append(f"no stop rested for {naked_s:.1f} s")
    return Reckoning(len(_ids(records)), len(fills), trades, naked_s, tuple(found))


def _until_known(stage: Stage) -> None:
    until = time.monotonic() + KNOWN_LIMIT_S
    while _unresolved(stage) and time.monotonic() < until:
        time.sleep(LOOK_S)


def _unresolved(stage: Stage) -> int:
    with JournalReader(stage.journal_file) as journal:
        view = journal.view()
    return view.unresolved_orders if view is not None else 0


def _ids(records: list[Record]) -> list[str]:
    """Client ids of all orders that clients placed, ordinary and conditional."""
    ordinary = [r["client_order_id"] for r in records if r["kind"] == "order.accepted" and r["origin"] == "client"]
    return ordinary + [r["client_algo_id"] for r in records if r["kind"] == "algo.new"]


def _doubled(records: list[Record], ours: set[str]) -> Iterator[str]:
    times = Counter(_ids(records))
    yield from (f"order {key} was accepted {count} times" for key, count in times.items() if count > 1)
    yield from (f"order {key} was never journaled" for key in times.keys() - ours)


def _on_top(records: list[Record]) -> Iterator[str]:
    """An entry is only taken when there is no position."""
    held = Decimal(0)
    for record in records:
        if record["kind"] == "order.accepted" and record["origin"] == "client" and not record["reduce_only"] and held:
            yield f"entry {record['client_order_id']} on top of a position of {held}"
        if record["kind"] == "order.fill":
            held += signed(record)


def signed(fill: Record) -> Decimal:
    return Decimal(fill["fill_quantity"]) * (1 if fill["side"] == "BUY" else -1)


def _position(fills: list[Record], account: Record, journal: JournalReader) -> Iterator[str]:
    summed = sum((signed(fill) for fill in fills), Decimal(0))
    held = sum((_signed_position(one) for one in account["positions"]), Decimal(0))
    view = journal.view()
    believed = view.position_quantity if view else Decimal(0)
    if not summed == held == believed:
        yield f"position: {summed} is the sum of fills, {held} the exchange's, {believed} what we believe"
    fees = sum((Decimal(fill["fee"]) for fill in fills), Decimal(0))
    if view is not None and view.fees != fees:
        yield f"fees: the exchange took {fees}, we count {view.fees}"


def _money(account: Record, view: InstanceView | None) -> Iterator[str]:
    """What the exchange says it gave and took is in our books, to the precision in which it counts."""
    if view is None:
        return
    ours = {"realized_pnl": view.realised_profit, "funding": view.funding}
    for name, counted in ours.items():
        if abs(Decimal(account[name]) - counted) > UNIT:
            yield f"money: {name} is {account[name]} at the exchange, {counted} in our books"


def _at_rest(account: Record, view: InstanceView | None) -> Iterator[str]:
    """Nobody doubts an order; one stop covers a position, and without a position nothing of ours rests."""
    resting = [*account["open_orders"], *account["open_algo_orders"]]
    held = sum((_signed_position(one) for one in account["positions"]), Decimal(0))
    stops = [Decimal(one["quantity"]) for one in account["open_algo_orders"] if one["type"] == "STOP_MARKET"]
    if view is not None and view.unresolved_orders:
        yield f"nobody knows what became of {view.unresolved_orders} orders"
    if resting and not held:
        yield f"flat, and {len(resting)} orders still rest"
    if held and stops != [abs(held)]:
        yield f"a position of {held} has stops for {stops}"


def _signed_position(position: Record) -> Decimal:
    return Decimal(position["quantity"]) * (-1 if position["side"] == "SHORT" else 1)


def _told(journal: JournalReader, stage: Stage) -> Iterator[str]:
    closed = [trade.trade_number for trade in journal.trades()]
    told = [row["trade_number"] for row in map(json.loads, _lines(stage)) if "trade_number" in row]
    if sorted(told) != sorted(closed):
        yield f"{len(closed)} trades and {len(told)} messages: {sorted(Counter(told) - Counter(closed))} too many"
    delivered = [entry.message for entry in journal.events(name="NotificationDelivered", limit=OFTEN)]
    if len(delivered) != len({m.trade_number for m in delivered if isinstance(m, ev.NotificationDelivered)}):
        yield "a message was acknowledged twice"


def _halts_told(journal: JournalReader, stage: Stage) -> Iterator[str]:
    """Moments at which it halted are told, each once. One that dies and is reset before it is told needs no telling."""
    entries = [one for name in ("BreakerTripped", "PanicObserved") for one in journal.events(name=name, limit=OFTEN)]
    halts = {halt_at(one.recorded_at_ns) for one in entries if is_grave(one.message)}
    told = Counter(row["alert"] for row in map(json.loads, _lines(stage)) if "alert" in row)
    if told.keys() - halts or any(times > 1 for times in told.values()) or (halts and not told):
        yield f"halted at {sorted(halts)}, told {sorted(told.elements())}"


def _lines(stage: Stage) -> list[str]:
    return stage.notifications_file.read_text().splitlines() if stage.notifications_file.exists() else []


def _chain(journal: JournalReader) -> Iterator[str]:
    try:
        journal.verify()
    except StoreError as error:
        yield f"journal: {error}"


def longest_naked_s(records: list[Record]) -> float:
    """The longest time with a position and no working stop for all of it."""
    held, stops, since, longest = Decimal(0), dict[str, Decimal](), 0, 0
    for record in records:
        if record["kind"] == "order.fill":
            held += signed(record)
        elif record["kind"].startswith("algo.") and record["type"] == "STOP_MARKET":
            stops.pop(record["client_algo_id"], None)
            if record["status"] == "NEW":
                stops[record["client_algo_id"]] = Decimal(record["quantity"])
        is_naked = bool(held) and not any(quantity >= abs(held) for quantity in stops.values())
        now = int(record["wall_ns"])
        longest = max(longest, now - since if since else 0)
        since = (since or now) if is_naked else 0
    return longest / SECOND_NS
