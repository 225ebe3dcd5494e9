"""The control API: look behind the scenes, and pull strings. JSON over HTTP, loopback."""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from aiohttp import web

from venue.core.account import Account
from venue.core.refusal import Refused
from venue.faults import KINDS, FaultError, read_fault
from venue.hands import ControlError, Hands, check_fields
from venue.market import Lane
from venue.page import HTML, POLICY
from venue.portrait import account_portrait, account_summary, book_portrait
from venue.runner import Runner
from venue.settings import AccountSettings
from venue.venue import Venue

Body = Mapping[str, object]
Reply = dict[str, object]


SHOWN_CLOSES = 120
TAKES: dict[tuple[str, str], tuple[str, ...]] = {  # fields of calls that are not looked at elsewhere
    **{("POST", f"/control/{name}"): () for name in ("pause", "resume")},
    ("POST", "/control/step"): ("candles",),
    ("POST", "/control/speed"): ("speed",),
    ("POST", "/control/jump"): ("candles", "to_ms"),
    ("POST", "/control/clock-skew"): ("skew_ms",),
    ("POST", "/control/accounts"): ("key", "secret", "balance", "name"),
}


class Control:
    """Each method answers one path; errors name the field."""

    def __init__(self, venue: Venue, runner: Runner, hands: Hands) -> None:
        self._venue, self._runner, self._hands = venue, runner, hands

    def routes(self) -> list[web.RouteDef]:
        table: list[tuple[str, str, Callable[[web.Request, Body], Awaitable[Reply]]]] = [
            ("GET", "/control/status", self.status),
            ("POST", "/control/pause", self.pause),
            ("POST", "/control/resume", self.resume),
            ("POST", "/control/step", self.step),
            ("POST", "/control/speed", self.speed),
            ("POST", "/control/jump", self.jump),
            ("POST", "/control/clock-skew", self.clock_skew),
            ("GET", "/control/faults", self.faults),
            ("POST", "/control/faults", self.add_fault),
            ("DELETE", "/control/faults", self.remove_faults),
            ("DELETE", "/control/faults/{id}", self.remove_fault),
            ("GET", "/control/accounts", self.accounts),
            ("POST", "/control/accounts", self.open_account),
            ("GET", "/control/accounts/{account}", self.account),
            ("POST", "/control/accounts/{account}/{action}", self.act),
            ("GET", "/control/market/{symbol}", self.market),
            ("POST", "/control/market/{symbol}", self.change_market),
        ]
        found = [
            web.route(method, path, guarded(handler, TAKES.get((method, path)))) for method, path, handler in table
        ]
        return [*found, web.get("/control/truth", self.truth), web.get("/control", self.page)]

    async def page(self, request: web.Request) -> web.Response:
        return web.Response(text=HTML, content_type="text/html", headers={"Content-Security-Policy": POLICY})

    async def status(self, request: web.Request, body: Body) -> Reply:
        venue = self._venue
        market_ms = venue.clock.market_ms()
        return {
            "market_time_ms": market_ms,
            "market_time": datetime.fromtimestamp(market_ms / 1000, UTC).isoformat(),
            "wall_time_ms": venue.clock.now_ms(),
            "speed": venue.speed,
            "paused": venue.is_paused,
            "ended": venue.market.is_over,
            "seed": venue.settings.seed,
            "port": venue.port,
            "pid": venue.pid,
            "symbols": {symbol: self._symbol(lane) for symbol, lane in venue.market.lanes.items()},
            "accounts": [account_summary(a) for a in venue.floor.accounts.values()],
            "streams": [
                {"id": c.client_id, "path": c.path, "subscriptions": list(c.names.values()), "account": c.account}
                for hub in (venue.hub, venue.bybit.hub, venue.mexc.hub)
                for c in hub.clients.values()
            ],
            "faults": len(venue.faults.active),
            "truth_records": len(venue.truth),
            "truth_last": venue.truth.last,
            "clock_skew_ms": venue.clock.skew_ms,
        }

    def _symbol(self, lane: Lane) -> Reply:
        minutes = lane.history.minutes
        return {
            "last": format(lane.book.last, "f"),
            "mark": format(lane.book.mark, "f"),
            "bid": format(lane.book.bid, "f"),
            "ask": format(lane.book.ask, "f"),
            "status": lane.book.status,
            "candles_closed": len(minutes),
            "last_closed_open_time_ms": minutes[-1].open_time_ms if minutes else None,
            "candles_left": self._venue.market.candles_left,
        }

    async def pause(self, request: web.Request, body: Body) -> Reply:
        return self._pace(is_paused=True)

    async def resume(self, request: web.Request, body: Body) -> Reply:
        return self._pace(is_paused=False)

    async def speed(self, request: web.Request, body: Body) -> Reply:
        return self._pace(speed=number(body, "speed", least=0.001, most=1_000_000))

    def _pace(self, is_paused: bool | None = None, speed: float | None = None) -> Reply:
        venue = self._venue
        venue.is_paused = venue.is_paused if is_paused is None else is_paused
        venue.speed = venue.speed if speed is None else speed
        venue.truth.tell("clock", paused=venue.is_paused, speed=venue.speed)
        self._runner.changed()
        return {"paused": venue.is_paused, "speed": venue.speed}

    async def clock_skew(self, request: web.Request, body: Body) -> Reply:
        self._venue.clock.set_skew(int(number(body, "skew_ms", least=-86_400_000, most=86_400_000)))
        self._venue.truth.tell("clock", skew_ms=self._venue.clock.skew_ms)
        return {"clock_skew_ms": self._venue.clock.skew_ms}

    async def step(self, request: web.Request, body: Body) -> Reply:
        return await self._leap(int(number(body, "candles", least=1, most=1_000_000, default=1)))

    async def jump(self, request: web.Request, body: Body) -> Reply:
        if "to_ms" not in body:
            return await self._leap(int(number(body, "candles", least=1, most=1_000_000)))
        to_ms = int(number(body, "to_ms", least=0, most=10**15))
        minutes = (to_ms - self._venue.clock.market_ms() + 59_999) // 60_000
        if minutes <= 0:
            raise ControlError("to_ms", f"to_ms {to_ms} is not after the market time {self._venue.clock.market_ms()}")
        return await self._leap(minutes)

    async def _leap(self, minutes: int) -> Reply:
        self._venue.truth.tell("clock", leap=minutes)
        played = await self._runner.leap(minutes)
        return {"candles": played, "market_time_ms": self._venue.clock.market_ms()}

    async def faults(self, request: web.Request, body: Body) -> Reply:
        return {"faults": [f.as_json() for f in self._venue.faults.active.values()], "kinds": KINDS}

    async def add_fault(self, request: web.Request, body: Body) -> Reply:
        fault = self._venue.faults.add(read_fault(body)).as_json()
        self._venue.truth.tell("control", action="fault", asked=dict(body), fault_id=fault["id"])
        return fault

    async def remove_faults(self, request: web.Request, body: Body) -> Reply:
        removed = len(self._venue.faults.active)
        self._venue.faults.active.clear()
        return {"removed": removed}

    async def remove_fault(self, request: web.Request, body: Body) -> Reply:
        identity = request.match_info["id"]
        known = identity.isascii() and identity.isdigit() and int(identity) in self._venue.faults.active
        if not known:
            raise ControlError("id", f"no fault {identity}", status=404)
        self._venue.faults.active.pop(int(identity))
        return {"removed": 1}

    async def truth(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        try:
            after, limit = integer(asked, "after", 0), integer(asked, "limit", 1000)
        except ControlError as error:
            return refusal(error)
        records = self._venue.truth.query(lambda r: is_asked(r, asked), after, limit, asked.get("kind", ""))
        if asked.get("format") == "jsonl":
            lines = "".join(json.dumps(r) + "\n" for r in records)
            return web.Response(text=lines, content_type="application/x-ndjson")
        last = records[-1]["seq"] if len(records) >= limit else self._venue.truth.last
        return web.json_response({"records": records, "last": last})

    async def accounts(self, request: web.Request, body: Body) -> Reply:
        return {"accounts": [account_summary(a) for a in self._venue.floor.accounts.values()]}

    async def open_account(self, request: web.Request, body: Body) -> Reply:
        key, secret, name = text(body, "key"), text(body, "secret"), text(body, "name", "")
        if self._venue.floor.account_by_key(key) or name in self._venue.floor.accounts:
            raise ControlError("key", "an account with this key or name exists")
        wanted = AccountSettings(key=key, secret=secret, balance=decimal(body, "balance"))
        return account_summary(self._venue.open_account(wanted, name))

    async def account(self, request: web.Request, body: Body) -> Reply:
        return account_portrait(self._venue.floor, self._find(request), is_brief="brief" in request.query)

    def _find(self, request: web.Request) -> Account:
        name = request.match_info["account"]
        account = self._venue.floor.accounts.get(name) or self._venue.floor.account_by_key(name)
        if account is None:
            raise ControlError("account", "no such account", status=404)
        return account

    async def act(self, request: web.Request, body: Body) -> Reply:
        return self._hands.act(self._find(request), request.match_info["action"], body)

    async def market(self, request: web.Request, body: Body) -> Reply:
        lane = self._venue.market.lanes.get(request.match_info["symbol"])
        if lane is None:
            raise ControlError("symbol", "no such symbol", status=404)
        closes = [format(bar.close, "f") for bar in lane.history.minutes[-SHOWN_CLOSES:]]
        return {"symbol": lane.symbol, **self._symbol(lane), "levels": book_portrait(lane.book), "closes": closes}

    async def change_market(self, request: web.Request, body: Body) -> Reply:
        symbol = request.match_info["symbol"]
        self._hands.change_market(symbol, body)
        return self._symbol(self._venue.market.lanes[symbol])


def guarded(
    handler: Callable[[web.Request, Body], Awaitable[Reply]], takes: tuple[str, ...] | None
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Reads the body, and turns complaints into answers that name the field."""

    async def handle(request: web.Request) -> web.Response:
        try:
            body = await read_body(request)
            if takes is not None:
                check_fields(body, takes)
            return web.json_response(await handler(request, body))
        except ControlError as error:
            return refusal(error)
        except FaultError as error:
            return refusal(ControlError(error.field, str(error)))
        except Refused as refused:
            return refusal(ControlError("order", str(refused)))

    return handle


async def read_body(request: web.Request) -> Body:
    raw = await request.read()
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise ControlError("body", "the body is not JSON") from None
    if not isinstance(body, dict):
        raise ControlError("body", "the body must be a JSON object")
    return body


def refusal(error: ControlError) -> web.Response:
    return web.json_response({"error": str(error), "field": error.field}, status=error.status)


def text(body: Body, name: str, default: str | None = None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str) or (default is None and not value):
        raise ControlError(name, f"{name} must be a string")
    return value


def decimal(body: Body, name: str) -> Decimal:
    try:
        value = Decimal(str(body.get(name)))
    except InvalidOperation:
        raise ControlError(name, f"{name} must be a decimal string") from None
    if not value.is_finite():
        raise ControlError(name, f"{name} must be finite")
    return value


def number(body: Body, name: str, least: float, most: float, default: float | None = None) -> float:
    value = body.get(name, default)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not least <= value <= most:
        raise ControlError(name, f"{name} must be a number between {least} and {most}")
    return value


def integer(asked: Mapping[str, str], name: str, default: int) -> int:
    value = asked.get(name, str(default))
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise ControlError(name, f"{name} must be a whole number")
    return int(value)


def is_asked(record: Mapping[str, object], asked: Mapping[str, str]) -> bool:
    """Account and symbol must be equal; a client id may be an order's or a conditional one's."""
    if any(asked.get(name) not in (None, "", record.get(name)) for name in ("account", "symbol")):
        return False
    wanted = asked.get("client_id")
    return not wanted or wanted in (
        record.get("client_order_id"),
        record.get("client_algo_id"),
        record.get("client_id"),
    )
