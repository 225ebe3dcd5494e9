"""The line to the exchange: budget and gate on our side; beyond it, the `network`.

The rules are those of `actors.shell.exchange_desk`: an order passes the gate or is denied at once, a read waits a while
for budget, and nothing leaves unpaid.
"""

from __future__ import annotations

from actors.shell.budget_keeper import cost_of
from actors.shell.exchange_desk import denied, unpaid
from actors.shell.gatekeeper import overtakes
from actors.shell.latch import GLOBAL
from actors.shell.tree import ACCOUNT
from actors.simulator import network
from actors.simulator.agenda import MS
from actors.simulator.lives import Life
from actors.simulator.stage import SimulatedTree, Stage
from engine.messages import account as ac
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.safety import gate

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
    network.send(tree, life, call)


def _pay_then_send(tree: SimulatedTree, life: Life, call: Message, until_ns: int) -> None:
    stage = tree.stage
    if not life.is_alive:
        return
    if life.keeper is None or life.keeper.spend(cost_of(call)):
        network.send(tree, life, call)
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
