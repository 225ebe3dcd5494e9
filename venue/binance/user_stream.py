"""An account's own events, in Binance's words: ORDER_TRADE_UPDATE, ACCOUNT_UPDATE, ALGO_UPDATE and their kin."""

from decimal import Decimal

from venue.binance.render import (
    average_text,
    fixed,
    isolated_margin,
    money,
    plain_price,
    price_text,
    quantity_text,
)
from venue.core.account import Account, Position
from venue.core.events import AccountChanged, AlgoChanged, Event, LeverageChanged, MarginCalled, OrderChanged
from venue.core.floor import Floor
from venue.core.margin import figures, maintenance_of, pnl_of
from venue.core.orders import AlgoStatus, Kind
from venue.hub import Payload


def messages(floor: Floor, event: Event, now_ms: int) -> list[Payload]:
    """What the streams say of an event: of a fill first the short form, as the exchange does."""
    short = [trade_lite(floor, event, now_ms)] if isinstance(event, OrderChanged) and event.trade else []
    return [*short, render(floor, event, now_ms)]


def render(floor: Floor, event: Event, now_ms: int) -> Payload:
    """The stream message for an event."""
    match event:
        case OrderChanged():
            return order_update(floor, event, now_ms)
        case AlgoChanged():
            return algo_update(floor, event, now_ms)
        case AccountChanged():
            return account_update(floor, event, now_ms)
        case LeverageChanged():
            changed = {"s": event.symbol, "l": event.leverage}
            return {"e": "ACCOUNT_CONFIG_UPDATE", "E": now_ms, "T": now_ms, "ac": changed}
        case MarginCalled():
            return margin_call(floor, event, now_ms)


def order_update(floor: Floor, event: OrderChanged, now_ms: int) -> Payload:
    order, request, trade = event.order, event.order.request, event.trade
    instrument = floor.books[request.symbol].instrument
    body: Payload = {
        "s": request.symbol,
        "c": request.client_order_id,
        "S": request.side.value,
        "o": request.kind.value,
        "f": request.time_in_force.value,
        "q": quantity_text(instrument, order.quantity),
        "p": price_text(instrument, order.price),
        "ap": average_text(instrument, order),
        "sp": price_text(instrument, request.stop_price),
        "x": event.execution.value,
        "X": order.status.value,
        "i": order.order_id,
        "l": quantity_text(instrument, trade.quantity if trade else Decimal(0)),
        "z": quantity_text(instrument, order.filled),
        "L": price_text(instrument, trade.price if trade else Decimal(0)),
        "n": money(trade.fee) if trade else "0",
        "N": instrument.quote,
        "T": order.updated_ms,
        "t": trade.trade_id if trade else 0,
        "b": "0",
        "a": "0",
        "m": trade.is_maker if trade else False,
        "R": request.is_reduce_only,
        "wt": request.working_type.value,
        "ot": (request.original_kind or request.kind).value,
        "ps": request.position_side.value,
        "cp": request.close_position,
        "rp": money(trade.realized_pnl) if trade else "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": request.self_trade,
        "pm": request.price_match,
        "gtd": request.good_till_ms,
        "er": "0",
    }
    return {"e": "ORDER_TRADE_UPDATE", "T": order.updated_ms, "E": now_ms, "o": body}


def trade_lite(floor: Floor, event: OrderChanged, now_ms: int) -> Payload:
    order, request, trade = event.order, event.order.request, event.trade
    assert trade is not None, "only fills have a short form"
    instrument = floor.books[request.symbol].instrument
    return {
        "e": "TRADE_LITE",
        "E": now_ms,
        "T": trade.time_ms,
        "s": request.symbol,
        "q": quantity_text(instrument, order.quantity),
        "p": price_text(instrument, order.price),
        "m": trade.is_maker,
        "c": request.client_order_id,
        "S": request.side.value,
        "L": price_text(instrument, trade.price),
        "l": quantity_text(instrument, trade.quantity),
        "t": trade.trade_id,
        "i": order.order_id,
    }


