"""The line to the exchange: budget and gate on our side, then a network that loses, delays and repeats.

The rules are those of `actors.shell.exchange_desk`: an order passes the gate or is denied at once, a read waits a while
for budget, and nothing leaves unpaid.
"""

from __future__ import annotations

from dataclasses import replace

from actors.shell.budget_keeper import cost_of
from actors.shell.exchange_desk import denied, unpaid
from actors.shell.gatekeeper import overtakes
from actors.shell.latch import GLOBAL
from actors.shell.tree import ACCOUNT
from actors.simulator import post, streams
from actors.simulator.agenda import MS
from actors.simulator.lives import Life
from actors.simulator.stage import SimulatedTree, Stage
from engine.messages import account as ac
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.messages.budget import UsageReported
from engine.safety import gate

TIME_OUT_NS = 3_000 * MS
BUDGET_LIMIT_NS = 2_000 * MS
BUDGET_LOOK_NS = 100 * MS


def ask(tree: SimulatedTree, life: Life, call: Message) -> None:
    """One call of one life."""
    if isinstance(call, ex.PlaceOrder):
        _ask_for_an_order(tree, life, call)
    else:
        _pay_then_send(tree, life, call, tree.stage.agenda.now_ns + BUDGET_LIMIT_NS)


def _ask_for_an_order(tree: SimulatedTree, life: Life, call: ex.PlaceOrder) -> None:
    cost = cost_of(call)
    can_pay = life.keeper is None or life.keeper.can_spend(cost)
    denial = gate.check(call.order.purpose, glance(tree, life, budget_left=can_pay))
    if denial is not None:
        tree.stage.agenda.after(0, lambda: tree.deliver(life, denied(call, denial)))
        return
    if life.keeper is not None:
        life.keeper.spend(cost)
    _send(tree, life, call)


def _pay_then_send(tree: SimulatedTree, life: Life, call: Message, until_ns: int) -> None:
    stage = tree.stage
    if not life.is_alive:
        return
    if life.keeper is None or life.keeper.spend(cost_of(call)):
        _send(tree, life, call)
    elif stage.agenda.now_ns >= until_ns:
        tree.deliver(life, unpaid(call))
    else:
        stage.agenda.after(BUDGET_LOOK_NS, lambda: _pay_then_send(tree, life, call, until_ns))


def glance(tree: SimulatedTree, life: Life, *, budget_left: bool) -> gate.Glance:
    """What the gate of this life sees now."""
    latches = tree.stage.latches
    return gate.Glance(
        is_panicked=GLOBAL in latches or tree.name in latches,
        guard_lease_left_ns=tree.guard_lease_left_ns(),
        instrument_lease_left_ns=life.leases.left_ns(),
        budget_left=budget_left,
        is_fenced=_is_fenced(tree, life),
    )


def _is_fenced(tree: SimulatedTree, life: Life) -> bool:
    wanted = life.leases.wanted
    if wanted is None:
        return False
    return any(
        (held.account, held.symbol) == (wanted.account, wanted.symbol)
        and overtakes(held, tree.name, life.leases.epoch, tree.now_of(life))
        for held in leases_on_disk(tree.stage)
    )


def leases_on_disk(stage: Stage) -> tuple[ac.InstrumentLease, ...]:
    """The table of who may trade what, as every gate reads it."""
    kept = stage.trees[ACCOUNT].disk.journals.get("leases", ())
    return tuple(lease for _, table in kept if isinstance(table, ac.LeasesHeld) for lease in table.leases)


# --- the network -----------------------------------------------------------------------------------------------------


def _send(tree: SimulatedTree, life: Life, call: Message) -> None:
    stage, agenda = tree.stage, tree.stage.agenda
    sent_at_ns = agenda.now_ns
    lost = unanswered(call)
    if stage.strikes("lose_request"):
        agenda.after(TIME_OUT_NS, lambda: tree.deliver(life, lost))
    elif stage.strikes("accept_late"):
        agenda.after(TIME_OUT_NS, lambda: tree.deliver(life, lost))
        agenda.after(stage.chance.delay_ns(3_000, 8_000), lambda: _carry_out_unheard(tree, call))
    elif stage.strikes("unavailable"):
        agenda.after(stage.chance.delay_ns(1, 40), lambda: tree.deliver(life, _not_done(call, "unavailable", 0)))
    elif stage.strikes("rate_limited"):
        _be_told_to_wait(tree, life, call, stage.chance.of("rate_limited").randint(1_000, 4_000))
    else:
        agenda.after(stage.chance.delay_ns(1, 40), lambda: _arrive(tree, life, call, sent_at_ns))


