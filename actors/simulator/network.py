"""The network to the exchange and back: requests and answers get lost, late and repeated, and an exchange that refuses,
bans, or answers with what was true a moment ago.
"""

from __future__ import annotations

from dataclasses import replace

from actors.simulator import post, streams
from actors.simulator.agenda import MS
from actors.simulator.lives import EXCHANGE, Life
from actors.simulator.stage import SimulatedTree, Stage
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.messages.budget import UsageReported

TIME_OUT_NS = 3_000 * MS
CHANGES = (ex.PlaceOrder, ex.CancelOrder)
ORDERS_TEMPT_FATE = 2  # at three, half of all orders fail: six in a row are no news, and nobody can do anything
EXECUTED_ALL_THE_SAME = 0.5
READINGS = (ex.TakeSnapshot, ex.FindOrder, ex.FetchFills)
LAG_NS = 5_000 * MS  # the most a replica of the exchange is behind
REFUSED = {"rate_limited": (1_000, 4_000), "banned": (3_000, 12_000)}  # and for how long, least and most


def send(tree: SimulatedTree, life: Life, call: Message) -> None:
    stage, agenda = tree.stage, tree.stage.agenda
    sent_at_ns = agenda.now_ns
    lost = unanswered(call)
    if _strikes(stage, "lose_request", call):
        agenda.after(TIME_OUT_NS, lambda: tree.deliver(life, lost))
    elif _strikes(stage, "accept_late", call):
        agenda.after(TIME_OUT_NS, lambda: tree.deliver(life, lost))
        agenda.after(stage.chance.delay_ns(3_000, 8_000), lambda: _carry_out_unheard(tree, call))
    elif _strikes(stage, "unavailable", call):
        agenda.after(stage.chance.delay_ns(1, 40), lambda: tree.deliver(life, _not_done(call, "unavailable", 0)))
    elif isinstance(call, CHANGES) and _strikes(stage, "unknown_at_once", call):
        if stage.chance.of("unknown_at_once").random() < EXECUTED_ALL_THE_SAME:
            agenda.after(stage.chance.delay_ns(1, 40), lambda: _carry_out_unheard(tree, call))
        agenda.after(stage.chance.delay_ns(1, 80), lambda: tree.deliver(life, lost))
    elif kind := next((one for one in REFUSED if stage.strikes(one)), None):
        _be_told_to_wait(tree, life, call, kind, stage.chance.of(kind).randint(*REFUSED[kind]))
    else:
        agenda.after(stage.chance.delay_ns(1, 40), lambda: _arrive(tree, life, call, sent_at_ns))


def _strikes(stage: Stage, kind: str, call: Message) -> bool:
    """Of fifty requests one is an order, and what becomes of orders matters most: they tempt fate twice."""
    return any(stage.strikes(kind) for _ in range(ORDERS_TEMPT_FATE if isinstance(call, CHANGES) else 1))


def _be_told_to_wait(tree: SimulatedTree, life: Life, call: Message, kind: str, retry_after_ms: int) -> None:
    if life.keeper is not None:
        life.keeper.back_off(retry_after_ms=retry_after_ms, is_ban=kind == "banned")
        usage = UsageReported(
            account=tree.casting.account,
            observed_at_ns=tree.stage.agenda.now_ns,
            used_weight=0,
            order_count=0,
            retry_after_ms=retry_after_ms,
            is_ban=kind == "banned",
            exchange=EXCHANGE,
        )
        post.send(tree, life, "account.limiter", usage)
    answer = _not_done(call, kind, retry_after_ms)
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
    answer = _as_shown(tree, call, _carry_out(tree, call))
    if isinstance(answer, ex.StreamOpened) and life.is_alive:
        life.streams.add(answer.stream)
    if _strikes(stage, "lose_answer", call):
        agenda.at(sent_at_ns + TIME_OUT_NS, lambda: tree.deliver(life, unanswered(call)))
        return
    if isinstance(answer, ex.SnapshotTaken) and stage.strikes("torn_snapshot"):
        agenda.after(stage.chance.delay_ns(20, 400), lambda: _second_half(tree, life, call, answer, sent_at_ns))
        return
    _answer(tree, life, answer, sent_at_ns)


def _as_shown(tree: SimulatedTree, call: Message, answer: Message) -> Message:
    """By the replica that answers a reading: it may lag behind, and show what the same reading showed before."""
    stage, now_ns = tree.stage, tree.stage.agenda.now_ns
    if not isinstance(call, READINGS):
        return answer
    reading = type(call), str(getattr(call, "client_order_id", getattr(call, "is_light", "")))
    read_at_ns, earlier = tree.readings.get(reading, (0, answer))
    tree.readings[reading] = now_ns, answer
    return earlier if now_ns - read_at_ns < LAG_NS and stage.strikes("stale_read") else answer


def _second_half(tree: SimulatedTree, life: Life, call: Message, first: ex.SnapshotTaken, sent_at_ns: int) -> None:
    """Balance and position are of the first look, orders and fills of the second."""
    later = tree.stage.world.look_again(tree.name, call, tree.stage.agenda.now_ns)
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
