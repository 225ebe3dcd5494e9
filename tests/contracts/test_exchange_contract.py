"""The exchange contract, call by call, against the local exchange: what is asked, what is answered, what really is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from order_builders import (
    SYMBOL,
    a_limit,
    a_stop,
    an_entry,
    an_exit,
    away,
    mark_price,
    place,
    recently,
    snapshot,
)
from subjects import Subject

from actors.shell.budget_keeper import cost_of
from engine.errors import InvariantViolated
from engine.messages.control import Woken
from engine.messages.exchange import (
    ExchangeUnavailable,
    InstrumentPrepared,
    OrderPlaced,
    OrderRefused,
    PrepareInstrument,
    TakeSnapshot,
)

pytestmark = pytest.mark.processes
SIMULATED_TOO = True


# --- preparing -------------------------------------------------------------------------------------------------------


async def test_preparing_tells_the_rules_and_sets_the_account_up(subject):
    answer = await subject.perform(PrepareInstrument(symbol=SYMBOL, leverage=4))

    assert isinstance(answer, InstrumentPrepared)
    assert answer.leverage == 4
    assert abs(answer.clock_offset_ns) < 1_000_000_000
    rules = answer.instrument
    assert (rules.symbol, rules.tick_size, rules.lot_size) == (SYMBOL, Decimal("0.10"), Decimal("0.001"))
    assert (rules.minimum_notional, rules.taker_fee, rules.maker_fee) == (100, Decimal("0.0005"), Decimal("0.0002"))


async def test_preparing_again_with_a_position_and_a_stop_changes_nothing_and_succeeds(subject):
    await subject.perform(place(an_entry()))
    await subject.perform(place(a_stop(away(await mark_price(subject), "0.8"))))

    answer = await subject.perform(PrepareInstrument(symbol=SYMBOL, leverage=5))

    assert isinstance(answer, InstrumentPrepared)
    assert subject.truth()["positions"][0]["leverage"] == 5
    if not subject.face.is_simulated:
        assert subject.truth()["positions"][0]["margin_mode"].lower() == "isolated"


async def test_an_instrument_that_is_not_listed_is_named(subject):
    answer = await subject.perform(PrepareInstrument(symbol="NOPE/USDT:USDT", leverage=1))

    assert isinstance(answer, ExchangeUnavailable)
    assert (answer.call, answer.kind) == ("PrepareInstrument", "refused")
    assert "NOPE/USDT:USDT is not listed" in answer.text


# --- the whole account -----------------------------------------------------------------------------------------------


async def test_a_snapshot_equals_the_exchange_s_own_books(subject):
    await subject.perform(place(an_entry()))
    mark = await mark_price(subject)
    stop, limit = a_stop(away(mark, "0.9")), a_limit(away(mark, "0.9"))
    await subject.perform(place(stop))
    await subject.perform(place(limit))

    seen, real = await snapshot(subject), subject.truth()

    assert seen.wallet_balance == Decimal(real["balance"])
    assert seen.position_quantity == Decimal(real["positions"][0]["quantity"])
    assert seen.entry_price == Decimal(real["positions"][0]["entry_price"])
    assert subject.face.is_simulated or seen.liquidation_price > 0
    assert {(report.client_order_id, report.is_conditional) for report in seen.open_orders} == {
        (stop.client_order_id, True),
        (limit.client_order_id, False),
    }
    assert len(seen.fills) == len(real["trades"])
    assert seen.started_at_ns < seen.finished_at_ns or subject.face.is_simulated


async def test_a_light_snapshot_has_position_and_orders_of_now_and_says_that_it_is_light(subject):
    full = await snapshot(subject)
    await subject.perform(place(an_entry()))
    stop = a_stop(away(full.mark_price, "0.9"))
    await subject.perform(place(stop))

    answer = await subject.perform(TakeSnapshot(symbol=SYMBOL, fills_since_ns=0, is_light=True))
    seen, real = answer.snapshot, subject.truth()

    assert seen.position_quantity == Decimal(real["positions"][0]["quantity"])
    assert [report.client_order_id for report in seen.open_orders] == [stop.client_order_id]
    if subject.face.exchange == "bybit":  # nothing of it is dear there
        assert (seen.is_light, seen.wallet_balance, len(seen.fills)) == (False, Decimal(real["balance"]), 1)
    else:
        assert (seen.is_light, seen.wallet_balance, seen.fills) == (True, full.wallet_balance, ())


async def test_the_first_snapshot_is_full_whatever_was_asked(subject):
    answer = await subject.perform(TakeSnapshot(symbol=SYMBOL, fills_since_ns=0, is_light=True))

    assert not answer.snapshot.is_light


@pytest.mark.parametrize("face", ["binanceusdm"], indirect=True)
async def test_readings_cost_what_they_are_budgeted_at(subject, face):
    """Within a minute of the exchange's clock; `subject.usage` has what its headers said."""
    costs = []
    await snapshot(subject)
    for is_light in (False, True):
        call = TakeSnapshot(symbol=SYMBOL, fills_since_ns=recently(), is_light=is_light)
        before = max(said.used_weight for said in subject.usage)
        await subject.perform(call)
        costs.append((max(said.used_weight for said in subject.usage) - before, cost_of(call).weight))

    assert costs == [(18, 18), (7, 7)]


