"""The guard: who may vouch, and how the host fares. What it compares: `test_guard_compares`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actors.guard import Guard
from actors.simulator import AT_EASE
from engine.machine import Publish, Request, Send, WakeAt
from engine.messages import control as ct
from engine.messages.host import HostRead, ReadHost
from engine.safety.limits import Limits
from tests.actors.executor_desk import Desk
from tests.builders import MS, NOW_NS

AGES = (("executor", 0), ("guard", 10 * MS), ("standby_guard", 10 * MS))


def a_guard(role="guard"):
    peer = "standby_guard" if role == "guard" else "guard"
    return Guard(role=role, peer=peer, is_standby=role != "guard", watched=("executor",), limits=Limits())


def checked(ages=AGES):
    return ct.IntegrityChecked(
        engine_sequence=1, engine_digest=b"1", store_sequence=1, store_digest=b"1", ages_ns=tuple(ages)
    )


def effects_of(machine, *messages):
    state, found = machine.start(NOW_NS)
    for message in messages:
        state, effects = machine.receive(state, message, NOW_NS)
        found = (*found, *effects)
    return found


HOLD = Request(port="scoreboard", call=ct.HoldGuardLease(valid_for_ns=Limits().guard_lease_ms * MS))


@pytest.mark.parametrize(
    ("ages", "holds"),
    [
        (AGES, True),
        ([("executor", 2_900 * MS)], True),
        ([("executor", 3_000 * MS)], False),
        ([("executor", 3_600_000 * MS)], False),
        ([], False),
    ],
)
def test_a12_a_guard_vouches_only_while_everybody_watched_beats(ages, holds):
    assert (HOLD in effects_of(a_guard(), checked(ages))) is holds


@pytest.mark.parametrize(("peer_ms", "holds"), [(0, False), (290, False), (300, True), (3_600_000, True)])
def test_a12_the_standby_vouches_as_soon_as_the_guard_is_silent(peer_ms, holds):
    seen = checked([("executor", 0), ("guard", peer_ms * MS)])

    assert (HOLD in effects_of(a_guard("standby_guard"), seen)) is holds


def test_the_host_is_read_once_a_second():
    effects = effects_of(a_guard(), ct.Woken(label="host"))

    assert Request(port="host", call=ReadHost()) in effects
    assert WakeAt(at_ns=NOW_NS + 1_000 * MS, label="host") in effects


def test_the_guard_on_duty_tells_the_executor_and_shows_it():
    effects = effects_of(a_guard(), checked(), AT_EASE, checked())

    assert Send(to="executor", message=AT_EASE) in effects
    shown = [effect.extra for effect in effects if isinstance(effect, Publish) and effect.extra]
    assert shown[-1]["host"]["disk_free_bytes"] == AT_EASE.disk_free_bytes


def test_the_standby_keeps_silent_while_the_guard_lives():
    told = [e for e in effects_of(a_guard("standby_guard"), checked(), AT_EASE) if isinstance(e, Send)]
    assert told == []

    dead = checked([("executor", 0), ("guard", 400 * MS)])
    assert Send(to="executor", message=AT_EASE) in effects_of(a_guard("standby_guard"), dead, AT_EASE)


def test_a_full_disk_halts_the_executor_and_a_reset_is_refused_while_it_is_full():
    desk = Desk().ready()
    desk.tell(replace(AT_EASE, disk_free_bytes=1))
    desk.run(200)

    assert (desk.book.breaker.level, desk.book.breaker.cause) == ("RED", "disk")
    assert "disk stands" in answer_to_reset(desk)

    desk.tell(AT_EASE)
    assert "reset by anna" in answer_to_reset(desk)
    assert desk.book.breaker.level == "GREEN"


def test_a_busy_host_is_yellow_for_as_long_as_it_is_busy():
    desk = Desk().ready()
    busy: HostRead = replace(AT_EASE, load_per_core=30.0)
    desk.tell(busy)
    desk.run(200)
    assert desk.book.breaker.level == "YELLOW"

    desk.tell(AT_EASE)
    desk.run(31_000)
    assert desk.book.breaker.level == "GREEN"


def answer_to_reset(desk):
    desk.tell(ct.ResetBreaker(reason="looked", operator="anna"))
    return [one.message.text for one in desk.sent if isinstance(one.message, ct.CommandAnswered)][-1]
