"""`predator compare`: did the instance say, bar by bar, what its play says over the same bars at once?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from instance_manager.cli import console
from instance_manager.cli.desk import Desk, open_desk
from instance_manager.cli.exit_codes import ExitCode
from instance_manager.cli.options import HomeOption, InstanceOption, JsonOption

if TYPE_CHECKING:
    from instance_manager.comparison import Comparison


def register(app: typer.Typer) -> None:
    app.command()(compare)


def compare(instance: InstanceOption, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Compare an instance's signals with a batch evaluation over its recorded bars; exit code 1 on any difference.

    Example: predator compare --instance live-1
    """
    desk = open_desk(home)
    found = _compare(desk, instance)
    if as_json:
        console.print_json(_as_json(found))
    else:
        _print(found)
    if not found.holds:
        raise typer.Exit(ExitCode.FAILED)


def _compare(desk: Desk, instance: str) -> Comparison:
    from instance_manager import comparison
    from instance_manager.status import last_bar_ns
    from plays.loading import find_play, load_play

    settings = desk.instance(instance)
    play = load_play(find_play(settings.play, [desk.workspace.plays]))
    return comparison.compare(desk.workspace, instance, play, last_bar_ns(desk.workspace, instance))


def _as_json(found: Comparison) -> dict[str, object]:
    return asdict(found) | {"identical_to_the_last_bit": found.holds}


def _print(found: Comparison) -> None:
    console.say(f"{found.instance}, play {found.play} {found.play_hash}, {found.first_bar} to {found.last_bar}")
    console.say(
        f"signals: {found.live_signals} of the instance, {found.batch_signals} of the batch evaluation over its "
        f"{found.bars} recorded bars; {found.identical} identical to the last bit, {found.difference_count} differences"
    )
    if found.other_play_signals:
        console.say(f"{found.other_play_signals} signals of an earlier version of the play were left out")
    for difference in found.differences:
        console.say(f"  {difference}")
