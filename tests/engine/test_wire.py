"""Every message survives the wire unchanged; what is no message of ours is refused with a reason."""

from __future__ import annotations

from decimal import Decimal

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import MalformedMessage
from engine.messages import account, backtest, control, events, exchange, market, reports, wire
from engine.messages.base import Message
from engine.signal import Intent

MODULES = (account, backtest, control, events, exchange, market, reports)
LOCAL = (control.JournalRead,)
KINDS = sorted(
    {
        kind
        for module in MODULES
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message and kind not in LOCAL
    },
    key=lambda kind: kind.__name__,
)
st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False, places=8))
st.register_type_strategy(float, st.floats(allow_nan=False))
st.register_type_strategy(int, st.integers(-(2**62), 2**62))
st.register_type_strategy(Intent, st.integers(0, 15).map(Intent))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=10, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_message_survives_the_wire(kind: type[Message], data: st.DataObject) -> None:
    message = data.draw(st.from_type(kind))

    assert wire.decode(wire.encode(message)) == message
    assert wire.name_of(wire.encode(message)) == kind.__name__


def test_decimals_keep_their_scale() -> None:
    sent = market.MarkPriceChanged(mark=market.MarkPrice(price=Decimal("40000.10"), observed_at_ns=1))
    received = wire.decode(wire.encode(sent))

    assert isinstance(received, market.MarkPriceChanged)
    assert str(received.mark.price) == "40000.10"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xc1", "not a message"),
        (b"", "not a message"),
        (msgpack.packb([1, "OrderFilled"]), "not a message"),
        (msgpack.packb([2, "Woken", {"label": "x"}]), "version 2"),
        (msgpack.packb([1, "Surprise", {}]), "Surprise"),
        (msgpack.packb([1, "Woken", {}]), "label"),
        (msgpack.packb([1, "Woken", {"label": "x", "more": 1}]), "more"),
        (msgpack.packb([1, "OrderFound", {"report": {"status": "molten"}}]), "OrderFound"),
    ],
)
def test_strangers_bytes_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedMessage, match=reason):
        wire.decode(data)
