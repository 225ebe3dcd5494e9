"""A11: what the operator sees, what the engine holds and what the store holds are compared; a difference freezes."""

from __future__ import annotations

from actors.guard import CHECKS_TO_BELIEVE, Guard, State
from engine.machine import Send
from engine.messages import control as ct
from tests.actors.executor_desk import Desk
from tests.actors.test_guard import HOLD, a_guard
from tests.builders import MS, NOW_NS


class Watch:
    """One guard, shown one check after the other."""

    def __init__(self, role: str = "guard") -> None:
        self.machine: Guard = a_guard(role)
        self.state: State = self.machine.start(NOW_NS)[0]
        self.sent: list[Send] = []
        self.renewals = 0

    def see(self, engine: tuple[int, bytes], store: tuple[int, bytes], *, peer_ms: int = 10, times: int = 1) -> None:
        ages = (("executor", 0), ("guard", peer_ms * MS), ("standby_guard", 10 * MS))
        checked = ct.IntegrityChecked(
            engine_sequence=engine[0],
            engine_digest=engine[1],
            store_sequence=store[0],
            store_digest=store[1],
            ages_ns=ages,
        )
        for _ in range(times):
            self.state, effects = self.machine.receive(self.state, checked, NOW_NS)
            self.sent += [effect for effect in effects if isinstance(effect, Send)]
            self.renewals += HOLD in effects


def test_a_difference_that_lasts_a_second_freezes_and_ends_the_lease():
    watch = Watch()

    watch.see((5, b"a"), (5, b"b"), times=CHECKS_TO_BELIEVE - 1)
    assert watch.sent == []
    watch.see((5, b"a"), (5, b"b"))

    freeze = watch.sent[-1].message
    assert (watch.sent[-1].to, type(freeze), freeze.cause) == ("executor", ct.FreezeWanted, "engine and store differ")
    assert watch.renewals == CHECKS_TO_BELIEVE - 1
    watch.see((5, b"a"), (5, b"b"), times=5)
    assert watch.renewals == CHECKS_TO_BELIEVE - 1


def test_a_store_that_stays_behind_freezes_too():
    watch = Watch()

    watch.see((6, b"b"), (5, b"a"), times=CHECKS_TO_BELIEVE)

    assert len(watch.sent) == 1


def test_an_event_on_its_way_is_no_difference():
    watch = Watch()

    for number in range(50):
        watch.see((number + 1, b"old"), (number + 2, b"new"))
        watch.see((number + 2, b"new"), (number + 2, b"new"))

    assert watch.sent == []
    assert watch.renewals == 100


def test_a_difference_freezes_however_fast_events_come():
    """One event in 0.9 s used to begin the count anew for ever."""
    watch = Watch()

    for check in range(CHECKS_TO_BELIEVE):
        watch.see((5 + check // 3, b"%d" % check), (5 + check // 3, b"other"))

    assert len(watch.sent) == 1


def test_an_engine_that_always_lags_freezes_although_it_moves():
    watch = Watch()

    for check in range(3 * CHECKS_TO_BELIEVE):
        watch.see((5 + check // 9, b"a"), (6 + check // 9, b"b"))

    assert watch.sent != []


def test_while_it_differs_the_freeze_is_asked_for_again_each_second():
    """The message may be lost, and a person may reset while the cause is still there."""
    watch = Watch()

    watch.see((5, b"a"), (5, b"b"), times=3 * CHECKS_TO_BELIEVE)
    assert len(watch.sent) == 3

    watch.see((6, b"a"), (6, b"a"), times=CHECKS_TO_BELIEVE)
    assert len(watch.sent) == 3


def test_a_standby_that_looked_on_freezes_at_once_when_the_guard_dies():
    """It used to think that it had asked for the freeze itself."""
    watch = Watch("standby_guard")

    watch.see((5, b"a"), (5, b"b"), times=CHECKS_TO_BELIEVE + 3)
    assert watch.sent == []
    watch.see((5, b"a"), (5, b"b"), peer_ms=400)

    assert len(watch.sent) == 1


def test_an_engine_that_shows_nothing_yet_contradicts_nothing():
    watch = Watch()

    watch.see((0, b""), (5, b"a"), times=3 * CHECKS_TO_BELIEVE)

    assert watch.sent == []


def test_a_frozen_executor_opens_nothing_and_is_frozen_again_after_a_reset():
    desk = Desk().ready()
    freeze = ct.FreezeWanted(cause="engine and store differ", text="x")

    desk.tell(freeze)
    assert (desk.book.breaker.level, desk.book.breaker.cause) == ("RED", "engine and store differ")
    desk.tell(ct.ResetBreaker(reason="looked", operator="anna"))
    assert desk.book.breaker.level == "GREEN"
    desk.tell(freeze)

    assert desk.book.breaker.level == "RED"
