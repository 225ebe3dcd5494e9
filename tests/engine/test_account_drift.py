"""The balance of a shared account against all who trade on it: what stands still and nobody explains is drift."""

from __future__ import annotations

from engine import account_drift
from engine.account_drift import Explained, Watch
from engine.reconcile import Verdict
from tests.builders import D

EPSILON = D("0.000001")


def after(*looks, down=()):
    """(wallet, explained) by turns; what is found at the last."""
    watch, explained = Watch(), Explained(total=D(0))
    for wallet, total in looks:
        explained = Explained(total=D(total), down=down)
        watch = account_drift.looked(watch, D(wallet), explained, EPSILON)
    return account_drift.drift(watch, explained, EPSILON)


AT_REST = [(10_000, 0)] * 3


def test_profits_that_somebody_explains_are_no_drift():
    assert after(*AT_REST, (10_050, 50), (10_040, 40), (10_040, 40), (10_040, 40)) == ()


def test_a_fill_that_one_side_knows_first_is_no_drift():
    assert after(*AT_REST, (10_050, 0), (10_050, 0), (10_050, 50)) == ()


def test_money_nobody_explains_is_critical_when_it_stands_still():
    assert after(*AT_REST, (9_975, 0), (9_975, 0)) == ()

    (found,) = after(*AT_REST, (9_975, 0), (9_985, 10), (9_985, 10))

    assert (found.severity, "moved by -25" in found.text) == (Verdict.CRITICAL, True)


def test_while_a_holder_is_down_it_is_a_warning_that_names_it():
    (found,) = after(*AT_REST, *[(9_975, 0)] * 3, down=("live-2",))

    assert (found.severity, "live-2 holds a position and is down" in found.text) == (Verdict.WARNING, True)


def test_before_anything_stood_still_nothing_is_known():
    assert after((1, 0), (2, 0), (3, 0), (4, 0)) == ()
