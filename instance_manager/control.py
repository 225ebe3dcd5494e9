"""Commands of a person to a running instance: reset, panic, stop. Asked by Thespian, answered by the actor itself."""

from __future__ import annotations

from pathlib import Path

from engine.messages.base import Message
from engine.messages.control import CommandAnswered
from instance_manager import thespian_door as door
from instance_manager.errors import DoesNotAnswer, NotRunning
from instance_manager.lifecycle import run_folder
from instance_manager.lock import read_card

ASK_LIMIT_S = 5.0
SILENT = "{}: its launcher notices that and starts it anew, within ten seconds or so; try again then"


def ask(
    home: Path, instance: str, command: Message, *, role: str = "executor", timeout_s: float = ASK_LIMIT_S
) -> CommandAnswered:
    """Give `role` of `instance` the command and return its answer; `is_done` is False when none came in time.

    Raises NotRunning. The role `supervisor` takes `StopInstance` and `PanicRaised`.
    """
    card = read_card(run_folder(home, instance))
    if card is None or not card.is_running or not card.supervisor_port:
        raise NotRunning(f"{instance} is not running")
    try:
        system = door.attach(card.admin_port)
    except DoesNotAnswer as silent:
        return CommandAnswered(is_done=False, text=SILENT.format(silent))
    if system is None:
        raise NotRunning(f"{instance} is just being restarted; try again")
    try:
        answer = door.ask_actor(system, door.address_at(card.supervisor_port), role, command, timeout_s)
    finally:
        door.hang_up(system)
    return answer or CommandAnswered(is_done=False, text=f"{role} did not answer within {timeout_s:.0f} s")
