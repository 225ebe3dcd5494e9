"""Half a minute of chaos on real processes; the long one is `python -m tests.chaos --minutes 60`."""

from __future__ import annotations

import pytest

from tests.chaos.__main__ import table
from tests.chaos.play import perform
from tests.chaos.truth import longest_naked_s

SECOND_NS = 1_000_000_000


@pytest.mark.processes
@pytest.mark.timeout(170)
def test_half_a_minute_of_chaos_breaks_no_law(tmp_path):
    told: list[str] = []

    outcome = perform(tmp_path, 30, seed=7, tell=told.append)

    assert outcome.violations == [], "\n".join([*told, table(outcome)])
    assert outcome.reckoning is not None
    assert sum(outcome.harms.values()) >= 3


def fill(at_s: float, side: str, quantity: str) -> dict[str, object]:
    return {"kind": "order.fill", "wall_ns": int(at_s * SECOND_NS), "side": side, "fill_quantity": quantity}


def stop(at_s: float, status: str, quantity: str, key: str = "S0") -> dict[str, object]:
    return {
        "kind": "algo.new" if status == "NEW" else "algo.canceled",
        "wall_ns": int(at_s * SECOND_NS),
        "client_algo_id": key,
        "type": "STOP_MARKET",
        "status": status,
        "quantity": quantity,
    }


def test_the_time_without_a_stop_is_told_from_the_exchanges_log():
    covered_after_two = [fill(1, "BUY", "0.5"), stop(3, "NEW", "0.5"), fill(10, "SELL", "0.5")]
    too_small = [fill(1, "BUY", "0.5"), stop(2, "NEW", "0.4"), stop(6, "NEW", "0.5", "S1"), fill(9, "SELL", "0.5")]
    gap = [fill(1, "BUY", "1"), stop(2, "NEW", "1"), stop(4, "CANCELED", "1"), fill(9, "SELL", "1")]

    assert longest_naked_s(covered_after_two) == 2
    assert longest_naked_s(too_small) == 5
    assert longest_naked_s(gap) == 5
