"""Scenarios: timelines of faults and foreign hands."""

import pytest

from tests.venue.processes import start
from venue.scenario import ScenarioError, read_scenario

TIMELINE = """
- {at: 3, account: account-1, action: close, with: {symbol: BTCUSDT}}
- {at: 1, account: account-1, action: order, with: {symbol: BTCUSDT, side: BUY, type: MARKET, quantity: "0.1"}}
- {at: 2, fault: {kind: lose_response, endpoint: /order$, count: null}}
- {at: 2, account: nobody, action: close, with: {symbol: BTCUSDT}}
- {at: 4, market: BTCUSDT, with: {status: HALT}}
"""


def test_a_timeline_is_played_in_the_order_of_time(tmp_path):
    file = tmp_path / "scenario.yml"
    file.write_text(TIMELINE)

    assert [h.at_ms // 60_000 for h in read_scenario(file)] == [1, 2, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("at: 5", "a list of entries"),
        ("- 5", "line 1: entry 1: must be a mapping"),
        ("- {fault: {kind: delay}}", "`at` must be a number"),
        ("- {at: 1, fault: {kind: explode}}", "fault.kind: unknown kind"),
        ("- at: 1\n  fault:\n    kind: delay\n    dealy_ms: 5", "line 4: entry 1: fault.dealy_ms: unknown field"),
        ("# a day\n- {at: 1, market: BTCUSDT}\n- at: yes\n  market: BTCUSDT", "line 3: entry 2: at: "),
        ("- at: 1\n  account: a\n  action: dance", "line 3: entry 1: action: no action 'dance'"),
        ("- at: 1\n  account: a\n  action: close\n  with: {symbol: X}", "line 4: entry 1: with.symbol: no symbol 'X'"),
        ("- at: 1\n  market: BTCUSDT\n  with:\n    status: OFF", "line 4: entry 1: with.status: status must be"),
        ("- at: 1\n  market: DOGE", "line 2: entry 1: market: no symbol 'DOGE'"),
        ("- {at: .inf, market: BTCUSDT}", "entry 1: at: "),
        ("- {at: 1, dance: true}", "must have `fault`"),
        ("- {at: 1, action: close}", "must have `fault`"),
        ("- [", "not YAML"),
    ],
)
def test_a_bad_timeline_is_refused_with_its_entry(tmp_path, text, complaint):
    file = tmp_path / "scenario.yml"
    file.write_text(text)

    with pytest.raises(ScenarioError, match=r"scenario\.yml") as caught:
        read_scenario(file, ["BTCUSDT"])

    assert complaint in str(caught.value)


@pytest.mark.processes
def test_a_scenario_happens_at_its_market_times(tmp_path):
    (tmp_path / "scenario.yml").write_text(TIMELINE)
    venue = start(tmp_path, "--speed", "0", "--scenario", str(tmp_path / "scenario.yml"))
    seen = []
    for _ in range(4):
        venue.control("POST", "step")
        status = venue.control("GET", "status")
        seen.append((status["accounts"][0]["positions"], status["faults"], status["symbols"]["BTCUSDT"]["status"]))
    venue.stop()

    held = {"BTCUSDT": "0.1"}
    assert seen == [(held, 0, "TRADING"), (held, 1, "TRADING"), ({}, 1, "TRADING"), ({}, 1, "HALT")]
