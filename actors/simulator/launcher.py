"""The launcher in the simulator: starts a tree, and anew when its supervisor dies; too often, and it latches."""

from __future__ import annotations

from actors.shell.tree import SUPERVISOR
from actors.simulator import births, post
from actors.simulator.agenda import MS, SECOND
from actors.simulator.stage import SimulatedTree
from actors.supervision import Supervision
from actors.supervisor import Supervisor
from engine.messages.account import RaiseLatch

RESTARTS, RESTART_WINDOW_NS = 3, 300 * SECOND
BEAT_NS = 250 * MS


def begin(tree: SimulatedTree) -> None:
    """A new supervisor, and with it everybody."""
    tree.run += 1
    tree.cells.clear()
    tree.end = None
    is_instance = tree.casting.is_instance
    rules = Supervision(roles=tuple(tree.casting.roles), instance=tree.name, escalates_to_panic=is_instance)
    births.born(tree, SUPERVISOR, tree.run, Supervisor(rules))
    _beat(tree, tree.run)


def fall(tree: SimulatedTree) -> None:
    """The supervisor is killed: its actors die with it, and it all begins anew; the third time under a latch."""
    if tree.end is not None:
        return
    stage = tree.stage
    births.clear(tree)
    tree.failures = [at for at in tree.failures if stage.now_ns - at < RESTART_WINDOW_NS] + [stage.now_ns]
    if len(tree.failures) >= RESTARTS and tree.casting.is_instance:
        latch = RaiseLatch(scope=tree.name, reason="escalated: the tree failed too often")
        stage.latch(latch)
        ended(tree, latch.reason)
    else:
        run = tree.run
        stage.agenda.after(stage.chance.delay_ns(300, 1_500), lambda: _begin_if(tree, run))


def ended(tree: SimulatedTree, reason: str) -> None:
    """The tree ended by itself. The service manager starts it again; a latch stays."""
    births.clear(tree)
    tree.end = reason
    run = tree.run
    pause_ns = tree.stage.chance.delay_ns(3_000, 8_000)
    tree.stage.agenda.after(pause_ns, lambda: _begin_if(tree, run))


def _begin_if(tree: SimulatedTree, run: int) -> None:
    if run == tree.run:
        begin(tree)


def _beat(tree: SimulatedTree, run: int) -> None:
    if run == tree.run:
        _renew_budgets(tree)
        tree.stage.agenda.after(BEAT_NS, lambda: _beat(tree, run))


def _renew_budgets(tree: SimulatedTree) -> None:
    """The hosts' part: leases of budget are renewed in time."""
    for life in tuple(tree.lives.values()):
        wanted = life.keeper.renewal() if life.keeper and not tree.hangs(life) else None
        if wanted is not None:
            post.send(tree, life, "account.limiter", wanted)
