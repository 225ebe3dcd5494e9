"""What somebody else does to an account behind its program's back: ghost orders, foreign positions, closing by hand."""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from venue.core.account import Account
from venue.core.conditional import cancel_algo
from venue.core.events import AccountChanged
from venue.core.liquidation import close_by_hand, liquidate
from venue.core.matching import cancel, place
from venue.core.movement import move
from venue.core.orders import ZERO, Kind, OrderRequest, PositionSide, Side, TimeInForce, WorkingType
from venue.core.settlement import Adjustment, adjust
from venue.truth import order_record
from venue.venue import Venue

MOST_PRICE = 10**9
STATUSES = ("TRADING", "HALT", "SETTLING")
Body = Mapping[str, object]
Reply = dict[str, object]
Chosen = TypeVar("Chosen")


FIELDS: dict[str, tuple[str, ...]] = {  # what each action on an account takes
    "order": (
        "symbol",
        "side",
        "type",
        "quantity",
        "price",
        "client_order_id",
        "reduce_only",
        "position_side",
        "silent",
    ),
    "position": ("symbol", "quantity", "entry_price", "position_side", "silent"),
    "close": ("symbol", "silent"),
    "cancel": ("order_id", "client_order_id", "algo_id", "client_algo_id", "silent"),
    "balance": ("change", "silent"),
    "liquidate": ("symbol",),
    "adl": ("symbol",),
    "restrict": ("reduce_only",),
    "expire-listen-key": (),
}
MARKET_FIELDS = ("price", "mark_offset", "status")
SWITCHES = ("silent", "reduce_only")


