"""Reading a journal while another process writes it."""

from __future__ import annotations

from decimal import Decimal

import msgpack
import pytest
from adapter_builders import a_fill, a_signal, a_trade, a_view, an_order, filled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.journal.reader import JournalReader
from adapters.journal.sqlite_journal import SqliteJournal
from engine.errors import StoreError
from engine.messages import wire
from engine.messages.events import ForeignFillSeen, NotificationDelivered, OrderAccepted
from engine.messages.notices import Notify
from engine.messages.reports import digest_of
from engine.order import OrderKind, OrderPurpose, OrderStatus, Side


@pytest.fixture
def journal(tmp_path):
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


@pytest.fixture
def reader(journal):
    with JournalReader(journal.path) as reader:
        yield reader


def test_there_is_no_view_before_the_first(reader):
    assert reader.view() is None
    assert reader.view_row() is None


def test_the_view_is_the_newest_with_the_bytes_its_digest_is_of(journal, reader):
    journal.append([], [], a_view(1), 1)
    journal.append([], [], a_view(2), 2)

    sequence, encoded = reader.view_row()

    assert reader.view() == a_view(2)
    assert sequence == 2
    assert digest_of(encoded) == digest_of(wire.encode(a_view(2)))


def test_orders_come_back_exactly_as_they_stand(journal, reader):
    stop = an_order(
        "p0000-1-abcd-1-S1",
        side=Side.SELL,
        kind=OrderKind.STOP_MARKET,
        purpose=OrderPurpose.STOP,
        is_reduce_only=True,
        trigger_price=Decimal("57000.00"),
        created_at_ns=2,
    )
    journal.append([], [an_order(), stop], None, 1)
    entry = an_order(
        status=OrderStatus.FILLED, filled_quantity=Decimal("0.010"), filled_notional=Decimal("580.001"), changed_at_ns=5
    )
    journal.append([], [entry], None, 2)

    assert reader.orders() == (entry, stop)


def test_trades_signals_and_undelivered_messages(journal, reader):
    journal.append([a_signal(1), a_trade(1), a_signal(2), a_trade(2)], [], None, 1)
    journal.append([NotificationDelivered(trade_number=1)], [], None, 2)

    assert reader.trades() == (a_trade(1), a_trade(2))
    assert reader.signals() == (a_signal(1).signal, a_signal(2).signal)
    assert reader.undelivered() == (Notify(trade_number=2, text="trade 2 closed"),)


def test_events_can_be_followed_and_filtered(journal, reader):
    journal.append([filled("1"), a_signal(), filled("2"), filled("3")], [], None, 1)

    assert [entry.sequence for entry in reader.events(after=1, limit=2)] == [2, 3]
    assert [entry.message for entry in reader.events(name="OrderFilled")] == [filled("1"), filled("2"), filled("3")]
    assert reader.last_sequence() == 4
    assert reader.verify() == 4


def test_a_fill_told_twice_is_one_row_and_a_foreign_one_has_no_order(journal, reader):
    journal.append([filled("1"), filled("1"), ForeignFillSeen(fill=a_fill("2"))], [], None, 1)

    rows = reader._all("SELECT trade_id, client_order_id FROM fills ORDER BY trade_id")

    assert [tuple(row) for row in rows] == [("1", "p0000-1-abcd-1-E1"), ("2", "")]


def test_reading_works_while_the_writer_writes_and_never_stops_it(journal, reader):
    for number in range(1, 50):
        journal.append([OrderAccepted(client_order_id="p", venue_order_id="1")], [], a_view(number), number)
        assert reader.view().sequence == number
        assert reader.last_sequence() == number


def test_a_reader_cannot_write(reader):
    with pytest.raises(StoreError, match="write access"):
        reader._all("DELETE FROM messages")


def test_a_journal_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StoreError, match="there is no journal at"):
        JournalReader(tmp_path / "journal.sqlite")


def test_a_message_of_a_newer_program_is_a_store_error_that_names_it(journal, reader):
    journal.append([a_signal()], [], None, 1)
    journal._connection.execute("UPDATE messages SET bytes = ?", (msgpack.packb([1, "SomethingNewer", {}]),))

    with pytest.raises(StoreError, match="SomethingNewer"):
        reader.events()


amounts = st.decimals(min_value="0.00000001", max_value="99999999", allow_nan=False, allow_infinity=False)
orders = st.builds(
    an_order,
    side=st.sampled_from(Side),
    kind=st.sampled_from(OrderKind),
    purpose=st.sampled_from(OrderPurpose),
    status=st.sampled_from(OrderStatus),
    quantity=amounts,
    filled_quantity=amounts,
    filled_notional=amounts,
    price=st.none() | amounts,
    trigger_price=st.none() | amounts,
    is_reduce_only=st.booleans(),
    reason=st.text(st.characters(blacklist_categories=["Cs"]), max_size=40),
    created_at_ns=st.integers(0, 2**62),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(order=orders)
def test_any_order_comes_back_from_its_row_to_the_last_digit(journal, reader, order):
    journal.append([], [order], None, 1)

    [found] = reader.orders()

    assert found == order
    assert repr(found) == repr(order)
