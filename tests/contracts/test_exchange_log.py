"""The exchange log: every request, answer and failure has its line, and no line has a secret (C5)."""

from __future__ import annotations

import asyncio
import logging
import re

import pytest
from loguru import logger
from order_builders import SYMBOL, a_limit, an_entry, away, cancel, find, mark_price, place, snapshot
from subjects import Subject

from adapters.log import start_logging
from engine.messages.exchange import OpenMarketStream, OpenUserStream

pytestmark = pytest.mark.processes


@pytest.fixture
def log(tmp_path):
    start_logging(tmp_path, "executor")
    yield tmp_path / "executor-exchange.log"
    logger.remove()


async def a_bit_of_everything(subject, venue):
    await subject.perform(OpenUserStream(symbol=SYMBOL))
    await subject.perform(OpenMarketStream(symbol=SYMBOL))
    order = a_limit(away(await mark_price(subject), "0.9"))
    for call in (place(order), find(order), cancel(order), cancel(order)):
        await subject.perform(call)
    await snapshot(subject)
    venue.fault("timeout_before", **subject.face.order, delay_ms=1_000)
    lost = an_entry()
    await subject.perform(place(lost))
    venue.control("POST", f"accounts/{subject.account}/expire-listen-key")
    await asyncio.sleep(0.3)
    return order, lost


async def test_every_request_and_answer_has_its_line_and_a_lost_one_its_failure(venue, face, log):
    subject = await Subject(venue, face, order_timeout_ms=250).prepared()
    order, lost = await a_bit_of_everything(subject, venue)
    await subject.exchange.close()
    text = log.read_text()

    assert re.search(rf"POST {face.order['endpoint'][:-1]} .*{order.client_order_id}.* -> 200", text)
    assert re.search(
        rf"{face.cancelling['method']} {face.cancelling['endpoint'][:-1]}.*{order.client_order_id}.* {face.gone}", text
    )
    assert re.search(rf"WARNING.*PlaceOrder {lost.client_order_id} failed: OutcomeUnknown timeout", text)
    asked = venue.control("GET", f"truth?kind=request&account={subject.account}&limit=1000")["records"]
    assert asked
    for request in asked:
        assert f"{request['method']} {request['path']}" in text


async def test_no_line_holds_a_key_a_signature_or_a_listen_key(venue, face, log):
    subject = await Subject(venue, face, order_timeout_ms=250).prepared()
    await a_bit_of_everything(subject, venue)
    await subject.exchange.close()
    text = log.read_text()

    assert f"key-{subject.account}" not in text
    assert f"secret-{subject.account}" not in text
    assert re.findall(r"signature=(?!\*\*\*)", text) == []
    assert re.findall(r'listenKey"?[=:]\s*"?(?!\*\*\*)\w', text) == []
    assert not any("secret" in repr(message) or "listenKey=" in repr(message) for message in subject.pushed)


async def test_nothing_beneath_us_logs_a_key_or_a_signature_either(venue, face, caplog):
    caplog.set_level(logging.DEBUG)
    subject = await Subject(venue, face).prepared()

    await subject.perform(place(an_entry()))
    await subject.exchange.close()

    assert f"key-{subject.account}" not in caplog.text
    assert "signature=" not in caplog.text
