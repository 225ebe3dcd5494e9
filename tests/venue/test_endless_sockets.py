"""Sockets and listen keys end by themselves: after their time, or when nobody says anything."""

import asyncio
import json

import aiohttp
import pytest

from tests.venue.processes import start

pytestmark = pytest.mark.processes
KEY = {"X-MBX-APIKEY": "predator-local-key"}
SOON = ("--listen-key-minutes", "0.02", "--socket-minutes", "0.07", "--ping-minutes", "0.02")


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    venue = start(tmp_path_factory.mktemp("hasty"), "--speed", "0", *SOON)
    yield f"http://127.0.0.1:{venue.port}"
    venue.stop()


async def test_a_socket_of_binances_is_cut_after_its_time_however_busy(hasty):
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{hasty}/ws/btcusdt@markPrice@1s") as socket:
        heard = [json.loads(m.data)["e"] async for m in socket]

    assert set(heard) == {"markPriceUpdate"}
    assert socket.close_code == aiohttp.WSCloseCode.GOING_AWAY


async def test_a_listen_key_nobody_extends_ends_with_a_word_and_one_that_is_extended_lives(hasty):
    async with aiohttp.ClientSession(hasty, headers=KEY) as session:
        key = (await (await session.post("/fapi/v1/listenKey")).json())["listenKey"]
        for _ in range(5):
            await asyncio.sleep(0.3)
            assert (await session.put("/fapi/v1/listenKey")).status == 200
        async with session.ws_connect(f"/private/ws?listenKey={key}") as socket:
            told = json.loads((await socket.receive(timeout=5)).data)
        gone = await (await session.put("/fapi/v1/listenKey")).json()

    assert (told["e"], told["listenKey"]) == ("listenKeyExpired", key)
    assert gone["code"] == -1125


async def test_a_socket_of_bybits_lives_as_long_as_it_pings(hasty):
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{hasty}/v5/public/linear") as socket:
        for _ in range(4):
            await socket.send_str('{"op":"ping"}')
            assert json.loads((await socket.receive(timeout=5)).data)["ret_msg"] == "pong"
            await asyncio.sleep(0.6)
        end = await socket.receive(timeout=5)

    assert end.type is aiohttp.WSMsgType.CLOSE
