"""The truth log: what really happened, whatever a client was told. Kept in memory, and in a file when asked for."""

import json
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TextIO

from venue.clock import VenueClock
from venue.core.account import Position
from venue.core.events import AccountChanged, AlgoChanged, Event, LeverageChanged, MarginCalled, OrderChanged
from venue.core.orders import AlgoOrder, Execution, Order, Trade

MOST_RECORDS = 50_000  # older ones are only in the file

Record = dict[str, object]


class Truth:
    def __init__(self, clock: VenueClock, file: Path | None = None) -> None:
        self._clock = clock
        self._records: deque[tuple[str, str]] = deque(maxlen=MOST_RECORDS)  # kind and JSON: a third of the dict
        self._file: TextIO | None = file.open("a", encoding="utf-8", buffering=1) if file else None
        self.last = 0

    def __len__(self) -> int:
        return len(self._records)

    def tell(self, kind: str, **facts: object) -> Record:
        """Adds one record; decimals become strings."""
        self.last += 1
        record: Record = {
            "seq": self.last,
            "kind": kind,
            "wall_ns": self._clock.now_ns(),
            "market_ms": self._clock.market_ms(),
            **{name: as_json(value) for name, value in facts.items()},
        }
        text = json.dumps(record)
        self._records.append((kind, text))
        if self._file:
            self._file.write(text + "\n")
        return record

    def query(self, wanted: Callable[[Record], bool], after: int, limit: int, kind: str = "") -> list[Record]:
        """Records after a sequence number whose kind begins so, oldest first."""
        skip = max(0, after - (self.last - len(self._records)))
        texts = (text for known, text in islice(self._records, skip, None) if known.startswith(kind))
        return list(islice(filter(wanted, map(json.loads, texts)), limit))

    def close(self) -> None:
        if self._file:
            self._file.close()

    def hear(self, event: Event) -> None:
        """Writes down what the exchange says happened."""
        match event:
            case OrderChanged():
                self.tell(ORDER_KINDS[event.execution], **order_record(event.order), **trade_record(event.trade))
            case AlgoChanged():
                self.tell(f"algo.{event.status.value.lower()}", **algo_record(event.algo))
            case AccountChanged():
                self._hear_account(event)
            case LeverageChanged():
                name = event.account.name
                self.tell("account.leverage", account=name, symbol=event.symbol, leverage=event.leverage)
            case MarginCalled():
                self.tell("account.liquidation", account=event.account.name)

    def _hear_account(self, event: AccountChanged) -> None:
        name, reason = event.account.name, event.reason
        balance = event.account.wallet
        self.tell("account.balance", account=name, reason=reason, change=event.change, balance=balance)
        for position in event.positions:
            self.tell("account.position", account=name, reason=reason, **position_record(position))


ORDER_KINDS = {
    Execution.NEW: "order.accepted",
    Execution.TRADE: "order.fill",
    Execution.CANCELED: "order.canceled",
    Execution.EXPIRED: "order.expired",
    Execution.AMENDMENT: "order.amended",
}


def as_json(value: object) -> object:
    return format(value, "f") if isinstance(value, Decimal) else value


def order_record(order: Order) -> Record:
    request = order.request
    return {
        "account": order.account,
        "order_id": order.order_id,
        "client_order_id": request.client_order_id,
        "symbol": request.symbol,
        "side": request.side.value,
        "type": request.kind.value,
        "status": order.status.value,
        "quantity": as_json(order.quantity),
        "filled": as_json(order.filled),
        "price": as_json(order.price),
        "average_price": as_json(order.average_price),
        "reduce_only": request.is_reduce_only,
        "position_side": request.position_side.value,
        "time_in_force": request.time_in_force.value,
        "origin": request.origin,
        "algo_id": request.algo_id,
        "created_ms": order.created_ms,
        "updated_ms": order.updated_ms,
    }


def trade_record(trade: Trade | None) -> Record:
    """What a fill adds to its order's record."""
    if trade is None:
        return {}
    return {
        "trade_id": trade.trade_id,
        "fill_quantity": as_json(trade.quantity),
        "fill_price": as_json(trade.price),
        "fee": as_json(trade.fee),
        "realized_pnl": as_json(trade.realized_pnl),
        "is_maker": trade.is_maker,
    }


def algo_record(algo: AlgoOrder) -> Record:
    request = algo.request
    return {
        "account": algo.account,
        "algo_id": algo.algo_id,
        "client_algo_id": request.client_algo_id,
        "symbol": request.symbol,
        "side": request.side.value,
        "type": request.kind.value,
        "status": algo.status.value,
        "quantity": as_json(request.quantity),
        "trigger_price": as_json(request.trigger_price),
        "price": as_json(request.price),
        "callback_rate": as_json(request.callback_rate),
        "activate_price": as_json(request.activate_price),
        "close_position": request.close_position,
        "reduce_only": request.is_reduce_only,
        "working_type": request.working_type.value,
        "position_side": request.position_side.value,
        "actual_order_id": algo.order_id,
        "created_ms": algo.created_ms,
        "updated_ms": algo.updated_ms,
        "reason": algo.reason,
    }


def position_record(position: Position) -> Record:
    return {
        "symbol": position.symbol,
        "side": position.side.value,
        "quantity": as_json(position.amount),
        "entry_price": as_json(position.entry_price),
        "position_realized_pnl": as_json(position.realized_pnl),
    }
