"""Other hands on an account, each once; what they refuse names its field."""

import pytest

from tests.venue.builders import SYMBOL
from venue.build import build
from venue.hands import ControlError, Hands
from venue.settings import read_settings


@pytest.fixture
def made():
    venue = build(read_settings(["--history", "20"]))
    return venue, Hands(venue), venue.floor.accounts["account-1"]


def held(account) -> dict[str, str]:
    return {p.side.value: str(p.amount) for p in account.held()}


def test_a_ghost_order_rests_and_is_cancelled_by_either_name(made):
    _, hands, account = made
    limit = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "quantity": "0.1", "price": "58000"}
    first = hands.act(account, "order", limit)
    hands.act(account, "order", {**limit, "client_order_id": "ghost"})

    hands.act(account, "cancel", {"order_id": first["order_id"]})
    hands.act(account, "cancel", {"client_order_id": "ghost"})

    assert account.open_orders == {}
    assert {o.request.origin for o in account.orders.values()} == {"hand"}


def test_a_foreign_position_is_exactly_what_was_said_and_can_be_closed(made):
    venue, hands, account = made
    hands.act(account, "position", {"symbol": SYMBOL, "quantity": "-0.3", "entry_price": "61000"})
    seen = held(account)
    hands.act(account, "close", {"symbol": SYMBOL})

    assert (seen, held(account)) == ({"BOTH": "-0.3"}, {})
    assert account.trades[-1].realized_pnl > 0
    assert venue.truth.query(lambda r: r["kind"] == "control", 0, 10)[0]["action"] == "position"


def test_a_restricted_account_may_only_reduce_until_it_is_lifted(made):
    _, hands, account = made
    market = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.1"}
    hands.act(account, "restrict", {"reduce_only": True})
    with pytest.raises(Exception, match="reduce_only_allowed"):
        hands.act(account, "order", market)
    hands.act(account, "restrict", {"reduce_only": False})
    hands.act(account, "order", market)

    assert held(account) == {"BOTH": "0.1"}


def test_a_balance_drifts_and_the_books_say_so(made):
    _, hands, account = made
    hands.act(account, "balance", {"change": "-12.5"})

    assert str(account.wallet) == "99987.5"
    assert [(i.kind, str(i.amount)) for i in account.incomes] == [("TRANSFER", "-12.5")]


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("dance", {}, "action"),
        ("close", {"symbol": "NOUSDT"}, "symbol"),
        ("close", {"symbol": [SYMBOL]}, "symbol"),
        ("close", {"symbol": SYMBOL, "loud": True}, "loud"),
        ("close", {"symbol": SYMBOL, "silent": "yes"}, "silent"),
        ("balance", {"change": "much"}, "change"),
        ("balance", {"change": "NaN"}, "change"),
        ("balance", {}, "change"),
        ("cancel", {}, "order_id"),
        ("order", {"symbol": SYMBOL, "side": "UP"}, "type"),
        ("position", {"symbol": SYMBOL, "quantity": "1", "position_side": "MIDDLE"}, "position_side"),
        ("restrict", {"reduce_only": 1}, "reduce_only"),
    ],
)
def test_what_is_refused_names_its_field_and_changes_nothing(made, action, body, field):
    _, hands, account = made
    with pytest.raises(ControlError) as caught:
        hands.act(account, action, body)

    assert caught.value.field == field
    assert (account.orders, account.incomes, held(account)) == ({}, [], {})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"price": "-1"}, "price"),
        ({"price": "1e30"}, "price"),
        ({"status": "ASLEEP"}, "status"),
        ({"prise": 1}, "prise"),
    ],
)
def test_a_market_is_not_changed_to_nonsense(made, body, field):
    venue, hands, _ = made
    before = venue.floor.books[SYMBOL].last
    with pytest.raises(ControlError) as caught:
        hands.change_market(SYMBOL, body)

    assert (caught.value.field, venue.floor.books[SYMBOL].last) == (field, before)