def algo_update(floor: Floor, event: AlgoChanged, now_ms: int) -> Payload:
    algo, request, order = event.algo, event.algo.request, event.order
    instrument = floor.books[request.symbol].instrument
    body: Payload = {
        "caid": request.client_algo_id,
        "aid": algo.algo_id,
        "at": "CONDITIONAL",
        "o": request.kind.value,
        "s": request.symbol,
        "S": request.side.value,
        "ps": request.position_side.value,
        "f": request.time_in_force.value,
        "q": quantity_text(instrument, request.quantity),
        "X": event.status.value,
        "ai": "" if algo.order_id is None else str(algo.order_id),
        "tp": price_text(instrument, request.trigger_price),
        "p": price_text(instrument, request.price),
        "V": request.self_trade,
        "wt": request.working_type.value,
        "pm": request.price_match,
        "cp": request.close_position,
        "pP": request.price_protect,
        "R": request.is_reduce_only,
        "tt": algo.triggered_ms,
        "gtd": request.good_till_ms,
    }
    if order is not None:
        body |= {"ap": average_text(instrument, order), "aq": fixed(order.filled, 5), "act": order.request.kind.value}
    if request.kind is Kind.TRAILING_STOP_MARKET:
        body |= {"cr": str(request.callback_rate), "AP": price_text(instrument, request.activate_price)}
    if event.status in (AlgoStatus.REJECTED, AlgoStatus.EXPIRED):
        body["rm"] = algo.reason
    return {"e": "ALGO_UPDATE", "T": algo.updated_ms, "E": now_ms, "o": body}


def account_update(floor: Floor, event: AccountChanged, now_ms: int) -> Payload:
    totals = figures(floor, event.account)
    transferred = Decimal(0) if event.reason == "ORDER" else event.change
    balance = {
        "a": "USDT",
        "wb": money(totals.wallet),
        "cw": money(totals.cross_wallet),
        "bc": money(transferred) if transferred else "0",
    }
    positions = [position_update(floor, event.account, p) for p in event.positions]
    changes = {"B": [balance], "P": positions, "m": event.reason}
    return {"e": "ACCOUNT_UPDATE", "T": now_ms, "E": now_ms, "a": changes}


def position_update(floor: Floor, account: Account, position: Position) -> Payload:
    instrument = floor.books[position.symbol].instrument
    is_isolated = account.setting(position.symbol).is_isolated
    return {
        "s": position.symbol,
        "pa": quantity_text(instrument, position.amount),
        "ep": plain_price(position.entry_price),
        "cr": money(position.realized_pnl),
        "up": money(pnl_of(floor, position)),
        "mt": "isolated" if is_isolated else "cross",
        "iw": money(position.isolated_wallet),
        "ps": position.side.value,
        "ma": instrument.quote,
        "bep": plain_price(position.break_even_price),
    }


def margin_call(floor: Floor, event: MarginCalled, now_ms: int) -> Payload:
    rows = [margin_call_row(floor, event.account, p) for p in event.positions]
    return {"e": "MARGIN_CALL", "E": now_ms, "cw": money(figures(floor, event.account).cross_wallet), "p": rows}


def margin_call_row(floor: Floor, account: Account, position: Position) -> Payload:
    mark, is_isolated = floor.books[position.symbol].mark, account.setting(position.symbol).is_isolated
    return {
        "s": position.symbol,
        "ps": position.side.value,
        "pa": quantity_text(floor.books[position.symbol].instrument, position.amount),
        "mt": "ISOLATED" if is_isolated else "CROSSED",
        "iw": money(isolated_margin(position, mark, is_isolated)),
        "mp": money(mark),
        "up": money(pnl_of(floor, position)),
        "mm": money(maintenance_of(floor, position)),
    }
