"""The supervisor as a machine: restarts, escalation, hangs and the orderly end, without one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from actors.supervision import SECOND, Life, State, Supervision
from actors.supervisor import Supervisor
from engine.machine import Effect, Kill, Request, Send, Spawn, Stop, WakeAt
from engine.messages.account import CheckLauncher, LauncherSeen, LeafLeft, RaiseLatch
from engine.messages.base import Message
from engine.messages.control import ChildExited, HeartbeatsRead, Spawned, StopInstance, Woken
from engine.messages.events import ActorChanged

EffectT = TypeVar("EffectT")
ROLES = ("executor", "guard", "data")


class Tree:
    """A supervisor with obedient children: everything spawned runs at once, unless `is_slow`."""

    def __init__(self, *, is_slow: bool = False, roles: tuple[str, ...] = ROLES) -> None:
        self.machine = Supervisor(Supervision(roles=roles, instance="live-1"))
        self.now_ns = 1_000 * SECOND
        self.is_slow = is_slow
        self.effects: list[Effect] = []
        self.state, effects = self.machine.start(self.now_ns)
        self._take(effects)

    def tell(self, message: Message) -> None:
        self.state, effects = self.machine.receive(self.state, message, self.now_ns)
        self._take(effects)

    def pass_s(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND)

    def die(self, role: str) -> None:
        self.tell(ChildExited(role=role, generation=self.state.children[role].generation))

    def of(self, kind: Callable[..., EffectT]) -> list[EffectT]:
        return [effect for effect in self.effects if isinstance(effect, kind)]  # type: ignore[arg-type]

    def spawned(self, role: str) -> list[int]:
        return [spawn.generation for spawn in self.of(Spawn) if spawn.role == role]

    def _take(self, effects: tuple[Effect, ...]) -> None:
        self.effects.extend(effects)
        for effect in effects:
            if isinstance(effect, Spawn) and not self.is_slow:
                self.tell(Spawned(role=effect.role, generation=effect.generation, pid=100 + effect.generation))


def lives(state: State) -> list[Life]:
    return [child.life for child in state.children.values()]


def test_the_next_role_starts_when_the_one_before_has_answered() -> None:
    tree = Tree(is_slow=True)
    assert [spawn.role for spawn in tree.of(Spawn)] == ["executor"]

    tree.tell(Spawned(role="executor", generation=1, pid=7))

    assert [spawn.role for spawn in tree.of(Spawn)] == ["executor", "guard"]


def test_a_first_death_is_answered_at_once() -> None:
    tree = Tree()

    tree.die("guard")

    assert tree.spawned("guard") == [1, 2]


def test_the_same_death_told_twice_starts_one_replacement() -> None:
    tree = Tree()

    tree.tell(ChildExited(role="guard", generation=1))
    tree.tell(ChildExited(role="guard", generation=1))

    assert tree.spawned("guard") == [1, 2]


def test_later_deaths_wait_longer_and_longer() -> None:
    tree = Tree()
    tree.die("guard")
    tree.die("guard")
    assert tree.spawned("guard") == [1, 2]
    wishes = [wake for wake in tree.of(WakeAt) if wake.label == "restart:guard"]

    tree.tell(Woken(label="restart:guard"))
    tree.die("guard")

    wishes = [wake.at_ns - tree.now_ns for wake in tree.of(WakeAt) if wake.label == "restart:guard"]
    assert tree.spawned("guard") == [1, 2, 3]
    assert wishes == [100_000_000, 200_000_000]


def test_too_many_deaths_end_the_instance_under_its_panic_latch() -> None:
    tree = Tree()

    for _ in range(6):
        tree.die("guard")
        tree.tell(Woken(label="restart:guard"))

    latches = [request.call for request in tree.of(Request) if isinstance(request.call, RaiseLatch)]
    assert [latch.scope for latch in latches] == ["live-1"]
    assert tree.state.ending is not None
    assert "guard died 6 times" in tree.state.ending
    assert Send(to="data", message=StopInstance(reason=tree.state.ending)) in tree.effects


def test_a_role_that_never_ran_ends_the_tree_without_panic() -> None:
    tree = Tree(is_slow=True)

    for _ in range(3):
        tree.die("executor")
        tree.tell(Woken(label="restart:executor"))

    assert tree.state.ending == "cannot start: executor died 3 times before it ran"
    assert [request.call for request in tree.of(Request) if isinstance(request.call, RaiseLatch)] == []


def test_deaths_far_apart_do_not_add_up() -> None:
    tree = Tree()

    for _ in range(20):
        tree.pass_s(31)
        tree.die("guard")

    assert tree.state.ending is None


def test_an_actor_without_heartbeat_is_killed_once_and_restarted() -> None:
    tree = Tree()
    tree.pass_s(10)

    tree.tell(HeartbeatsRead(ages_ns=(("guard", 4 * SECOND), ("data", 0), ("executor", 0))))
    tree.tell(HeartbeatsRead(ages_ns=(("guard", 5 * SECOND), ("data", 0), ("executor", 0))))
    assert tree.of(Kill) == [Kill(role="guard", generation=1)]

    tree.die("guard")
    assert tree.spawned("guard") == [1, 2]


def test_a_fresh_life_is_not_judged_by_the_heartbeat_of_the_last_one() -> None:
    tree = Tree()
    tree.pass_s(10)
    tree.die("guard")

    tree.tell(HeartbeatsRead(ages_ns=(("guard", 9 * SECOND), ("data", 0), ("executor", 0))))

    assert tree.of(Kill) == []


def test_a_role_that_never_wrote_a_heartbeat_hangs_too() -> None:
    tree = Tree()
    tree.pass_s(10)

    tree.tell(HeartbeatsRead(ages_ns=(("data", 0), ("executor", 0))))

    assert tree.of(Kill) == [Kill(role="guard", generation=1)]


def test_a_child_that_does_not_start_in_time_is_killed() -> None:
    tree = Tree(is_slow=True)
    tree.pass_s(31)

    tree.tell(HeartbeatsRead(ages_ns=(("executor", 30 * SECOND),)))

    assert tree.of(Kill) == [Kill(role="executor", generation=1)]


def test_a_child_that_beats_while_it_starts_has_all_the_time_its_journal_takes() -> None:
    tree = Tree(is_slow=True)
    tree.pass_s(100)

    tree.tell(HeartbeatsRead(ages_ns=(("executor", SECOND),)))

    assert tree.of(Kill) == []


def test_a_lost_notice_of_a_killed_childs_end_does_not_hold_the_restart() -> None:
    tree = Tree()
    tree.pass_s(10)
    tree.tell(HeartbeatsRead(ages_ns=(("guard", 4 * SECOND), ("data", 0), ("executor", 0))))
    tree.pass_s(3)

    tree.tell(Woken(label="tick"))

    assert tree.spawned("guard") == [1, 2]


def test_the_story_is_told_to_the_executor_even_of_its_own_death() -> None:
    tree = Tree()

    tree.die("executor")

    told = [send.message for send in tree.of(Send) if send.to == "executor"]
    assert [(one.role, one.what) for one in told if isinstance(one, ActorChanged)] == [
        ("executor", "started"),
        ("guard", "started"),
        ("data", "started"),
        ("executor", "died"),
        ("executor", "restarted"),
    ]


def test_an_orderly_end_goes_backwards_one_at_a_time_and_then_ends_the_tree() -> None:
    tree = Tree()
    tree.effects.clear()

    tree.tell(StopInstance(reason="enough"))
    order = []
    for _ in ROLES:
        order.append(tree.of(Send)[-1].to)
        tree.die(order[-1])

    assert order == ["data", "guard", "executor"]
    assert tree.of(Stop) == [Stop(reason="enough")]
    assert tree.of(Spawn) == []


def test_who_does_not_end_in_time_is_killed() -> None:
    tree = Tree()
    tree.tell(StopInstance(reason="enough"))
    tree.pass_s(2.1)

    tree.tell(Woken(label="tick"))

    assert tree.of(Kill) == [Kill(role="data", generation=1)]


def test_an_actor_that_ends_itself_in_order_ends_the_tree() -> None:
    tree = Tree()

    tree.tell(LeafLeft(role="executor", generation=1, reason="the run is over"))
    for role in ("executor", "data", "guard"):
        tree.die(role)

    assert tree.of(Stop) == [Stop(reason="executor: the run is over")]
    assert tree.spawned("executor") == [1]


def test_without_its_launcher_the_tree_ends() -> None:
    tree = Tree()

    tree.tell(LauncherSeen(is_alive=True))
    assert tree.state.ending is None
    tree.tell(LauncherSeen(is_alive=False))

    assert tree.state.ending == "the launcher is gone"


def test_each_tick_looks_at_launcher_and_heartbeats_and_asks_for_the_next() -> None:
    tree = Tree()
    tree.effects.clear()

    tree.tell(Woken(label="tick"))

    assert Request(port="launcher", call=CheckLauncher()) in tree.effects
    assert [wake.label for wake in tree.of(WakeAt)] == ["tick"]


def test_a_tree_that_ends_while_it_starts_starts_nothing_more() -> None:
    tree = Tree(is_slow=True)

    tree.tell(StopInstance(reason="never mind"))
    tree.die("executor")

    assert tree.of(Kill) == [Kill(role="executor", generation=1)]
    assert tree.of(Stop) == [Stop(reason="never mind")]
    assert lives(tree.state) == [Life.DOWN, Life.WAITING, Life.WAITING]
