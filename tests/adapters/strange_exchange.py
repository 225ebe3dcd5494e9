"""A stranger's server for tests: lists one instrument, says what it is told to say, and keeps what it heard."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

LISTED = {
    "symbols": [
        {
            "symbol": "BTCUSDT", "contractType": "PERPETUAL", "status": "TRADING", "baseAsset": "BTC",
            "quoteAsset": "USDT", "marginAsset": "USDT", "deliveryDate": 4133404800000, "orderTypes": ["MARKET"],
            "filters": [
                {"filterType": "PRICE_FILTER", "tickSize": "0.10"},
                {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001", "maxQty": "1000"},
            ],
        }
    ]
}  # fmt: skip


BYBIT_LISTED = {
    "retCode": 0,
    "result": {
        "list": [
            {
                "symbol": "BTCUSDT", "contractType": "LinearPerpetual", "status": "Trading", "baseCoin": "BTC",
                "quoteCoin": "USDT", "settleCoin": "USDT", "priceFilter": {"tickSize": "0.10"},
                "lotSizeFilter": {"qtyStep": "0.001", "minOrderQty": "0.001", "minNotionalValue": "5"},
            }
        ],
        "nextPageCursor": "",
    },
}  # fmt: skip


class StrangeExchange:
    """REST answers `said` with `status`, or what `answers` has for its path; WebSockets that come are in `sockets`."""

    def __init__(self) -> None:
        self.said, self.status, self.headers = "", 200, {}
        self.answers: dict[str, tuple[int, Any]] = {}
        self.seen: list[str] = []
        self.sockets: list[web.WebSocketResponse] = []

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.address = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        for socket in self.sockets:
            await socket.close()
        await self._runner.cleanup()

    async def say(self, *frames: Any) -> None:
        """Send on the newest socket; texts as they are, the rest as JSON."""
        for frame in frames:
            await self.sockets[-1].send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request.path)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._listen(request)
        if request.path.endswith("/exchangeInfo"):
            return web.Response(text=json.dumps(LISTED), content_type="application/json")
        if request.path.endswith("/instruments-info"):
            return web.json_response(BYBIT_LISTED)
        if request.path in self.answers:
            status, body = self.answers[request.path]
            return web.json_response(body, status=status)
        return web.Response(text=self.said, status=self.status, headers=self.headers)

    async def _listen(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is web.WSMsgType.TEXT and json.loads(message.data)["op"] in ("auth", "subscribe"):
                await socket.send_json({"op": json.loads(message.data)["op"], "success": True})
        return socket
