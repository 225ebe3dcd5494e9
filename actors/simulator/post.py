"""The post: messages between actors. They are delayed each for itself, get lost, come twice, or late."""

from __future__ import annotations

from actors.simulator.lives import Life
from actors.simulator.stage import SimulatedTree
from engine.messages import control as ct
from engine.messages.base import Message

OPERATOR = "operator"
LEASES = "leases"


def send(tree: SimulatedTree, life: Life, to: str, message: Message) -> None:
    """What `life` of `tree` says to whom `to` names; it hears of those that are not there."""
    life.leases.on_sent(message)
    if isinstance(message, ct.CommandAnswered):
        tree.stage.answers.append((tree.name, message))
        return
    for name, target, role in _named(tree, to):
        if (life.role == LEASES and target.is_cut_off()) or (role == LEASES and tree.is_cut_off()):
            continue
        if role in target.lives:
            _carry(target, role, message)
        else:
            life.follow_ups.append(ct.Undeliverable(to=name, name=type(message).__name__))


def _named(tree: SimulatedTree, to: str) -> list[tuple[str, SimulatedTree, str]]:
    """By name, with the tree and the role it means there."""
    trees = tree.stage.trees
    where, dot, role = to.rpartition(".")
    if not dot:
        return [(to, tree, to)]
    if where == "*":
        return [(f"{name}.{role}", one, role) for name, one in trees.items() if one.casting.is_instance]
    return [(to, trees[where], role)]


def _carry(tree: SimulatedTree, role: str, message: Message) -> None:
    stage = tree.stage
    copies = 0 if stage.strikes("lose_message") else 2 if stage.strikes("double_message") else 1
    for _ in range(copies):
        longest_ms = 1_500 if stage.strikes("late_message") else 5
        stage.agenda.after(stage.chance.delay_ns(0.1, longest_ms), lambda: deliver_to_role(tree, role, message))


def mail(tree: SimulatedTree, to: str, message: Message) -> None:
    """Between a supervisor and its children: another wire, which loses nothing while both live."""
    run = tree.run

    def arrive() -> None:
        if run == tree.run:
            deliver_to_role(tree, to, message)

    tree.stage.agenda.after(tree.stage.chance.delay_ns(1, 8), arrive)


def deliver_to_role(tree: SimulatedTree, role: str, message: Message) -> None:
    """To whoever plays `role` now."""
    life = tree.lives.get(role)
    if life is not None:
        tree.deliver(life, message)
