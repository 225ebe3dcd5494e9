"""Births and deaths of a supervisor's children. The supervisor's own are the launcher's."""

from __future__ import annotations

from actors.shell.budget_keeper import BudgetKeeper
from actors.shell.lease_keeper import LeaseKeeper
from actors.shell.tree import SUPERVISOR
from actors.simulator import post
from actors.simulator.lives import EXCHANGE, Life
from actors.simulator.stage import SimulatedTree
from engine.messages import account as ac
from engine.messages import control as ct


def spawn(tree: SimulatedTree, role: str, generation: int) -> None:
    """A process is started; the actor is born in it a moment later, unless it was killed or its tree fell meanwhile."""
    run = tree.run

    def happen() -> None:
        if run == tree.run and (role, generation) not in tree.dead_before_birth:
            born(tree, role, generation, tree.casting.roles[role]())

    tree.stage.agenda.after(tree.stage.chance.delay_ns(20, 300), happen)


def born(tree: SimulatedTree, role: str, generation: int, machine: object) -> None:
    life = _new_life(tree, role, generation, machine)
    tree.begin(life)
    if role != SUPERVISOR and life.is_alive:
        post.mail(tree, SUPERVISOR, ct.Spawned(role=role, generation=generation, pid=generation))


def _new_life(tree: SimulatedTree, role: str, generation: int, machine: object) -> Life:
    stage = tree.stage

    def clock() -> int:
        return stage.agenda.now_ns

    keeper = (
        BudgetKeeper(
            instance=tree.name,
            account=tree.casting.account,
            exchange=EXCHANGE,
            role=role,
            now_ns=clock,
            purse=tree.purses[role],
        )
        if role in tree.casting.budgeted
        else None
    )
    return Life(
        role=role,
        generation=generation,
        machine=machine,  # type: ignore[arg-type]
        leases=LeaseKeeper(clock),
        keeper=keeper,
        clock_ahead_ns=stage.clock_ahead_ns,
    )


def clear(tree: SimulatedTree) -> None:
    """Nobody lives any more."""
    tree.run += 1
    for life in tuple(tree.lives.values()):
        _mark_dead(tree, life)
    tree.dead_before_birth.clear()


def kill(tree: SimulatedTree, role: str) -> None:
    """The process that plays `role` now, if one does, is gone, with all it had in memory."""
    life = tree.lives.get(role)
    if life is not None:
        _mark_dead(tree, life)
        _give_notice(tree, life)


def kill_generation(tree: SimulatedTree, role: str, generation: int) -> None:
    """That life of the role, or one that is still to be born."""
    life = tree.lives.get(role)
    if life is not None and life.generation == generation:
        kill(tree, role)
    else:
        tree.dead_before_birth.add((role, generation))
        post.mail(tree, SUPERVISOR, ct.ChildExited(role=role, generation=generation))


def leave(tree: SimulatedTree, life: Life, reason: str) -> None:
    """It ends by itself."""
    _mark_dead(tree, life)
    post.mail(tree, SUPERVISOR, ac.LeafLeft(role=life.role, generation=life.generation, reason=reason))
    _give_notice(tree, life)


def _mark_dead(tree: SimulatedTree, life: Life) -> None:
    life.is_alive = False
    tree.lives.pop(life.role, None)
    cell = tree.cells[life.role]
    cell.left_at_ns = cell.left_at_ns or tree.stage.agenda.now_ns


def _give_notice(tree: SimulatedTree, life: Life) -> None:
    if not tree.stage.strikes("lose_notice"):
        post.mail(tree, SUPERVISOR, ct.ChildExited(role=life.role, generation=life.generation))