def _be_told_to_wait(tree: SimulatedTree, life: Life, call: Message, retry_after_ms: int) -> None:
    if life.keeper is not None:
        life.keeper.back_off(retry_after_ms=retry_after_ms, is_ban=False)
        usage = UsageReported(
            account=tree.casting.account,
            observed_at_ns=tree.stage.agenda.now_ns,
            used_weight=0,
            order_count=0,
            retry_after_ms=retry_after_ms,
        )
        post.send(tree, life, "account.limiter", usage)
    answer = _not_done(call, "rate_limited", retry_after_ms)
    tree.stage.agenda.after(5 * MS, lambda: tree.deliver(life, answer))


def _carry_out(tree: SimulatedTree, call: Message) -> Message:
    stage = tree.stage
    answer = stage.world.perform(tree.name, call, stage.agenda.now_ns)
    streams.push(stage)
    return answer


def _carry_out_unheard(tree: SimulatedTree, call: Message) -> None:
    """Nobody hears the answer."""
    _carry_out(tree, call)


def _arrive(tree: SimulatedTree, life: Life, call: Message, sent_at_ns: int) -> None:
    stage, agenda = tree.stage, tree.stage.agenda
    answer = _carry_out(tree, call)
    if isinstance(answer, ex.StreamOpened) and life.is_alive:
        life.streams.add(answer.stream)
    if stage.strikes("lose_answer"):
        agenda.at(sent_at_ns + TIME_OUT_NS, lambda: tree.deliver(life, unanswered(call)))
        return
    if isinstance(answer, ex.SnapshotTaken) and stage.strikes("torn_snapshot"):
        agenda.after(stage.chance.delay_ns(20, 400), lambda: _second_half(tree, life, call, answer, sent_at_ns))
        return
    _answer(tree, life, answer, sent_at_ns)


def _second_half(tree: SimulatedTree, life: Life, call: Message, first: ex.SnapshotTaken, sent_at_ns: int) -> None:
    """Balance and position are of the first look, orders and fills of the second."""
    later = _carry_out(tree, call)
    assert isinstance(later, ex.SnapshotTaken), later
    torn = replace(
        later.snapshot,
        wallet_balance=first.snapshot.wallet_balance,
        available_balance=first.snapshot.available_balance,
        position_quantity=first.snapshot.position_quantity,
        entry_price=first.snapshot.entry_price,
    )
    _answer(tree, life, ex.SnapshotTaken(snapshot=torn), sent_at_ns)


def _answer(tree: SimulatedTree, life: Life, answer: Message, sent_at_ns: int) -> None:
    stage = tree.stage
    if isinstance(answer, ex.SnapshotTaken):
        ahead_ns = life.clock_ahead_ns
        finished = stage.agenda.now_ns + ahead_ns
        dated = replace(answer.snapshot, started_at_ns=sent_at_ns + ahead_ns, finished_at_ns=finished)
        answer = ex.SnapshotTaken(snapshot=dated)
    for _ in range(2 if stage.strikes("repeat_answer") else 1):
        stage.agenda.after(stage.chance.delay_ns(1, 40), lambda: tree.deliver(life, answer))


def _not_done(call: Message, kind: str, retry_after_ms: int) -> Message:
    if isinstance(call, ex.CancelOrder):
        return ex.CancelOutcomeUnknown(client_order_id=call.client_order_id, text=kind)
    subject = call.order if isinstance(call, ex.PlaceOrder) else call
    return ex.ExchangeUnavailable(
        call=type(call).__name__,
        detail=getattr(subject, "client_order_id", ""),
        kind=kind,
        text=kind,
        retry_after_ms=retry_after_ms,
    )


def unanswered(call: Message) -> Message:
    """What the asker gets when no answer came in time."""
    match call:
        case ex.PlaceOrder(order=order):
            return ex.OrderOutcomeUnknown(client_order_id=order.client_order_id, text="timed out")
        case ex.CancelOrder(client_order_id=client_order_id):
            return ex.CancelOutcomeUnknown(client_order_id=client_order_id, text="timed out")
        case _:
            return _not_done(call, "unavailable", 0)
