"""An account's own events as Bybit's topics: order, execution, position, wallet."""

from venue.bybit.entries import entry_of_algo, entry_of_order
from venue.bybit.errors import JsonObject
from venue.bybit.holdings import position_json, wallet_json
from venue.bybit.render import execution_json, funding_json, order_json
from venue.core.account import Account
from venue.core.events import AccountChanged, AlgoChanged, Event, LeverageChanged, OrderChanged
from venue.core.floor import Floor
from venue.core.orders import AlgoStatus
from venue.hub import Hub

TOPICS = ("order", "execution", "position", "wallet", "dcp")
SILENT = (AlgoStatus.TRIGGERED, AlgoStatus.FINISHED)  # the order it made tells what happens
LINEAR = {"category": "linear"}


def stream_of(account: str, topic: str) -> str:
    return f"user:{account}:{topic}"


def topic_names(topic: str) -> tuple[str, ...]:
    """A client may ask for all categories or for one."""
    return (topic,) if topic == "wallet" else (topic, f"{topic}.linear")


def is_private_topic(name: str) -> bool:
    return any(name in topic_names(t) for t in TOPICS) or name == "dcp.future"


def tell(hub: Hub, floor: Floor, event: Event, now_ms: int) -> None:
    match event:
        case OrderChanged():
            tell_order(hub, floor, event, now_ms)
        case AlgoChanged():
            tell_algo(hub, floor, event, now_ms)
        case AccountChanged():
            if wants(hub, event.account, "position"):
                rows = [LINEAR | position_json(floor, event.account, p) for p in event.positions]
                publish(hub, event.account, "position", rows, now_ms)
            if wants(hub, event.account, "wallet"):
                publish(hub, event.account, "wallet", [wallet_json(floor, event.account)], now_ms)
            if event.reason == "FUNDING_FEE" and wants(hub, event.account, "execution"):
                row = LINEAR | funding_json(event.account.incomes[-1])
                publish(hub, event.account, "execution", [row], now_ms, detail="Funding")
        case LeverageChanged():
            held = [p for p in event.account.positions.values() if p.symbol == event.symbol]
            rows = [LINEAR | position_json(floor, event.account, p) for p in held]
            publish(hub, event.account, "position", rows, now_ms)
        case _:
            pass  # a margin call comes as an e-mail, not as a topic


def tell_order(hub: Hub, floor: Floor, event: OrderChanged, now_ms: int) -> None:
    account, entry = event.account, entry_of_order(event.account, event.order)
    if event.trade is not None and wants(hub, account, "execution"):
        row = LINEAR | execution_json(floor, account, event.trade, entry)
        publish(hub, account, "execution", [row], now_ms, detail=str(row["execType"]))
    if wants(hub, account, "order"):
        publish(hub, account, "order", [LINEAR | order_json(floor, account, entry)], now_ms, detail=entry.status)


def tell_algo(hub: Hub, floor: Floor, event: AlgoChanged, now_ms: int) -> None:
    account, entry = event.account, entry_of_algo(event.account, event.algo)
    if event.status not in SILENT and wants(hub, account, "order"):
        publish(hub, account, "order", [LINEAR | order_json(floor, account, entry)], now_ms, detail=entry.status)


def wants(hub: Hub, account: Account, topic: str) -> bool:
    return any(hub.has(stream_of(account.name, name)) for name in topic_names(topic))


def publish(hub: Hub, account: Account, topic: str, rows: list[JsonObject], now_ms: int, detail: str = "") -> None:
    """A stream fault aims at user:ACCOUNT:TOPIC:DETAIL, for example user:account-1:order:Filled."""
    if not rows:
        return
    for name in topic_names(topic):
        stream = stream_of(account.name, name)
        message: JsonObject = {"id": f"{account.name}{now_ms}", "topic": name, "creationTime": now_ms, "data": rows}
        hub.publish(stream.lower(), message, called=f"{stream_of(account.name, topic)}:{detail}".rstrip(":"))
