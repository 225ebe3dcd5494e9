"""After a fill the executor has the exchange read again (C9, E5), and only then."""

from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.signal import Intent
from tests.actors.executor_desk import Desk


def wanted(desk: Desk) -> list[ct.ReconcileNow]:
    """What the reconciler was asked for because of fills."""
    asked = [one.message for one in desk.sent if isinstance(one.message, ct.ReconcileNow)]
    return [one for one in asked if one.reason == "filled"]


def test_an_entry_that_is_filled_is_looked_after_when_its_stop_can_be_there():
    desk = Desk().ready()
    assert wanted(desk) == []

    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(100)

    assert desk.exchange.fills
    [asked] = wanted(desk)
    assert not asked.is_urgent
    assert 0 < asked.settles_ms <= 1_000


def test_what_is_known_already_is_not_looked_after_again():
    desk = Desk().ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(1_000)
    before = len(wanted(desk))

    for fill in desk.exchange.fills:
        desk.tell(ex.FillReceived(fill=fill))
    desk.tell(ex.FillsFetched(fills=tuple(desk.exchange.fills)))

    assert len(wanted(desk)) == before == 1
