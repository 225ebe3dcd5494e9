"""Reconciler: reads the exchange's truth, shows it to the executor, judges whether the two agree.

One round: snapshot from the exchange → executor takes it in and answers with its view → compare → verdict. A difference
counts only when one of its kind stands in three rounds with nothing in flight: orders on their way and a replica of the
exchange that lags for a second are no false alarm. Until then nothing is opened: whoever doubts does not trade.
An exchange that answered what cannot be is doubted until its answers have made sense for a while.
On an account that many instances share, rounds in which nothing is in doubt may be light (`actors.pace`). Who cannot
pay for a whole reading takes a light one; who holds something and has seen nothing for long pays it out of the reserve.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from actors import failed_reading, pace
from engine import account_drift, reconcile
from engine.account_drift import Explained, Watch
from engine.frozen import replace
from engine.machine import Effect, Note, Publish, Request, Send, Step, WakeAt
from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.messages.account import ReadSharers, SharersRead
from engine.messages.base import Message
from engine.messages.budget import BudgetGranted
from engine.reconcile import Difference, Verdict
from engine.safety.limits import Limits

MS = 1_000_000
SOON_MS = 300  # after something was in flight; the longer it is, the rarer
CONFIRM_MS = 700  # between the rounds that confirm or clear a suspicion
ANSWER_MS = 2_000  # the executor's answer is awaited so long before the round is given up
FIRST_LOOK_BACK_NS = 24 * 3_600 * 1_000_000_000
ROUNDS_TO_BELIEVE = 3
FAILURES_TO_WARN = 3
SOONER = 4  # times as often a whole reading, where one is wanted; with each look it would cost all the budget


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`snapshot` is the one whose comparison is awaited, `asked_at_ns` when this round began (None: resting),
    `hurried_ns` when one that was asked for out of turn is due. `is_urgent` until a reading has come that was asked for
    as urgently (`asked_urgently`): one that was on its way before is none.

    `full_at_ns` is when the newest whole reading was made, `is_proven` whether anything followed from it: nobody may
    have answered, or what was in flight have hidden the rest.
    `nonsense` is what the newest answer that could not be said. `share` is what the limiter lets us count on;
    `is_broke`: the newest reading could not be paid. `holds` is whether there is anything that a stop must cover.
    """

    asked_at_ns: int | None = None
    began_at_ns: int = 0
    hurried_ns: int = 0
    snapshot: ex.AccountSnapshot | None = None
    fills_since_ns: int = 0
    suspicions: int = 0
    suspected: frozenset[str] = frozenset()
    failures: int = 0
    in_flight_since_ns: int | None = None
    again: bool = False
    is_urgent: bool = True
    asked_urgently: bool = False
    explained: Explained | None = None
    account: Watch = Watch()
    verdict: str = "UNKNOWN"
    nonsense: str = ""
    nonsense_at_ns: int = 0
    share: int = 0
    full_at_ns: int = 0
    is_proven: bool = False
    read_at_ns: int = 0
    is_broke: bool = False
    holds: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """The machine of role `reconciler`."""

    instance: str
    symbol: str
    limits: Limits
    owns_wallet: bool
    has_sharers: bool = False
    epsilon: Decimal = Decimal("0.00000100")

    def start(self, now_ns: int) -> Step[State]:
        state = State(fills_since_ns=now_ns - FIRST_LOOK_BACK_NS)
        return state, (WakeAt(at_ns=now_ns, label="round"), Publish(phase="STARTING"))

    def receive(self, state: State, message: Message, now_ns: int) -> Step[State]:
        match message:
            case ct.Woken():
                return self._begin(state, now_ns)
            case BudgetGranted(share=share):
                return replace(state, share=share), ()
            case ct.ReconcileNow(is_urgent=True, settles_ms=settles_ms):
                return self._hurry(replace(state, is_urgent=True, asked_urgently=False), settles_ms, now_ns)
            case ct.ReconcileNow(settles_ms=settles_ms):
                return self._hurry(state, settles_ms, now_ns)
            case ex.SnapshotTaken(snapshot=snapshot, clock_offset_ns=offset_ns):
                return self._forward(state, snapshot, offset_ns)
            case SharersRead(total=total, down=down):
                return replace(state, explained=Explained(total=total, down=down)), ()
            case ex.ExchangeUnavailable() as refusal:
                return self._failed(state, refusal, now_ns)
            case ct.ViewReported() as view:
                return self._judge(state, view, now_ns)
            case _:
                return state, (Note(level="DEBUG", text=f"nothing to do for {type(message).__name__}"),)

    def _begin(self, state: State, now_ns: int) -> Step[State]:
        if state.asked_at_ns is not None and now_ns - state.asked_at_ns < ANSWER_MS * MS:
            return state, (WakeAt(at_ns=state.asked_at_ns + ANSWER_MS * MS, label="round"),)
        call = ex.TakeSnapshot(
            symbol=self.symbol,
            fills_since_ns=state.fills_since_ns,
            is_urgent=state.is_urgent or self._is_blind(state, now_ns),
            is_light=state.is_broke or self._may_be_light(state, now_ns),
        )
        state = replace(
            state,
            asked_at_ns=now_ns,
            began_at_ns=now_ns,
            hurried_ns=0,
            snapshot=None,
            again=False,
            asked_urgently=state.is_urgent,
        )
        return state, (Request(port="exchange", call=call), WakeAt(at_ns=now_ns + ANSWER_MS * MS, label="round"))

    def _may_be_light(self, state: State, now_ns: int) -> bool:
        """Whoever is in doubt looks at everything; whose newest look at everything proved nothing does so sooner."""
        is_calm = not (state.is_urgent or state.nonsense or _doubts(state))
        is_odd = not state.is_proven or account_drift.is_in_doubt(state.account, self.epsilon)
        since_full_ms = (now_ns - state.full_at_ns) // MS
        return is_calm and pace.may_be_light(state.share, since_full_ms * (SOONER if is_odd else 1))

    def _is_blind(self, state: State, now_ns: int) -> bool:
        """It holds something, and nobody knows any more whether its stop still rests."""
        is_old = now_ns - state.read_at_ns >= self.limits.reconciliation_valid_ms * MS
        return state.is_broke and state.holds and is_old

    def _forward(self, state: State, snapshot: ex.AccountSnapshot, offset_ns: int) -> Step[State]:
        word = ct.SnapshotForwarded(snapshot=snapshot, clock_offset_ns=offset_ns)
        forward = Send(to="executor", message=word)
        still_urgent = state.is_urgent and not state.asked_urgently
        read_at_ns = snapshot.started_at_ns
        state = replace(
            state, snapshot=snapshot, failures=0, is_urgent=still_urgent, is_broke=False, read_at_ns=read_at_ns
        )
        if snapshot.is_light:
            return state, (forward,)
        asked = (Request(port="sharers", call=ReadSharers()),) if self.has_sharers else ()
        return replace(state, full_at_ns=snapshot.started_at_ns, is_proven=False), (*asked, forward)

    def _hurry(self, state: State, settles_ms: int, now_ns: int) -> Step[State]:
        """When what is to be seen has settled; on a crowded account not too soon after the last round. Else again right
        after this one."""
        if state.asked_at_ns is not None:
            return replace(state, again=True), ()
        rest_ms = 0 if state.is_urgent else pace.rest_ms(state.share, (now_ns - state.began_at_ns) // MS)
        due_ns = now_ns + max(rest_ms, settles_ms) * MS
        if due_ns == now_ns:
            return self._begin(state, now_ns)
        if now_ns < state.hurried_ns <= due_ns:
            return state, ()  # one is due before that: many small fills must not put it off
        return replace(state, hurried_ns=due_ns), (WakeAt(at_ns=due_ns, label="round"),)

    def _judge(self, state: State, view: ct.ViewReported, now_ns: int) -> Step[State]:
        snapshot = state.snapshot
        if snapshot is None or view.snapshot_started_at_ns != snapshot.started_at_ns:
            return state, ()  # the view of a round given up
        holds = bool(view.position_quantity or view.open_orders)
        state = replace(state, fills_since_ns=view.fills_since_ns, asked_at_ns=None, holds=holds)
        differences = reconcile.compare(
            view, snapshot, instance=self.instance, owns_wallet=self.owns_wallet, epsilon=self.epsilon
        )
        state, drift = self._look_at_account(state, snapshot)
        if view.in_flight and differences:
            return self._wait(state, now_ns)
        state = replace(state, is_proven=state.is_proven or not snapshot.is_light)
        if drift and not differences:
            return self._settled(state, reconcile.worst(drift), drift, now_ns)
        if not differences and snapshot.is_light and _doubts(state):
            return self._undecided(state, now_ns)
        if not differences:
            return self._agreed(state, now_ns)
        kinds = frozenset(difference.kind for difference in differences)
        rounds = state.suspicions + 1 if kinds & state.suspected else 1
        state = replace(state, suspicions=rounds, suspected=kinds)
        if rounds < ROUNDS_TO_BELIEVE:
            return self._suspect(state, differences, now_ns)
        return self._settled(state, reconcile.worst(differences), differences, now_ns)

    def _undecided(self, state: State, now_ns: int) -> Step[State]:
        """It could not pay for a whole reading: what a light one does not show it does not clear."""
        wake = _wake(now_ns, self._next_ms(state))
        return replace(state, again=False, in_flight_since_ns=None), (wake,)

    def _agreed(self, state: State, now_ns: int) -> Step[State]:
        """Nothing differs. Of what made no sense (the status of a stop, say) this snapshot may only have had none."""
        if state.nonsense and now_ns - state.nonsense_at_ns < self.limits.quiet_ms * MS:
            state = replace(state, suspicions=0, suspected=frozenset(), in_flight_since_ns=None)
            return self._tell(state, Verdict.WARNING, (self._doubt(state),), now_ns)
        return self._settled(replace(state, nonsense=""), Verdict.HEALTHY, (), now_ns)

    def _doubt(self, state: State) -> str:
        until = f"nothing is opened until it has made sense for {self.limits.quiet_ms // 1_000} s"
        return f"the exchange answered what cannot be, {until}: {state.nonsense}"

    def _look_at_account(self, state: State, snapshot: ex.AccountSnapshot) -> tuple[State, tuple[Difference, ...]]:
        """Of an account that instances share: is its balance explained by all of them? A light reading has none, and
        what was found stands."""
        if state.explained is None:
            return state, ()
        if snapshot.is_light:
            return state, account_drift.drift(state.account, state.explained, self.epsilon)
        watch = account_drift.looked(state.account, snapshot.wallet_balance, state.explained, self.epsilon)
        return replace(state, account=watch), account_drift.drift(watch, state.explained, self.epsilon)

    def _suspect(self, state: State, differences: tuple[Difference, ...], now_ns: int) -> Step[State]:
        texts = tuple(f"to be confirmed: {difference.text}" for difference in differences)
        return self._tell(state, Verdict.WARNING, texts, now_ns, CONFIRM_MS)

    def _wait(self, state: State, now_ns: int) -> Step[State]:
        """Something is on its way: no verdict, unless it is on its way for too long."""
        since = state.in_flight_since_ns or now_ns
        state = replace(state, in_flight_since_ns=since, suspicions=0, suspected=frozenset())
        if now_ns - since < self.limits.reconciliation_valid_ms * MS:
            return state, (_wake(now_ns, self._patience_ms(now_ns - since)),)
        return self._tell(state, Verdict.WARNING, ("orders have been in flight for too long",), now_ns)

    def _patience_ms(self, in_flight_ns: int) -> int:
        """Half as long again as it took so far: three looks in a second would use up the account's request budget, and
        who then has to recover could not even read what it holds."""
        return max(SOON_MS, min(in_flight_ns // (2 * MS), self.limits.reconcile_every_ms))

    def _settled(self, state: State, verdict: Verdict, differences: tuple[Difference, ...], now_ns: int) -> Step[State]:
        if not differences:
            state = replace(state, suspicions=0, suspected=frozenset())
        state = replace(state, in_flight_since_ns=None)
        told = tuple(difference.text for difference in differences if difference.severity is verdict)
        return self._tell(state, verdict, told, now_ns)  # what is only a warning does not halt, and is not said to

    def _tell(
        self, state: State, verdict: Verdict, texts: tuple[str, ...], now_ns: int, next_ms: int | None = None
    ) -> Step[State]:
        word = ct.Reconciled(state=verdict.value, differences=texts, compared_at_ns=now_ns)
        effects: tuple[Effect, ...] = (
            Send(to="executor", message=word),
            Publish(phase=verdict.value, extra={"differences": list(texts), "compared_at_ns": now_ns}),
            _wake(now_ns, next_ms or self._next_ms(state)),
        )
        return replace(state, again=False, verdict=verdict.value), effects

    def _failed(self, state: State, refusal: ex.ExchangeUnavailable, now_ns: int) -> Step[State]:
        failures = state.failures + 1
        is_broke = refusal.kind == ex.RATE_LIMITED
        state = replace(state, failures=failures, asked_at_ns=None, snapshot=None, is_broke=is_broke)
        wait = _wake(now_ns, self._pause_ms(failures, refusal.retry_after_ms))
        said: tuple[Effect, ...] = (
            Note(level="WARNING", text=f"no snapshot: {refusal.text}"),
            *failed_reading.told(refusal),
        )
        text = f"the exchange cannot be read: {refusal.text}"
        if refusal.kind == ex.NONSENSE:
            state = replace(state, nonsense=refusal.text, nonsense_at_ns=now_ns)
            text = self._doubt(state)
        elif failures < FAILURES_TO_WARN:
            return state, (*said, wait)
        state, effects = self._tell(state, Verdict.WARNING, (text,), now_ns)
        return state, (*said, *effects, wait)

    def _pause_ms(self, failures: int, retry_after_ms: int) -> int:
        """As long as the answer says, or longer each time; never longer than between rounds that succeed."""
        return min(retry_after_ms or 1_000 * 2 ** min(failures, 4), self.limits.reconcile_every_ms)

    def _next_ms(self, state: State) -> int:
        if not state.again:
            return self._every_ms(state)
        return SOON_MS if state.is_urgent else max(SOON_MS, pace.rest_ms(state.share, 0))

    def _every_ms(self, state: State) -> int:
        return pace.every_ms(state.share, self.limits.reconcile_every_ms)


def _doubts(state: State) -> bool:
    """It has seen what did not agree, and no whole reading has agreed since."""
    return bool(state.suspicions) or state.verdict == Verdict.CRITICAL


def _wake(now_ns: int, after_ms: int) -> WakeAt:
    return WakeAt(at_ns=now_ns + after_ms * MS, label="round")