async def test_a_flat_account_has_no_position_and_still_a_mark_price(subject):
    seen = await snapshot(subject)

    assert (seen.position_quantity, seen.entry_price, seen.liquidation_price) == (0, 0, None)
    assert seen.mark_price > 0
    assert seen.open_orders == seen.fills == ()


async def test_a_closed_instrument_is_said_to_be_and_reducing_is_tried_all_the_same(subject, venue, monkeypatch):
    from adapters.ccxt.dialects import binance_market

    monkeypatch.setattr(binance_market, "STATUS_VALID_NS", 0)
    await subject.perform(place(an_entry()))
    open_status = (await snapshot(subject)).symbol_status
    venue.control("POST", "market/BTCUSDT", status="SETTLING")
    try:
        closed_status = (await snapshot(subject)).symbol_status
        refused = await subject.perform(place(an_entry()))
        reduced = await subject.perform(place(an_exit()))
    finally:
        venue.control("POST", "market/BTCUSDT", status="TRADING")

    assert open_status == ""
    assert closed_status in ("SETTLING", "Closed")
    assert isinstance(refused, OrderRefused)
    assert refused.reason == "symbol_closed"
    assert isinstance(reduced, OrderPlaced)
    assert (await snapshot(subject)).symbol_status == ""


# --- the rest --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("face", ["binanceusdm"], indirect=True)  # Bybit's headers tell no weight
async def test_usage_is_told_from_the_headers(subject):
    await subject.perform(place(an_entry()))

    assert subject.usage[-1].used_weight > 0
    assert subject.usage[-1].order_count == 1


@pytest.mark.over_a_network
async def test_a_wrong_secret_is_access_denied_and_in_no_text(venue, face):
    denied = Subject(venue, face, secret="not-the-secret-of-this-account")

    answer = await denied.perform(place(an_entry()))

    assert isinstance(answer, ExchangeUnavailable)
    assert (answer.call, answer.kind) == ("PlaceOrder", "access_denied")
    assert "not-the-secret" not in answer.text
    await denied.exchange.close()


async def test_a_message_that_is_no_call_is_a_defect(subject):
    with pytest.raises(InvariantViolated):
        await subject.perform(Woken(label="x"))


@pytest.mark.over_a_network
async def test_nobody_there_is_without_effect_and_said_at_once(venue, face):
    alone = Subject(venue, face, redirect_to="http://127.0.0.1:9")
    order = replace(an_entry(), client_order_id="p0000-1-abcd-1-Ealone")

    answer = await alone.perform(place(order))

    assert isinstance(answer, ExchangeUnavailable)
    assert (answer.call, answer.detail, answer.kind) == ("PlaceOrder", order.client_order_id, "unavailable")
    await alone.exchange.close()