class ControlError(ValueError):
    """A control call that can't be done: which field, and why."""

    def __init__(self, field: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.field, self.status = field, status


def check_fields(body: Body, known: tuple[str, ...]) -> None:
    """Only fields that mean something, and switches that are true or false."""
    for name, value in body.items():
        if name not in known:
            raise ControlError(str(name), f"unknown field {name!r}; known: {', '.join(known) or 'none'}")
        if name in SWITCHES and not isinstance(value, bool):
            raise ControlError(str(name), f"{name} must be true or false, not {value!r}")


def check_symbol(symbol: object, symbols: Collection[str]) -> None:
    if not isinstance(symbol, str) or (symbols and symbol not in symbols):
        raise ControlError("symbol", f"no symbol {symbol!r}; known: {', '.join(symbols)}")


def check_action(action: str, body: Body, symbols: Collection[str]) -> None:
    """As far as it can be known before the time has come."""
    if action not in FIELDS:
        raise ControlError("action", f"no action {action!r}; known: {', '.join(FIELDS)}", status=404)
    check_fields(body, FIELDS[action])
    if "symbol" in body:
        check_symbol(body["symbol"], symbols)
    for name in ("quantity", "price", "entry_price", "change"):
        if name in body:
            amount(body, name)


def check_market(symbol: str, body: Body, symbols: Collection[str]) -> None:
    if symbols and symbol not in symbols:
        raise ControlError("market", f"no symbol {symbol!r}; known: {', '.join(symbols)}")
    check_fields(body, MARKET_FIELDS)
    choice({"status": body.get("status", "TRADING")}, "status", {s: s for s in STATUSES})
    for name in ("price", "mark_offset"):
        if name in body:
            amount(body, name)


class Hands:
    """One method for each action under /control/accounts/ACCOUNT/."""

    def __init__(self, venue: Venue) -> None:
        self._venue, self._floor = venue, venue.floor
        self._made = 0

    def act(self, account: Account, action: str, body: Body) -> Reply:
        actions: dict[str, Callable[[Account, Body], Reply]] = {
            "order": self.order,
            "position": self.position,
            "close": self.close,
            "cancel": self.cancel,
            "balance": self.balance,
            "liquidate": self.liquidate,
            "adl": self.adl,
            "restrict": self.restrict,
            "expire-listen-key": self.expire_listen_key,
        }
        check_action(action, body, self._floor.books)
        reply = actions[action](account, body)
        self._venue.commit(account)
        self._venue.truth.tell("control", account=account.name, action=action, asked=dict(body))
        return reply

    def _name(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}{self._made}"

    def _symbol(self, body: Body) -> str:
        symbol = body.get("symbol")
        if not isinstance(symbol, str) or symbol not in self._floor.books:
            raise ControlError("symbol", f"no symbol {symbol!r}; known: {', '.join(self._floor.books)}")
        return symbol

    def order(self, account: Account, body: Body) -> Reply:
        """A ghost order: it passes the usual checks, but the account's program did not send it."""
        kind = choice(body, "type", {"MARKET": Kind.MARKET, "LIMIT": Kind.LIMIT})
        request = OrderRequest(
            symbol=self._symbol(body),
            side=choice(body, "side", {"BUY": Side.BUY, "SELL": Side.SELL}),
            kind=kind,
            quantity=amount(body, "quantity"),
            price=amount(body, "price") if kind is Kind.LIMIT else ZERO,
            time_in_force=TimeInForce.GTC,
            client_order_id=str(body.get("client_order_id") or self._name("web_ghost")),
            is_reduce_only=body.get("reduce_only") is True,
            position_side=position_side(body),
            working_type=WorkingType.CONTRACT_PRICE,
            origin="hand",
        )
        with self._venue.quiet(body.get("silent") is True):
            return order_record(place(self._floor, account, request))

    def position(self, account: Account, body: Body) -> Reply:
        """What is held becomes exactly this; no order, no trade, no fee."""
        symbol, side = self._symbol(body), position_side(body)
        held = account.position(symbol, side)
        held.amount = amount(body, "quantity")
        held.entry_price = amount(body, "entry_price") if "entry_price" in body else self._floor.books[symbol].mark
        held.entry_price = held.entry_price if held.amount else ZERO
        held.fees, held.updated_ms = ZERO, self._venue.clock.now_ms()
        with self._venue.quiet(body.get("silent") is True):
            event = AccountChanged(account=account, reason="ADJUSTMENT", change=ZERO, positions=(held,))
            self._floor.emit(event)
        return {"symbol": symbol, "quantity": format(held.amount, "f"), "entry_price": format(held.entry_price, "f")}

    def close(self, account: Account, body: Body) -> Reply:
        symbol = self._symbol(body)
        closed = list(account.held(symbol))
        with self._venue.quiet(body.get("silent") is True):
            for position in closed:
                close_by_hand(self._floor, account, position, self._name("web_close"), origin="hand")
        return {"closed": len(closed)}

    def cancel(self, account: Account, body: Body) -> Reply:
        with self._venue.quiet(body.get("silent") is True):
            return self._cancel(account, body)

    def _cancel(self, account: Account, body: Body) -> Reply:
        if not any(body.get(name) is not None for name in FIELDS["cancel"][:4]):
            raise ControlError("order_id", f"name the order by one of {', '.join(FIELDS['cancel'][:4])}")
        algo_id, algo_name = body.get("algo_id"), body.get("client_algo_id")
        if algo_id is not None or algo_name is not None:
            algo = account.find_algo(algo_id if isinstance(algo_id, int) else None, str(algo_name))
            return {"canceled": cancel_algo(self._floor, account, algo).algo_id}
        wanted = (body.get("order_id"), body.get("client_order_id"))
        working = account.open_orders.values()
        order = next((o for o in working if wanted[0] == o.order_id or wanted[1] == o.request.client_order_id), None)
        return {"canceled": cancel(self._floor, order).order_id}

    def balance(self, account: Account, body: Body) -> Reply:
        change = amount(body, "change")
        with self._venue.quiet(body.get("silent") is True):
            adjust(self._floor, account, Adjustment(change=change, kind="TRANSFER", reason="ADJUSTMENT"))
        return {"balance": format(account.wallet, "f")}

    def liquidate(self, account: Account, body: Body) -> Reply:
        """As if the margin were gone: the exchange takes over all positions, or those of one symbol."""
        held = tuple(account.held(self._symbol(body) if "symbol" in body else None))
        liquidate(self._floor, account, held)
        return {"liquidated": len(held)}

    def adl(self, account: Account, body: Body) -> Reply:
        """Auto-deleveraging: a profitable position is closed because somebody else could not pay."""
        closed = list(account.held(self._symbol(body)))
        for position in closed:
            close_by_hand(self._floor, account, position, "adl_autoclose", origin="adl")
        return {"closed": len(closed)}

    def restrict(self, account: Account, body: Body) -> Reply:
        """The account may only reduce (-4087), or again everything."""
        account.may_only_reduce = body.get("reduce_only", True) is True
        return {"reduce_only": account.may_only_reduce}

    def change_market(self, symbol: str, body: Body) -> None:
        """Another price, mark price or trading status for one instrument."""
        book = self._floor.books.get(symbol)
        if book is None:
            raise ControlError("symbol", "no such symbol", status=404)
        check_market(symbol, body, self._floor.books)
        status = choice({"status": body.get("status", book.status)}, "status", {s: s for s in STATUSES})
        price = amount(body, "price") if "price" in body else None
        if price is not None and not 0 < price < MOST_PRICE:
            raise ControlError("price", f"price must lie above 0 and below {MOST_PRICE}")
        book.mark_offset = amount(body, "mark_offset") if "mark_offset" in body else book.mark_offset
        book.status = status
        if price is not None:
            move(self._floor, symbol, book.instrument.round_price(price), is_gap=True)
            self._venue.market.tape.stirred(self._venue.market.lanes[symbol], [])
        self._venue.commit()
        self._venue.truth.tell("control", action="market", symbol=symbol, asked=dict(body))

    def expire_listen_key(self, account: Account, body: Body) -> Reply:
        return {"expired": self._venue.expire_listen_key(account.name)}


def amount(body: Body, name: str) -> Decimal:
    value = body.get(name)
    try:
        found = Decimal(value if isinstance(value, (str, int)) else str(value))
    except InvalidOperation:
        raise ControlError(name, f"{name} must be a decimal string, not {value!r}") from None
    if not found.is_finite():
        raise ControlError(name, f"{name} must be finite")
    return found


def choice(body: Body, name: str, known: Mapping[str, Chosen]) -> Chosen:
    value = body.get(name)
    if not isinstance(value, str) or value not in known:
        raise ControlError(name, f"{name} must be one of {', '.join(known)}, not {value!r}")
    return known[value]


def position_side(body: Body) -> PositionSide:
    return choice(
        {"position_side": body.get("position_side", "BOTH")}, "position_side", {s.value: s for s in PositionSide}
    )
