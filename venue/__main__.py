"""`python -m venue`: reads its arguments, opens the door, plays the market, ends cleanly when told to."""

import asyncio
import errno
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from venue.binance.door import serve_rest
from venue.binance.sockets import serve_socket
from venue.binance.ws_api import serve_ws_api
from venue.build import build
from venue.bybit.door import serve_v5
from venue.bybit.sockets import PRIVATE, PUBLIC, serve_stream
from venue.bybit.trade_socket import TRADE, serve_trade
from venue.candles import CandleError
from venue.control import Control
from venue.hands import Hands
from venue.mexc.door import serve_v1
from venue.mexc.sockets import EDGE, serve_edge
from venue.runner import Runner
from venue.scenario import ScenarioError, read_scenario
from venue.settings import Settings, SettingsError, read_settings
from venue.stage import Stage
from venue.state import StateError
from venue.venue import Venue

LOG = logging.getLogger("venue")
ENDED, BAD_ARGUMENTS, PORT_TAKEN = 0, 2, 3
LARGEST_BODY = 1 << 20
SHUTDOWN_S = 0.3


Serve = Callable[[Venue, web.Request], Awaitable[web.StreamResponse]]
MEXC_PATHS = ("/api/v1/", "/api/v3/")
BYBIT_SOCKETS: dict[str, Serve] = {PUBLIC: serve_stream, PRIVATE: serve_stream, TRADE: serve_trade}


def socket_for(path: str) -> Serve:
    """Which dialect and which kind of socket a path means."""
    if path.startswith("/v5/"):
        return BYBIT_SOCKETS.get(path, serve_v5)
    if path == EDGE:
        return serve_edge
    return serve_ws_api if path.startswith("/ws-fapi/") else serve_socket


def rest_for(path: str) -> Serve:
    if path.startswith("/v5/"):
        return serve_v5
    return serve_v1 if path.startswith(MEXC_PATHS) else serve_rest


def make_app(venue: Venue, runner: Runner, hands: Hands) -> web.Application:
    """The web application: control routes first, everything else is the exchange's."""

    async def anything(request: web.Request) -> web.StreamResponse:
        is_socket = request.headers.get("Upgrade", "").lower() == "websocket"
        return await (socket_for(request.path) if is_socket else rest_for(request.path))(venue, request)

    app = web.Application(client_max_size=LARGEST_BODY)
    app.add_routes(Control(venue, runner, hands).routes())
    app.router.add_route("*", "/{anything:.*}", anything)
    return app


def write_ready(path: Path, host: str, port: int) -> None:
    """Atomically: whoever sees the file sees all of it."""
    started = datetime.now(UTC).isoformat()
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps({"pid": os.getpid(), "host": host, "port": port, "started": started}))
    temporary.replace(path)


async def run(settings: Settings) -> int:
    happenings = read_scenario(settings.scenario, [i.symbol for i in settings.instruments]) if settings.scenario else []
    venue = build(settings)
    hands = Hands(venue)
    runner = Runner(venue, Stage(venue, hands, happenings))
    server = web.AppRunner(
        make_app(venue, runner, hands), access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_S
    )
    await server.setup()
    try:
        await listen(server, venue)
    except OSError as error:
        await server.cleanup()
        if error.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
            raise
        print(f"venue: cannot listen on {settings.host}:{settings.port}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return PORT_TAKEN
    await serve_until_told(venue, runner)
    await venue.hub.close()
    await venue.bybit.hub.close()
    await venue.mexc.hub.close()
    await server.cleanup()
    venue.truth.close()
    if venue.state:
        venue.state.close()
    if settings.ready_file:
        settings.ready_file.unlink(missing_ok=True)
    return ENDED


async def listen(server: web.AppRunner, venue: Venue) -> None:
    site = web.TCPSite(server, venue.settings.host, venue.settings.port)
    await site.start()
    venue.port = server.addresses[0][1]
    LOG.info("listening on %s:%s for %s", venue.settings.host, venue.port, ", ".join(venue.floor.books))
    if venue.settings.ready_file:
        write_ready(venue.settings.ready_file, venue.settings.host, venue.port)


async def serve_until_told(venue: Venue, runner: Runner) -> None:
    """Plays until a signal, the end of the candles, or a fault of its own (which is raised)."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    work = [asyncio.create_task(job) for job in (runner.play(), runner.keep_house())]
    ends = [asyncio.create_task(event.wait()) for event in (told, runner.is_over)]
    await asyncio.wait([*work, *ends], return_when=asyncio.FIRST_COMPLETED)
    for task in (*work, *ends):
        task.cancel()
    for task in (*work, *ends):
        with suppress(asyncio.CancelledError):
            await task
    LOG.info("ended")


def main() -> int:
    try:
        settings = read_settings(sys.argv[1:])
        logging.basicConfig(
            filename=settings.log, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
        )
        return asyncio.run(run(settings))
    except (SettingsError, CandleError, StateError, ScenarioError) as error:
        print(f"venue: {error}", file=sys.stderr)  # noqa: T201 - there is nobody else to tell
        return BAD_ARGUMENTS


if __name__ == "__main__":
    sys.exit(main())
