"""What an adapter answers when the exchange or the network misbehaves, and that nothing was sent twice."""

from __future__ import annotations

import asyncio
import time

import pytest
from order_builders import SYMBOL, an_entry, an_exit, place
from subjects import Subject

from engine.messages.budget import LeaveAlone, LeftAlone
from engine.messages.exchange import (
    CancelOrder,
    CancelOutcomeUnknown,
    ExchangeUnavailable,
    FindOrder,
    OrderFound,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderPlaced,
    SnapshotTaken,
    TakeSnapshot,
)
from engine.order import OrderStatus

pytestmark = pytest.mark.processes


@pytest.fixture
async def hasty(venue, face):
    """An adapter that waits a quarter of a second for an order."""
    made = Subject(venue, face, order_timeout_ms=250, read_timeout_ms=250)
    yield await made.prepared()
    await made.exchange.close()


def find(order):
    return FindOrder(client_order_id=order.client_order_id, symbol=SYMBOL, is_conditional=False)


def snapshot():
    return TakeSnapshot(symbol=SYMBOL, fills_since_ns=time.time_ns() - 3_600 * 10**9)


def posts(subject):
    records = subject.venue.control("GET", f"truth?kind=order.received&account={subject.account}")["records"]
    return len(records)


EXECUTED_UNSEEN = [
    ("lose_response", {}),
    ("timeout_after", {"delay_ms": 1_000}),
    ("bad_gateway", {"executes": True}),
    ("server_error", {"executes": True}),
    ("unknown_503", {"executes": True}),
    ("status_unknown", {"executes": True}),
]


@pytest.mark.parametrize(("kind", "options"), EXECUTED_UNSEEN, ids=[kind for kind, _ in EXECUTED_UNSEEN])
async def test_an_order_that_was_executed_unseen_is_unknown_and_then_found(hasty, venue, kind, options):
    venue.fault(kind, **hasty.face.order, **options)
    order = an_entry()

    answer = await hasty.perform(place(order))
    found = await hasty.perform(find(order))

    assert isinstance(answer, OrderOutcomeUnknown)
    assert answer.client_order_id == order.client_order_id
    assert isinstance(found, OrderFound)
    assert found.report.status is OrderStatus.FILLED
    assert len(hasty.truth()["orders"]) == 1


@pytest.mark.parametrize("way", ["missing", "types"])
async def test_an_order_answered_with_nonsense_is_unknown_and_then_found(subject, venue, way):
    venue.fault("nonsense", **subject.face.order, way=way)
    order = an_entry()

    answer = await subject.perform(place(order))

    assert isinstance(answer, OrderOutcomeUnknown)
    assert (await subject.perform(find(order))).report.status is OrderStatus.FILLED
    assert len(subject.truth()["orders"]) == 1


@pytest.mark.parametrize("way", ["missing", "types", "nan"])
async def test_an_account_told_in_nonsense_is_no_snapshot(subject, venue, way):
    venue.fault("nonsense", **subject.face.reading, count=None, way=way)

    answer = await subject.perform(snapshot())

    assert isinstance(answer, ExchangeUnavailable)
    said = answer.text.partition(": ")[0]  # and then what it was
    assert (answer.call, said) in (("TakeSnapshot", "nonsense"), ("TakeSnapshot", "unknown"))
    assert answer.kind == ("nonsense" if said == "nonsense" else "unavailable")


@pytest.mark.parametrize("face", ["binanceusdm"], indirect=True)  # Bybit's envelope is nonsense before its rows are
async def test_a_position_that_does_not_say_of_what_is_not_taken_for_none(subject, venue):
    await subject.perform(place(an_entry()))
    venue.fault("nonsense", method="GET", endpoint="positionRisk", count=None, way="missing")

    answer = await subject.perform(snapshot())

    assert isinstance(answer, ExchangeUnavailable)
    assert "'symbol'" in answer.text


NOT_EXECUTED = [
    ("timeout_before", {"delay_ms": 1_000}),
    ("bad_gateway", {}),
    ("server_error", {}),
    ("unknown_503", {}),
    ("status_unknown", {}),
]


@pytest.mark.parametrize(("kind", "options"), NOT_EXECUTED, ids=[kind for kind, _ in NOT_EXECUTED])
async def test_an_order_that_never_arrived_looks_the_same_until_it_is_asked_for(hasty, venue, kind, options):
    venue.fault(kind, **hasty.face.order, **options)
    order = an_entry()

    assert isinstance(await hasty.perform(place(order)), OrderOutcomeUnknown)
    assert await hasty.perform(find(order)) == OrderNotFound(client_order_id=order.client_order_id)
    assert hasty.truth()["orders"] == []


async def test_an_order_accepted_late_is_not_found_first_and_found_later(hasty, venue):
    venue.fault("late_accept", **hasty.face.order, delay_ms=300)
    order = an_entry()

    assert isinstance(await hasty.perform(place(order)), OrderOutcomeUnknown)
    assert isinstance(await hasty.perform(find(order)), OrderNotFound)
    await asyncio.sleep(0.4)
    assert isinstance(await hasty.perform(find(order)), OrderFound)


