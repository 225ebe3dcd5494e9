"""`predator quickstart`: see all of it work, in a minute, with no key, no network and no money."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import TradingError
from instance_manager.cli import console
from instance_manager.cli.exit_codes import ExitCode
from instance_manager.cli.options import HomeOption

if TYPE_CHECKING:
    from instance_manager.follow import Follower, Scene
    from instance_manager.quickstart import Stage

LOOK_S = 0.5
LINE_EVERY_S = 3.0
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def register(app: typer.Typer) -> None:
    app.command()(quickstart)


def quickstart(
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", min=1, help="Stop by itself after following this long.", show_default=False),
    ] = None,
    speed: Annotated[float, typer.Option("--speed", min=1, max=600, help="Market seconds for each second.")] = 60.0,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the workspace to look at afterwards.")] = False,
    home: HomeOption = None,
) -> None:
    """See it work: local exchange, live-1 trading on it, a backtest beside it; everything stops at the end.

    Example: predator quickstart
    """
    from instance_manager import quickstart as scenes

    stage = scenes.set_up(home, speed, console.say)
    try:
        with _signals_end_it():
            _play(stage, seconds)
    except KeyboardInterrupt:
        console.say("")
    except TradingError:
        keep = True
        console.warn(f"the workspace is kept for its logs: {stage.workspace.home}")
        raise
    finally:
        left = _tear_down(stage, keep=keep)
    if left:
        console.warn(f"error: these processes did not end: {left}; the workspace is kept: {stage.workspace.home}")
        raise typer.Exit(ExitCode.FAILED)
    console.say("stopped cleanly; no process is left")
    _say_what_next(stage, is_kept=keep or not stage.is_ours)


def _play(stage: Stage, seconds: float | None) -> None:
    from instance_manager import quickstart as scenes
    from instance_manager.follow import Follower

    began_at = time.monotonic()
    for name in scenes.INSTANCES:
        console.say(f"starting {name} …")
        scenes.start(stage, name, console.say)
    followers = [Follower(stage.workspace, stage.settings, name) for name in scenes.INSTANCES]
    end_at = None if seconds is None else time.monotonic() + seconds
    console.say("following both until Ctrl-C" + (f" or {seconds:g} s" if seconds else ""))
    if sys.stdout.isatty():
        _show_table(followers, end_at)
    else:
        _print_lines(followers, began_at, end_at)


def _show_table(followers: Sequence[Follower], end_at: float | None) -> None:
    from rich.live import Live

    from instance_manager.cli.quickstart_table import picture_of

    terminal = console.terminal()
    with Live(console=terminal, refresh_per_second=4) as live:
        while True:
            live.update(picture_of([one.look() for one in followers], terminal.width))
            if not _goes_on(end_at):
                break
            time.sleep(LOOK_S)


def _print_lines(followers: Sequence[Follower], began_at: float, end_at: float | None) -> None:
    """Without a terminal: one line an instance every few seconds, and each trade of the live one as it closes."""
    told, line_at = 0, 0.0
    while _goes_on(end_at):
        scenes = [one.look() for one in followers]
        passed = time.monotonic() - began_at
        told = _tell_trades(scenes[0], told, passed)
        if time.monotonic() >= line_at:
            line_at = time.monotonic() + LINE_EVERY_S
            for scene in scenes:
                console.say(f"{passed:5.0f} s  {_line(scene)}")
        time.sleep(LOOK_S)


def _tell_trades(scene: Scene, told: int, passed: float) -> int:
    for trade in scene.last_trades:
        if trade.trade_number > told:
            told = trade.trade_number
            console.say(f"{passed:5.0f} s  trade {told} of {scene.status.instance}: {trade.message}")
    return told


def _line(scene: Scene) -> str:
    one = scene.status
    guard = one.guard if one.uptime else "-"
    return (
        f"{one.instance:<10} {one.state} bars {scene.bars} signals {scene.signals} orders {scene.orders} "
        f"trades {scene.trades} position {one.position or 0} equity {console.money_text(one.equity) or '-'} "
        f"guard {guard} breaker {one.breaker or '-'} reconciliation {one.reconciliation or '-'}"
    )


def _goes_on(end_at: float | None) -> bool:
    return end_at is None or time.monotonic() < end_at


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """SIGTERM and a closed terminal end it in order, as Ctrl-C does, also behind `&` where a shell turns that off."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tear_down(stage: Stage, *, keep: bool) -> list[int]:
    """Not to be interrupted: an impatient second Ctrl-C would leave processes behind."""
    from instance_manager import quickstart as scenes

    before = {number: signal.signal(number, signal.SIG_IGN) for number in ENDS}
    try:
        console.say("stopping …")
        return scenes.tear_down(stage, keep=keep)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say_what_next(stage: Stage, *, is_kept: bool) -> None:
    if is_kept:
        console.say(f"\nthe workspace is kept: {stage.workspace.home}")
        console.say(f"  predator show-trades --instance live-1 --home {stage.workspace.home}")
        console.say(f"  predator compare     --instance live-1 --home {stage.workspace.home}")
    console.say("\ntry next, in a workspace of your own:")
    console.say("  predator start --instance live-1       # and: predator status --watch")
    console.say("  predator show-trades --instance live-1")
    console.say("  predator backtest ma_cross             # after: predator generate-data --days 90")
    console.say("  predator list-plays                    # then write one: plays are YAML")
    console.say("  predator stop --all")
