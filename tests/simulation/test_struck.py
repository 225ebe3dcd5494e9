"""For what an instance must stand still: what struck its account and instrument, and what was its own."""

from __future__ import annotations

from engine import ids
from tests.builders import a_fill
from tests.simulation.cast import LAYOUTS
from tests.simulation.struck import Struck, holder_of, must_halt

SEATS = {seat.name: seat for seat in LAYOUTS[3]}  # two in one instrument of one account
APART = {seat.name: seat for seat in LAYOUTS[1]}


def test_a_closed_position_halts_who_held_it_and_not_who_takes_the_instrument_over() -> None:
    struck = [Struck(10, "closed_by_hand", "sim-2", "sim-1")]

    assert must_halt(struck, SEATS, "sim-1", 0) == {"closed_by_hand"}
    assert must_halt(struck, SEATS, "sim-2", 0) == set()


def test_what_stands_there_halts_whoever_trades_there_from_then_on() -> None:
    struck = [Struck(10, "ghost_order", "sim-1", "sim-1")]

    assert must_halt(struck, SEATS, "sim-2", 10) == {"ghost_order"}
    assert must_halt(struck, SEATS, "sim-2", 11) == set()
    assert must_halt(struck, APART, "sim-2", 0) == set(), "another account"


def test_a_shared_wallet_is_nobodys_to_explain_alone() -> None:
    drifted = [Struck(10, "balance_drift", "sim-1", "sim-1")]

    assert must_halt(drifted, SEATS, "sim-1", 0) == set()
    assert must_halt(drifted, APART, "sim-1", 0) == {"balance_drift"}


def test_the_holder_is_whose_order_was_filled_last() -> None:
    fills = [a_fill(str(n), f"{ids.owner_prefix(name)}-{n}") for n, name in enumerate(("sim-2", "sim-1"))]

    assert holder_of([*fills, a_fill("9", "someone-1")], SEATS, "sim-2") == "sim-1"
    assert holder_of([], SEATS, "sim-2") == "sim-2"