async def test_an_answer_sent_twice_is_never_taken_for_the_answer_to_another_question(subject, venue):
    venue.fault("answer_twice", **subject.face.order)
    order, after = an_entry(), an_exit()

    assert isinstance(await subject.perform(place(order)), OrderPlaced)
    for _ in range(3):
        found = await subject.perform(find(order))
        assert isinstance(found, OrderFound)
        assert found.report.client_order_id == order.client_order_id
    # the second answer may still be on the connection: then nobody knows, until it is asked for on a new one
    assert isinstance(await subject.perform(place(after)), (OrderPlaced, OrderOutcomeUnknown))
    assert (await subject.perform(find(after))).report.status is OrderStatus.FILLED
    assert len(subject.truth()["orders"]) == 2


@pytest.mark.parametrize(
    ("kind", "aim", "said"),
    [
        ("clock_skew", {}, "unavailable"),
        ("forbidden", {}, "access_denied"),
        ("error", {"status": 401, "code": -2015, "msg": "Invalid API-key"}, "access_denied"),
    ],
)
async def test_what_is_surely_without_effect_is_said_to_be(subject, venue, kind, aim, said):
    venue.fault(kind, **subject.face.order, **aim)

    answer = await subject.perform(place(an_entry()))

    assert isinstance(answer, ExchangeUnavailable)
    assert answer.kind == said
    assert subject.truth()["orders"] == []


async def test_an_order_an_exchange_is_too_busy_for_is_not_sent_again_by_itself(subject, venue):
    venue.fault("throttled_503", **subject.face.order)

    answer = await subject.perform(place(an_entry()))

    assert isinstance(answer, ExchangeUnavailable)
    assert answer.kind == subject.face.throttled
    assert subject.truth()["orders"] == []


@pytest.mark.parametrize(("kind", "said"), [("rate_limit", "rate_limited"), ("ban", "banned")])
async def test_after_a_limit_or_a_ban_nothing_more_is_sent_until_it_is_over(subject, venue, kind, said):
    venue.fault(kind, **subject.face.order)
    first = await subject.perform(place(an_entry()))
    assert isinstance(first, ExchangeUnavailable)
    count = len(venue.control("GET", f"truth?kind=request&account={subject.account}")["records"])

    second = await subject.perform(place(an_entry()))
    third = await subject.perform(snapshot())

    assert [answer.kind for answer in (first, second, third)] == [said] * 3
    assert first.retry_after_ms >= third.retry_after_ms > 0
    assert len(venue.control("GET", f"truth?kind=request&account={subject.account}")["records"]) == count


async def test_after_a_ban_that_others_met_nothing_is_sent_either(subject, venue):
    count = len(venue.control("GET", f"truth?kind=request&account={subject.account}")["records"])

    assert await subject.perform(LeaveAlone(for_ms=60_000)) == LeftAlone()

    answers = [await subject.perform(place(an_entry())), await subject.perform(snapshot())]
    assert [answer.kind for answer in answers] == ["banned"] * 2
    assert len(venue.control("GET", f"truth?kind=request&account={subject.account}")["records"]) == count


@pytest.mark.parametrize("face", ["binanceusdm"], indirect=True)  # Bybit has no limit for orders alone
async def test_too_many_orders_stops_orders_but_not_reads(subject, venue):
    venue.fault("error", **subject.face.order, status=429, code=-1015, msg="Too many new orders")

    answer = await subject.perform(place(an_entry()))

    assert answer.kind == "order_limit"
    assert isinstance(await subject.perform(snapshot()), SnapshotTaken)


async def test_a_read_that_the_network_lost_is_tried_again_and_an_order_never(hasty, venue):
    venue.fault("lose_response", **hasty.face.reading, count=2)
    assert isinstance(await hasty.perform(snapshot()), SnapshotTaken)

    venue.fault("lose_response", **hasty.face.order, count=1)
    await hasty.perform(place(an_entry()))
    assert posts(hasty) == 1


async def test_a_read_fails_after_three_tries_and_says_what_it_was(hasty, venue):
    venue.fault("timeout_before", **hasty.face.reading, count=None, delay_ms=1_000)

    answer = await hasty.perform(snapshot())

    assert isinstance(answer, ExchangeUnavailable)
    assert (answer.call, answer.kind) == ("TakeSnapshot", "unavailable")


async def test_a_cancel_whose_answer_is_lost_is_unknown_and_again_is_harmless(hasty, venue):
    venue.fault("bad_gateway", **hasty.face.cancelling, executes=True)

    answer = await hasty.perform(CancelOrder(client_order_id="p0000-1-abcd-1-E0", symbol=SYMBOL, is_conditional=False))

    assert isinstance(answer, CancelOutcomeUnknown)


async def test_an_order_is_not_sent_again_when_the_clock_was_wrong_but_the_next_one_passes(subject, venue):
    venue.fault("clock_skew", **subject.face.order)

    await subject.perform(place(an_entry()))

    assert isinstance(await subject.perform(place(an_entry())), OrderPlaced)
    assert len(subject.truth()["orders"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        '{"orderId": null}',
        "[]",
        '"fine"',
        "<html>hello</html>",
        "",
    ],
)
def test_nonsense_instead_of_an_order_is_malformed(body):
    import json

    from adapters.ccxt.dialects.binance_translate import order_report
    from engine.errors import MalformedMessage

    try:
        value = json.loads(body)
    except ValueError:
        value = body
    with pytest.raises(MalformedMessage):
        order_report(value, SYMBOL)
