"""The only way out refuses every host it was not told of."""

from __future__ import annotations

import pytest
from yarl import URL

from adapters.ccxt.access import Access
from adapters.ccxt.client import build_client
from adapters.ccxt.dialects.binance import HOSTS
from adapters.ccxt.session import HostRefused, Session

FAMILIES = ("linear",)
PRODUCTION = "https://fapi.binance.com/fapi/v1/order"


def access(environment, **changes):
    given = {"exchange": "binanceusdm", "environment": environment, "key": "kkkkkkkk", "secret": "ssssssss"}
    return Access(**(given | changes))


@pytest.fixture
async def open_session():
    made = []

    def make(environment, **changes):
        made.append(Session(access(environment, **changes), HOSTS[environment]))
        return made[-1]

    yield make
    for session in made:
        await session.close()


async def test_in_local_everything_goes_to_the_local_exchange_path_and_query_untouched(open_session):
    session = open_session("local", redirect_to="http://127.0.0.1:18080")

    for url in (PRODUCTION, "wss://fstream.binance.com/private/ws", "https://example.org/fapi/v1/order"):
        assert session.gate(url).origin() == URL("http://127.0.0.1:18080")
    assert session.gate(f"{PRODUCTION}?a=1%2C2&b=%22x%22").raw_path_qs == "/fapi/v1/order?a=1%2C2&b=%22x%22"


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ("production", "https://api.binance.com/sapi/v1/capital/config/getall"),
        ("production", "https://demo-fapi.binance.com/fapi/v1/order"),
        ("production", "http://fapi.binance.com/fapi/v1/order"),
        ("production", "https://fapi.binance.com.example.org/"),
        ("demo", PRODUCTION),
        ("demo", "wss://fstream.binance.com/private/ws"),
    ],
)
async def test_other_hosts_and_bare_http_are_refused(open_session, environment, url):
    with pytest.raises(HostRefused):
        open_session(environment).gate(url)


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ("production", PRODUCTION),
        ("production", "wss://fstream.binance.com/private/ws?listenKey=x"),
        ("demo", "https://demo-fapi.binance.com/fapi/v1/order"),
        ("demo", "wss://fstream.binancefuture.com/market/stream"),
    ],
)
async def test_the_environment_s_own_hosts_pass(open_session, environment, url):
    assert str(open_session(environment).gate(url)) == url


async def test_demo_reaches_the_demo_hosts_through_ccxt_and_spot_is_refused(open_session):
    session = open_session("demo")
    client = build_client(access("demo"), session, lambda answer: None, FAMILIES)

    for family in ("fapiPublic", "fapiPrivate", "fapiPrivateV2", "fapiPrivateV3"):
        session.gate(client.urls["api"][family] + "/x")
    with pytest.raises(HostRefused):
        session.gate("https://api.binance.com/api/v3/account")
    await client.close()


async def test_the_error_table_does_not_depend_on_the_address(open_session):
    client = build_client(access("demo"), open_session("demo"), lambda answer: None, FAMILIES)

    anywhere = client.get_exceptions_by_url("http://127.0.0.1:1/fapi/v1/order", "exact")

    assert anywhere["-2019"].__name__ == "InsufficientFunds"
    await client.close()
