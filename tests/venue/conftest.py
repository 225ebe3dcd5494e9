"""Fixtures: a paused venue process for the whole module, and unmodified ccxt pointed at it."""

from collections.abc import AsyncIterator, Iterator

import ccxt.pro
import pytest

from tests.venue.processes import VenueProcess, start
from tests.venue.redirect import Redirect

OPTIONS = {"fetchCurrencies": False, "fetchMargins": False}


@pytest.fixture(scope="module")
def paused_venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """Its market stands still until a test steps it. No limits, so that tests don't meet each other's."""
    folder = tmp_path_factory.mktemp("venue")
    venue = start(folder, "--speed", "0", "--seed", "3", "--weight-limit", "0", "--order-limit", "0")
    yield venue
    venue.stop()


def client(port: int, number: int = 1, **changes: object) -> ccxt.pro.binanceusdm:
    return pointed_at(port, ccxt.pro.binanceusdm, number, {"options": dict(OPTIONS), **changes})


def pointed_at(port: int, kind: type[ccxt.Exchange], number: int, config: dict[str, object]) -> ccxt.Exchange:
    """ccxt on one of the venue's accounts, unmodified but for where its requests go."""
    session = Redirect(port)
    suffix = "" if number == 1 else f"-{number}"
    made = kind(
        {
            "apiKey": f"predator-local-key{suffix}",
            "secret": f"predator-local-secret{suffix}",
            "enableRateLimit": False,
            "session": session,
            **config,
        }
    )
    made.redirect = session  # ccxt forgets a session that was given to it when it closes
    return made


async def close(exchange: ccxt.pro.binanceusdm) -> None:
    await exchange.close()
    await exchange.redirect.close()


@pytest.fixture
async def exchange(paused_venue: VenueProcess) -> AsyncIterator[ccxt.pro.binanceusdm]:
    """ccxt on account-1, which is flat and without orders and faults at the start of each test."""
    paused_venue.control("DELETE", "faults")
    made = client(paused_venue.port)
    await made.load_markets()
    yield made
    await clean(made)
    await close(made)


async def clean(exchange: ccxt.pro.binanceusdm) -> None:
    symbol = "BTC/USDT:USDT"
    await exchange.cancel_all_orders(symbol)
    await exchange.cancel_all_orders(symbol, {"trigger": True})
    for position in await exchange.fetch_positions([symbol]):
        side = "sell" if position["side"] == "long" else "buy"
        if position["contracts"]:
            await exchange.create_order(symbol, "market", side, position["contracts"], None, {"reduceOnly": True})


BYBIT_OPTIONS = {"fetchCurrencies": False, "fetchMarkets": {"types": ["linear"]}}


def bybit_client(port: int, number: int = 1, **changes: object) -> ccxt.pro.bybit:
    made = pointed_at(port, ccxt.pro.bybit, number, {"options": dict(BYBIT_OPTIONS), **changes})
    made.timeout_on_exit = 0
    return made


@pytest.fixture
async def bybit(paused_venue: VenueProcess) -> AsyncIterator[ccxt.pro.bybit]:
    """ccxt as Bybit's customer on account-1, flat and without orders and faults at the start of each test."""
    paused_venue.control("DELETE", "faults")
    made = bybit_client(paused_venue.port)
    await made.load_markets()
    yield made
    paused_venue.control("DELETE", "faults")
    await made.cancel_all_orders("BTC/USDT:USDT")
    paused_venue.control("POST", "accounts/account-1/close", {"symbol": "BTCUSDT"})
    await close(made)


def mexc_client(port: int, number: int = 1, **changes: object) -> ccxt.pro.mexc:
    made = pointed_at(port, ccxt.pro.mexc, number, {"options": {"defaultType": "swap"}, **changes})
    made.timeout_on_exit = 0
    return made


@pytest.fixture
async def mexc(paused_venue: VenueProcess) -> AsyncIterator[ccxt.pro.mexc]:
    """ccxt as MEXC's customer on account-1, flat and without orders and faults at the start of each test."""
    paused_venue.control("DELETE", "faults")
    made = mexc_client(paused_venue.port)
    await made.load_markets()
    yield made
    paused_venue.control("DELETE", "faults")
    await made.cancel_all_orders()
    await made.contractPrivatePostPlanorderCancelAll({})
    await made.contractPrivatePostStoporderCancelAll({})
    paused_venue.control("POST", "accounts/account-1/close", {"symbol": "BTCUSDT"})
    await close(made)
