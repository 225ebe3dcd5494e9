"""The proofs in short; the long ones are `python -m tests.proofs` (AV1, AV3-AV6, C8, CT1-CT5, F7)."""

from __future__ import annotations

import pytest

from tests.proofs import bad_input, nonsense, same_signal, slow_exchange, trouble
from tests.proofs.kill_matrix import Cell, play

pytestmark = [pytest.mark.processes, pytest.mark.timeout(170)]


def test_a_thousand_equal_signals_at_once_are_one_trade_and_one_message(tmp_path):
    shown = same_signal.show(tmp_path, 1_000, {"kind": "lose_response"})

    assert (shown.entries, shown.exits, shown.trades, shown.messages) == (1, 1, 1, 1)
    assert shown.found.violations == ()


def test_an_exchange_slower_than_every_limit_doubles_nothing(tmp_path):
    shown = slow_exchange.endure(tmp_path, "slow", slow_exchange.SILENT, 12.0)

    assert shown.found.violations == ()
    assert shown.end == "trading"
    assert shown.found.orders > 2


def test_an_exchange_that_answers_nonsense_is_not_traded_with_and_all_of_it_is_kept(tmp_path):
    shown = nonsense.endure(tmp_path, "", 3.0)

    assert shown.found.violations == ()
    assert shown.holds, shown
    assert shown.end == "trading"


def test_an_entry_filled_far_from_what_was_decided_halts(tmp_path):
    assert slow_exchange.slip(tmp_path, 0.05) == ("RED", "slippage")


def test_what_must_halt_halts_and_a_persons_word_ends_that(tmp_path):
    seen = list(trouble.show(tmp_path))

    assert [text for text, is_as_promised in seen if not is_as_promised] == []
    assert [text.partition(":")[0] for text, _ in seen] == ["AV4", "AV3", "CT2", "CT3", "CT4, AV6", "F7"]


def test_a_full_disk_and_a_held_or_damaged_journal_stop_trading_keep_the_bytes_and_tell(tmp_path):
    assert [text for text, is_as_promised in bad_input.show_stores(tmp_path) if not is_as_promised] == []


def test_a_clock_set_back_opens_nothing_and_protects_on(tmp_path):
    assert [text for text, is_as_promised in bad_input.show_clock(tmp_path) if not is_as_promised] == []


@pytest.mark.parametrize(
    ("step", "blow", "fault"),
    [
        ("entry", "all killed", "executed, answer lost"),
        ("protect", "executor killed", "executed, 503"),
        ("trail", "line cut", "not executed, 408"),
        ("exit", "executor killed", "executed late"),
    ],
)
def test_a_blow_in_the_middle_of_a_step_doubles_and_loses_nothing(tmp_path, step, blow, fault):
    cell = play(tmp_path, Cell(step, blow, fault))

    assert cell.trouble == ""
    assert cell.found is not None
    assert cell.found.fills > 0
