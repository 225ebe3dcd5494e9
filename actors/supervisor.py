"""The supervisor: starts the actors of a tree in order, restarts what dies, ends it when that does not help.

Theory of operation. The next role starts when the one before it has answered. A first death is answered at once, the
next ones after a growing pause; too many in some time, or three lives in a row that ended before they had recovered,
and the tree ends under a panic latch, because something is wrong that a restart does not mend. An actor whose heartbeat
is too old hangs: it is killed, and its death is answered like any other. What happened is told to the executor, which
journals it. An orderly end goes through the roles in reverse order, each in bounded time. Generations count the lives
of a role; a notice about an older life means nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from actors.supervision import Child, Life, State, Supervision, hopeless
from engine.errors import InvariantViolated
from engine.frozen import replace
from engine.machine import Effect, Kill, Note, Publish, Request, Send, Spawn, Step, Stop, WakeAt
from engine.messages.account import CheckLauncher, LatchFailed, LatchRaised, LauncherSeen, LeafLeft, RaiseLatch
from engine.messages.base import Message
from engine.messages.control import (
    ChildExited,
    HeartbeatsRead,
    PanicRaised,
    ReadHeartbeats,
    Spawned,
    StopInstance,
    Undeliverable,
    Woken,
)
from engine.messages.events import ActorChanged

TICK = "tick"
RESTART = "restart:"
STARTING = "STARTING"
ESCALATED = "escalated: "
UNSTARTABLE = "cannot start: "
STORYTELLER = "executor"
LOOKS = (Request(port="launcher", call=CheckLauncher()), Request(port="scoreboard", call=ReadHeartbeats()))


@dataclass(frozen=True, slots=True)
class Supervisor:
    """The machine."""

    rules: Supervision

    def start(self, now_ns: int) -> Step[State]:
        state = State(children={role: Child() for role in self.rules.roles})
        turn = _Turn(self.rules, state, now_ns)
        turn.tick()
        turn.start_next()
        return turn.step()

    def receive(self, state: State, message: Message, now_ns: int) -> Step[State]:
        turn = _Turn(self.rules, state, now_ns)
        match message:
            case HeartbeatsRead(ages_ns=ages_ns):
                turn.on_heartbeats(dict(ages_ns))
            case LauncherSeen(is_alive=is_alive):
                if not is_alive:
                    turn.end("the launcher is gone")
            case Woken(label=label):
                turn.on_woken(label)
            case Spawned(role=role, generation=generation, pid=pid):
                turn.on_spawned(role, generation, pid)
            case ChildExited(role=role, generation=generation):
                turn.on_exit(role, generation)
            case LeafLeft(role=role, generation=generation, reason=reason):
                turn.on_left(role, generation, reason)
            case StopInstance(reason=reason):
                turn.end(reason)
            case PanicRaised():
                turn.forward(message)
            case LatchRaised() | LatchFailed():
                turn.on_latch(message)
            case Undeliverable():
                pass
            case _:
                raise InvariantViolated(f"the supervisor has no use for {message!r}")
        return turn.step()


@dataclass(slots=True)
class _Turn:
    """One message handled."""

    rules: Supervision
    state: State
    now_ns: int
    effects: list[Effect] = field(default_factory=list)

    def step(self) -> Step[State]:
        if not self.effects:
            return self.state, ()  # all is well: nothing new to show
        lives = [child.life for child in self.state.children.values()]
        running = lives.count(Life.RUNNING)
        phase = "STOPPING" if self.state.ending else "RUNNING" if running == len(lives) else STARTING
        shown = Publish(phase=phase, extra={"running": running, "of": len(lives)})
        return self.state, (*self.effects, shown)

    # --- starting ----------------------------------------------------------------------------------------------------

    def start_next(self) -> None:
        """The first role that has not begun, when none before it is still starting."""
        for role, child in self.state.children.items():
            if child.life is Life.WAITING:
                self.spawn(role)
                return
            if child.life is Life.STARTING:
                return

    def spawn(self, role: str) -> None:
        child = self.state.children[role]
        generation, attempts = child.generation + 1, child.attempts + 1
        self.change(role, generation=generation, life=Life.STARTING, since_ns=self.now_ns, pid=0, attempts=attempts)
        self.effects.append(Spawn(role=role, generation=generation))

    def on_woken(self, label: str) -> None:
        if label == TICK:
            self.tick()
        else:
            self.restart(label.removeprefix(RESTART))

    def restart(self, role: str) -> None:
        if self.state.ending is None and self.state.children[role].life is Life.DOWN:
            self.spawn(role)

    def on_spawned(self, role: str, generation: int, pid: int) -> None:
        child = self.state.children[role]
        if child.generation != generation or child.life is not Life.STARTING:
            return
        self.change(role, pid=pid, life=Life.RUNNING, since_ns=self.now_ns, has_run=True, attempts=0)
        self.tell(role, "started" if generation == 1 else "restarted")
        if self.state.ending is None:
            self.start_next()

    # --- dying -------------------------------------------------------------------------------------------------------

    def on_exit(self, role: str, generation: int) -> None:
        child = self.state.children[role]
        if child.generation != generation or child.life is Life.DOWN:
            return
        oldest_ns = self.now_ns - max(window_ns for _, window_ns in self.rules.intensities)
        deaths = tuple(at for at in (*child.deaths, self.now_ns) if at > oldest_ns)
        self.change(role, life=Life.DOWN, since_ns=self.now_ns, deaths=deaths)
        self.tell(role, "ended" if self.state.ending else "died")
        if self.state.ending is not None:
            self.stop_next()
        else:
            self.answer_death(role)

    def answer_death(self, role: str) -> None:
        child = self.state.children[role]
        why = hopeless(self.rules, child, self.now_ns)
        if not why:
            self.restart_after(role, child.deaths_within(self.rules.intensities[0][1], self.now_ns) - 1)
        elif child.has_run:
            self.escalate(role, why)
        else:
            self.end(f"{UNSTARTABLE}{role} {why}")

    def restart_after(self, role: str, earlier_deaths: int) -> None:
        if earlier_deaths == 0:
            self.spawn(role)
            return
        pause_ns = self.rules.backoff_ns * 2 ** (earlier_deaths - 1)
        self.effects.append(WakeAt(at_ns=self.now_ns + pause_ns, label=f"{RESTART}{role}"))

    def escalate(self, role: str, why: str) -> None:
        """To a person: trading ends under a panic that only somebody who has looked takes away."""
        reason = f"{ESCALATED}{role} {why}; see logs/{self.rules.instance}/{role}.log, mend it, start, reset"
        self.effects.append(Note(level="CRITICAL", text=reason))
        if self.rules.escalates_to_panic:
            latch = RaiseLatch(scope=self.rules.instance, reason=reason)
            until_ns = self.now_ns + self.rules.latch_limit_ns
            self.state = replace(self.state, unlatched=latch, latch_until_ns=until_ns)
            self.latch()
        self.end(reason)

    def latch(self) -> None:
        if self.state.unlatched is not None:
            self.effects.append(Request(port="latch", call=self.state.unlatched))

    def on_latch(self, message: LatchRaised | LatchFailed) -> None:
        """A refused one is tried again with every tick, for the next start would trade without it."""
        if isinstance(message, LatchFailed):
            text = f"the panic latch is NOT on disk, tried again: {message.text}"
            self.effects.append(Note(level="CRITICAL", text=text))
            return
        self.state = replace(self.state, unlatched=None)
        self.go_on_ending()

    def on_left(self, role: str, generation: int, reason: str) -> None:
        """An actor that ends itself in order ends the tree, unless that is ending already."""
        child = self.state.children[role]
        if child.generation != generation or self.state.ending is not None:
            return
        self.change(role, life=Life.DYING, since_ns=self.now_ns)
        self.end(f"{role}: {reason}")

    # --- watching ----------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        self.effects.append(WakeAt(at_ns=self.now_ns + self.rules.tick_ns, label=TICK))
        self.effects.extend(LOOKS)
        for role in self.state.children:  # of now: whatever is done replaces the children, it does not change them
            self.check_time(role)
        self.latch()
        self.go_on_ending()

    def check_time(self, role: str) -> None:
        child = self.state.children[role]
        if child.life is Life.RUNNING:
            return
        lasted_ns = self.now_ns - child.since_ns
        if child.life is Life.DYING and lasted_ns > self.rules.stop_limit_ns:
            self.kill(role, "did not end in time")
        elif child.life is Life.KILLED and lasted_ns > self.rules.kill_limit_ns:
            self.on_exit(role, child.generation)

    def on_heartbeats(self, ages_ns: Mapping[str, int]) -> None:
        """A child that starts may take long as long as it beats: the longer its journal, the longer its recovery."""
        hang_ns = self.rules.hang_ns
        for role, child in self.state.children.items():  # of now, as in `tick`
            lasted_ns = self.now_ns - child.since_ns
            if lasted_ns <= hang_ns or ages_ns.get(role, lasted_ns) <= hang_ns:
                continue
            if child.life is Life.RUNNING:
                self.kill(role, "hangs")
            elif child.life is Life.STARTING and lasted_ns > self.rules.boot_limit_ns:
                self.kill(role, "did not start in time")

    def kill(self, role: str, why: str) -> None:
        self.change(role, life=Life.KILLED, since_ns=self.now_ns)
        self.effects.append(Kill(role=role, generation=self.state.children[role].generation))
        self.tell(role, f"killed: {why}")

    # --- ending ------------------------------------------------------------------------------------------------------

    def end(self, reason: str) -> None:
        if self.state.ending is not None:
            return
        self.state = replace(self.state, ending=reason)
        self.effects.append(Note(level="INFO", text=f"ending: {reason}"))
        self.stop_next()

    def go_on_ending(self) -> None:
        if self.state.ending is not None:
            self.stop_next()

    def stop_next(self) -> None:
        """The last role that still lives is asked to end; when none lives, so does the tree."""
        alive = [role for role, child in self.state.children.items() if child.life not in (Life.WAITING, Life.DOWN)]
        if not alive and self.state.unlatched is not None and self.now_ns < self.state.latch_until_ns:
            return
        if not alive:
            self.effects.append(Stop(reason=self.state.ending or "ended"))
            return
        role = alive[-1]
        child = self.state.children[role]
        if child.life is Life.STARTING:
            self.kill(role, "the tree ends")
        elif child.life is Life.RUNNING:
            self.change(role, life=Life.DYING, since_ns=self.now_ns)
            self.effects.append(Send(to=role, message=StopInstance(reason=self.state.ending or "")))

    # --- telling -----------------------------------------------------------------------------------------------------

    def tell(self, role: str, what: str) -> None:
        child = self.state.children[role]
        news = ActorChanged(role=role, what=what, generation=child.generation, pid=child.pid)
        self.effects.append(Note(level="INFO", text=f"{role} (generation {child.generation}, pid {child.pid}): {what}"))
        if STORYTELLER in self.state.children:
            self.state = replace(self.state, untold=(*self.state.untold, news))
            self.tell_all()

    def tell_all(self) -> None:
        teller = self.state.children.get(STORYTELLER)
        if teller is not None and teller.life is Life.RUNNING and self.state.ending is None:
            self.effects.extend(Send(to=STORYTELLER, message=news) for news in self.state.untold)
            self.state = replace(self.state, untold=())

    def forward(self, message: Message) -> None:
        self.effects.append(Send(to=STORYTELLER, message=message))

    def change(self, role: str, **fields: object) -> None:
        child = replace(self.state.children[role], **fields)  # type: ignore[arg-type]
        self.state = replace(self.state, children={**self.state.children, role: child})
