"""No secret in any log, however it got into the text."""

from __future__ import annotations

import pytest
from loguru import logger

from adapters.ccxt.access import Access
from adapters.log import start_logging
from adapters.redaction import redact, register_secret
from engine.errors import ConfigurationError

KEY, SECRET = "kEy0123456789abcdef", "s3cr3t-0123456789abcdef"


@pytest.fixture
def folder(tmp_path):
    start_logging(tmp_path, "executor", secrets=(KEY, SECRET))
    yield tmp_path
    logger.remove()


@pytest.mark.parametrize(
    "text",
    [
        f"GET /fapi/v1/order?symbol=BTCUSDT&signature={'ab' * 32}",
        f"{{'X-MBX-APIKEY': '{'ab' * 32}'}}",
        f'{{"listenKey":"{"ab" * 32}"}}',
        f"wss://host/private/ws?listenKey={'ab' * 32}",
        f"api_key = {'ab' * 32}",
        f"password: {'ab' * 32}",
        f"https://api.telegram.org/bot99:{'ab' * 32}/sendMessage",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text):
    assert "ab" * 16 not in redact(text)
    assert "***" in redact(text)


def test_a_registered_value_is_hidden_wherever_it_stands():
    register_secret(SECRET)

    assert redact(f"boom ({SECRET})") == "boom (***)"


def test_ordinary_texts_stay_as_they_are():
    text = "order p0000-1-abcd-1-E1 BTC/USDT:USDT 0.010 at 58000.1 refused: -2019 Margin is insufficient."

    assert redact(text) == text


def test_logs_and_tracebacks_hold_no_secret(folder):
    logger.info("starting with {}", KEY)
    try:
        raise ValueError(f"signature={SECRET} for {KEY}")
    except ValueError:
        logger.exception("it failed")
    logger.bind(channel="exchange").debug("POST /fapi/v1/order {}", f"signature={'ab' * 32}&apiKey={KEY}")

    people, exchange = (folder / "executor.log").read_text(), (folder / "executor-exchange.log").read_text()

    assert "ValueError" in people
    assert "POST /fapi/v1/order" in exchange
    assert "POST" not in people
    for text in (people, exchange):
        assert KEY not in text
        assert SECRET not in text
        assert "ab" * 32 not in text


def test_braces_and_tags_in_a_text_are_just_text(folder):
    logger.info("{}", "a {brace} and a <red>tag</red>")

    assert "a {brace} and a <red>tag</red>" in (folder / "executor.log").read_text()


def test_nothing_goes_to_the_terminal(folder, capfd):
    logger.warning("quiet")

    assert capfd.readouterr() == ("", "")


def test_the_secrets_are_not_in_the_representation_of_an_access():
    access = Access(exchange="binanceusdm", environment="production", key=KEY, secret=SECRET)

    assert KEY not in repr(access)
    assert SECRET not in repr(access)


@pytest.mark.parametrize(("environment", "redirect"), [("local", None), ("production", "http://x"), ("paper", None)])
def test_an_access_that_makes_no_sense_is_refused(environment, redirect):
    with pytest.raises(ConfigurationError):
        Access(exchange="binanceusdm", environment=environment, redirect_to=redirect)
