import pytest

from engine.signal import Intent, decide


@pytest.mark.parametrize(
    ("intent", "side", "closes", "enters"),
    [
        (Intent.NONE, 0, False, 0),
        (Intent.ENTER_LONG, 0, False, 1),
        (Intent.ENTER_SHORT, 0, False, -1),
        (Intent.ENTER_LONG | Intent.ENTER_SHORT, 0, False, 0),
        (Intent.ENTER_LONG | Intent.EXIT_LONG, 0, False, 0),
        (Intent.ENTER_LONG | Intent.EXIT_SHORT, 0, False, 1),
        (Intent.EXIT_LONG, 1, True, 0),
        (Intent.EXIT_SHORT, 1, False, 0),
        (Intent.ENTER_LONG, 1, False, 0),
        (Intent.ENTER_SHORT, 1, False, 0),
        (Intent.EXIT_LONG | Intent.ENTER_SHORT, 1, True, -1),
        (Intent.EXIT_SHORT | Intent.ENTER_LONG, -1, True, 1),
        (Intent.EXIT_SHORT, -1, True, 0),
    ],
)
def test_what_an_intent_means_while_holding(intent, side, closes, enters):
    assert decide(intent, side) == (closes, enters)
