"""People: what the command line does to a simulated system."""

from __future__ import annotations

from actors.simulator import post
from actors.simulator.stage import Stage
from engine.messages import control as ct
from engine.messages.account import RaiseLatch
from engine.messages.base import Message


def tell(stage: Stage, instance: str, role: str, message: Message) -> None:
    """A message of a person."""
    stage.resets_asked[instance] += isinstance(message, ct.ResetBreaker)
    stage.agenda.after(0, lambda: post.deliver_to_role(stage.trees[instance], role, message))


def panic(stage: Stage, scope: str, reason: str, *, flatten: bool = False) -> None:
    """What `predator panic` does: the latch first, then everybody is woken."""
    stage.latch(RaiseLatch(scope=scope, reason=reason, flatten=flatten))
    message = ct.PanicRaised(scope=scope, reason=reason, flatten=flatten)
    for name in stage.instances:
        if scope in ("global", name):
            tell(stage, name, "executor", message)
