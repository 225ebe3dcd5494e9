"""Orders found by the exchange's own id and amended; the time; and lists longer than a page."""

from __future__ import annotations

from decimal import Decimal

import pytest
from order_builders import (
    SYMBOL,
    a_limit,
    a_stop,
    amend,
    an_entry,
    an_exit,
    away,
    cancel_by_venue_id,
    find_by_venue_id,
    mark_price,
    number_of,
    place,
    recently,
    snapshot,
)

from engine.errors import InvariantViolated
from engine.messages.exchange import (
    AmendDone,
    AmendRefused,
    AskTime,
    CancelDone,
    CancelRefused,
    FetchFills,
    OrderPlaced,
    TimeTold,
)
from engine.order import OrderStatus, Side

pytestmark = pytest.mark.processes
SIMULATED_TOO = True


async def test_orders_of_both_kinds_are_found_by_the_exchange_s_id_too(subject):
    entry = an_entry()
    placed = await subject.perform(place(entry))
    stop = a_stop(away(await mark_price(subject), "0.9"))
    resting = await subject.perform(place(stop))

    found = (await subject.perform(find_by_venue_id(entry, placed.venue_order_id))).report
    waiting = (await subject.perform(find_by_venue_id(stop, resting.venue_order_id))).report

    assert (found.client_order_id, found.status) == (entry.client_order_id, OrderStatus.FILLED)
    assert (waiting.client_order_id, waiting.is_conditional) == (stop.client_order_id, True)


async def test_orders_of_both_kinds_are_cancelled_by_the_exchange_s_id_too(subject):
    """Whoever sent it gave it no id of ours."""
    mark = await mark_price(subject)
    entry, stop = a_limit(away(mark, "0.9")), a_stop(away(mark, "0.9"))
    placed = await subject.perform(place(entry))
    resting = await subject.perform(place(stop))

    answers = [
        await subject.perform(cancel_by_venue_id(entry, placed.venue_order_id)),
        await subject.perform(cancel_by_venue_id(stop, resting.venue_order_id)),
        await subject.perform(cancel_by_venue_id(stop, resting.venue_order_id)),
    ]

    assert [type(answer) for answer in answers] == [CancelDone, CancelDone, CancelRefused]
    assert (await snapshot(subject)).open_orders == ()


async def test_a_resting_limit_order_that_only_reduces_is_amended_in_place(subject):
    await subject.perform(place(an_entry(quantity=Decimal("0.020"))))
    mark = await mark_price(subject)
    order = a_limit(away(mark, "1.1"), side=Side.SELL, is_reduce_only=True)
    await subject.perform(place(order))

    answer = await subject.perform(amend(order, price=away(mark, "1.2"), quantity=Decimal("0.015")))

    assert answer == AmendDone(client_order_id=order.client_order_id)
    [real] = subject.truth()["open_orders"]
    assert (Decimal(real["price"]), Decimal(real["quantity"])) == (away(mark, "1.2"), Decimal("0.015"))


async def test_a_stop_is_amended_in_place_or_refused_as_not_amendable_and_left_as_it_was(subject):
    await subject.perform(place(an_entry()))
    mark = await mark_price(subject)
    stop = a_stop(away(mark, "0.9"))
    await subject.perform(place(stop))

    answer = await subject.perform(amend(stop, trigger_price=away(mark, "0.95")))

    [real] = subject.truth()["open_algo_orders"]
    if subject.face.amends_stops:
        assert answer == AmendDone(client_order_id=stop.client_order_id)
        assert Decimal(real["trigger_price"]) == away(mark, "0.95")
    else:
        assert isinstance(answer, AmendRefused)
        assert answer.reason == "not_amendable"
        assert Decimal(real["trigger_price"]) == stop.trigger_price


async def test_an_amendment_of_nobody_s_order_is_refused_and_one_that_could_open_risk_is_a_defect(subject):
    gone = a_limit(Decimal(50_000), side=Side.SELL, is_reduce_only=True)

    answer = await subject.perform(amend(gone))

    assert isinstance(answer, AmendRefused)
    assert answer.reason == "unknown_order"
    with pytest.raises(InvariantViolated, match="may open risk"):
        await subject.perform(amend(a_limit(Decimal(50_000))))


async def test_the_time_is_told_with_how_long_the_question_took(subject, venue):
    venue.control("POST", "clock-skew", skew_ms=4_000)

    told = await subject.perform(AskTime())
    venue.control("POST", "clock-skew", skew_ms=0)

    assert isinstance(told, TimeTold)
    assert 3_900_000_000 < told.clock_offset_ns < 4_100_000_000
    assert 0 < told.round_trip_ns < 1_000_000_000


async def test_more_open_orders_than_a_page_are_all_in_the_snapshot(subject):
    await subject.perform(place(an_entry(quantity=Decimal("0.100"))))
    mark = await mark_price(subject)
    limits = [a_limit(away(mark, f"0.{50 + n}"), quantity=Decimal("0.010")) for n in range(40)]
    stops = [a_stop(away(mark, f"0.{50 + n}"), quantity=Decimal("0.001")) for n in range(25)]
    for order in (*limits, *stops):
        assert isinstance(await subject.perform(place(order)), OrderPlaced)

    reports = (await snapshot(subject)).open_orders

    wanted = {(order.client_order_id, order.kind.is_conditional) for order in (*limits, *stops)}
    assert {(report.client_order_id, report.is_conditional) for report in reports} == wanted
    assert len(reports) == len(wanted)


async def test_more_executions_than_a_page_are_all_listed_once(subject):
    for _ in range(60):
        await subject.perform(place(an_entry()))
        await subject.perform(place(an_exit()))

    fills = (await subject.perform(FetchFills(symbol=SYMBOL, since_ns=recently()))).fills

    assert [number_of(fill.trade_id) for fill in fills] == [trade["trade_id"] for trade in subject.truth()["trades"]]
    assert len({fill.trade_id for fill in fills}) == 120
