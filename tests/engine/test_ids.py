"""Client order ids: the same decision is the same id, another one is another, and every exchange takes them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import ids
from engine.market import MINUTE_NS
from engine.order import OrderPurpose

ALLOWED = re.compile(r"^[A-Za-z0-9_-]{1,36}$")


def an_id(**fields):
    decision = {
        "instance": "live-1", "epoch": 3, "play_hash": "abcdef0123", "bar_open_time_ns": 28_333_333 * MINUTE_NS,
        "purpose": OrderPurpose.ENTRY, "number": 0,
    }  # fmt: skip
    return ids.client_order_id(**decision | fields)


def test_the_same_decision_twice_is_the_same_id():
    assert an_id() == an_id()


@pytest.mark.parametrize(
    "other",
    [
        {"instance": "live-2"},
        {"epoch": 4},
        {"play_hash": "1bcdef"},
        {"bar_open_time_ns": 28_333_334 * MINUTE_NS},
        {"purpose": OrderPurpose.STOP},
        {"number": 1},
    ],
)
def test_another_decision_is_another_id(other):
    assert an_id(**other) != an_id()


def test_every_purpose_has_a_letter_of_its_own():
    assert set(ids.LETTER) == set(OrderPurpose)
    assert len(set(ids.LETTER.values())) == len(OrderPurpose)


@given(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=24),
    st.integers(0, 2**31),
    st.integers(0, 2**63 - 1),
    st.integers(0, 10**6),
    st.sampled_from(OrderPurpose),
)
def test_every_exchange_takes_it_and_we_know_it_again(instance, epoch, at_ns, number, purpose):
    made = an_id(instance=instance, epoch=epoch, bar_open_time_ns=at_ns, number=number, purpose=purpose)

    assert ALLOWED.match(made)
    assert ids.is_ours(made)
    assert made.startswith(ids.owner_prefix(instance))


@pytest.mark.parametrize("strange", ["", "web_4711", "autoclose-17", "x-cvBPrNm9a", "p12-3", "q1234-1-abcd-1-E0"])
def test_what_others_made_is_not_ours(strange):
    assert not ids.is_ours(strange)


@given(st.integers(0, 2**70))
def test_base36_reads_back(number):
    assert int(ids.base36(number), 36) == number
