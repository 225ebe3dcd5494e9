"""An account's own events as MEXC's channels: order, order.deal, position, asset, plan.order, stop.planorder."""

from collections.abc import Callable
from functools import partial

from venue.core.account import Account
from venue.core.events import AccountChanged, AlgoChanged, Event, LeverageChanged, OrderChanged
from venue.core.floor import Floor
from venue.core.orders import AlgoStatus
from venue.hub import Hub
from venue.mexc.errors import JsonObject
from venue.mexc.holdings import asset_json, position_json
from venue.mexc.render import PLAN_STATES, STATES, deal_json, order_json, plan_json
from venue.mexc.stops import is_stop, stop_json, stop_of, token_of

FILTERS = (
    *("order", "order.deal", "position", "asset", "plan.order", "stop.order", "stop.planorder"),
    *("adl.level", "risk.limit", "liquidate.risk"),
)
SILENT = (AlgoStatus.TRIGGERING, AlgoStatus.FINISHED)  # neither changes a state that MEXC has a word for


def stream_of(account: str, channel: str, symbol: str = "") -> str:
    """Who wants one symbol only listens to a stream of its own."""
    return f"user:{account}:{channel}@{symbol}" if symbol else f"user:{account}:{channel}"


def tell(hub: Hub, floor: Floor, event: Event, now_ms: int) -> None:
    account = event.account
    match event:
        case OrderChanged():
            tell_order(hub, floor, event, now_ms)
        case AlgoChanged() if event.status not in SILENT:
            tell_algo(hub, floor, event, now_ms)
        case AccountChanged():
            for position in event.positions:
                tell_position(hub, floor, account, position.symbol, now_ms)
            publish(hub, account, "asset", "", lambda: asset_json(floor, account), now_ms)
        case LeverageChanged():
            tell_position(hub, floor, account, event.symbol, now_ms)
        case _:
            pass  # a margin call comes as a message to a human


def tell_position(hub: Hub, floor: Floor, account: Account, symbol: str, now_ms: int) -> None:
    for position in [p for p in account.positions.values() if p.symbol == symbol and p.updated_ms]:
        publish(hub, account, "position", symbol, partial(position_json, floor, account, position), now_ms)


def tell_order(hub: Hub, floor: Floor, event: OrderChanged, now_ms: int) -> None:
    account, order, trade = event.account, event.order, event.trade
    symbol = order.request.symbol
    if trade is not None:
        publish(hub, account, "order.deal", symbol, lambda: deal_json(floor, account, trade), now_ms)
    detail = str(STATES[order.status])
    publish(hub, account, "order", symbol, lambda: order_json(floor, account, order), now_ms, detail)


def tell_algo(hub: Hub, floor: Floor, event: AlgoChanged, now_ms: int) -> None:
    account, algo = event.account, event.algo
    symbol, detail = algo.request.symbol, str(PLAN_STATES[algo.status])
    if not is_stop(algo):
        publish(hub, account, "plan.order", symbol, lambda: plan_json(floor, account, algo), now_ms, detail)
        return
    stop = stop_of(account, token_of(algo))
    assert stop is not None, "an end that changed belongs to a stop"
    publish(hub, account, "stop.planorder", symbol, lambda: stop_json(floor, account, stop), now_ms, detail)


def publish(
    hub: Hub,
    account: Account,
    channel: str,
    symbol: str,
    make: Callable[[], JsonObject],
    now_ms: int,
    detail: str = "",
) -> None:
    """A stream fault aims at user:ACCOUNT:CHANNEL:STATE, for example user:account-1:order:3 (filled)."""
    streams = [stream_of(account.name, channel).lower(), stream_of(account.name, channel, symbol).lower()]
    heard = [s for s in dict.fromkeys(streams) if hub.has(s)]
    if not heard:
        return
    message: JsonObject = {"channel": f"push.personal.{channel}", "data": make(), "ts": now_ms}
    for stream in heard:
        hub.publish(stream, message, called=f"{stream_of(account.name, channel)}:{detail}".rstrip(":"))
