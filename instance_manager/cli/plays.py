"""`predator list-plays | check-play | new-play | play-schema | list-indicators`: plays, and writing one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import ConfigurationError
from instance_manager.cli import console
from instance_manager.cli.desk import Desk, open_desk
from instance_manager.cli.options import HomeOption, JsonOption
from plays.errors import PlayError

if TYPE_CHECKING:
    from plays.schema import Play

PlayArgument = Annotated[str, typer.Argument(help="A play's name, or a .yml file.", show_default=False)]


def register(app: typer.Typer) -> None:
    app.command("list-plays")(list_plays)
    app.command("check-play")(check_play)
    app.command("new-play")(new_play)
    app.command("play-schema")(play_schema)
    app.command("list-indicators")(list_indicators)


def list_plays(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """The plays there are: your own (in the workspace) before those that ship.

    Example: predator list-plays
    """
    from plays.loading import library_plays, load_play, plays_in

    own = plays_in(open_desk(home).workspace.plays)
    lines = []
    for name, path in sorted((library_plays() | own).items()):
        line: dict[str, object] = {"play": name, "own": name in own}
        try:
            loaded = load_play(path)
            line |= {"symbol": loaded.symbol, "timeframe": loaded.timeframe, "warm-up": loaded.warmup_bars,
                     "hash": loaded.hash, "why": loaded.why, "error": None}  # fmt: skip
        except PlayError as error:
            line |= {"symbol": None, "timeframe": None, "warm-up": None, "hash": None, "why": None, "error": str(error)}
        lines.append(line)
    if as_json:
        console.print_json(lines)
    else:
        rows = [[*list(line.values())[:-2], line["error"] or line["why"]] for line in lines]
        console.print_table("plays", ("play", "own", "symbol", "timeframe", "warm-up", "hash", "why"), rows)


def check_play(play: PlayArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Is this play right? Says what it computes, or the line and column of what is wrong (exit code 2).

    Example: predator check-play my-plays/trend.yml
    """
    checked = chosen_play(open_desk(home), play)
    program = checked.program
    rules = {name: program.nodes[position].text for name, position in program.rules.items()}
    terms = {name: program.nodes[position].text for name, position in program.numbers.items()}
    features = [program.nodes[position].text for position in program.features]
    if as_json:
        console.print_json({
            "play": checked.name, "hash": checked.hash, "symbol": checked.symbol, "timeframe": checked.timeframe,
            "timeframes": program.timeframes, "warmup_bars": checked.warmup_bars, "rules": rules, "features": features,
            "entries_with": terms, "only_in_backtests": checked.only_in_backtests,
        })  # fmt: skip
        return
    console.say(f"{checked.name} is right. hash {checked.hash}, {checked.warmup_bars} bars of warm-up")
    console.print_table("rules", ("rule", "means"), list((rules | terms).items()))
    console.say("computes: " + ", ".join(features))
    if checked.only_in_backtests:
        console.warn(f"only backtests know {', '.join(checked.only_in_backtests)}: no instance may trade this play")


def new_play(
    name: Annotated[str, typer.Argument(help="Its name: a-z, 0-9 and _.", show_default=False)],
    template: Annotated[str, typer.Option("--from", help="The play to begin with.")] = "ma_cross",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin a play of your own in the workspace, as a copy of another.

    Example: predator new-play my_breakout --from breakout
    """
    from plays.loading import find_play, load_play

    desk = open_desk(home, to_write=True)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigurationError(f"a play's name is made of a-z, 0-9 and _, not {name!r}")
    source, file = find_play(template, [desk.workspace.plays]), desk.workspace.plays / f"{name}.yml"
    if file.exists():
        raise ConfigurationError(f"{file} is there already: choose another name, or edit it")
    text = re.sub(r"(?m)^name:.*$", f"name: {name}", source.read_text(encoding="utf-8"), count=1)
    file.write_text(text, encoding="utf-8")
    loaded = load_play(file)
    if as_json:
        console.print_json({"play": name, "file": str(file), "hash": loaded.hash})
    else:
        console.say(f"{file} is a copy of {template}: edit it, then predator check-play {name}")


def play_schema() -> None:
    """Print the JSON Schema of plays, for editors that complete and check as you type.

    Example: predator play-schema > play.schema.json
    """
    from plays.schema import Play

    console.print_json({"$schema": "https://json-schema.org/draft/2020-12/schema", **Play.model_json_schema()})


def list_indicators(
    word: Annotated[str, typer.Argument(help="Only those with this in their name or title.")] = "",
    as_json: JsonOption = False,
) -> None:
    """The indicators a condition may name, with their series, numbers, outputs and look-back.

    Example: predator list-indicators average
    """
    from plays.indicators import catalogue
    from plays.wording import signature

    found = [
        one
        for one in sorted(catalogue().values(), key=lambda one: one.name)
        if word.lower() in f"{one.name} {one.title}".lower()
    ]
    if as_json:
        console.print_json([
            {"indicator": one.name, "written": signature(one), "outputs": one.outputs, "lookback": one.lookback({}),
             "title": one.title}
            for one in found
        ])  # fmt: skip
        return
    rows = [(signature(one), ", ".join(one.outputs), one.lookback({}), one.title) for one in found]
    console.print_table("indicators", ("written", "outputs", "look-back", "title"), rows)


def chosen_play(desk: Desk, name: str) -> Play:
    """The play of this name or file; your own before those that ship. Raises PlayError."""
    from plays.loading import find_play, load_play

    return load_play(find_play(name, [desk.workspace.plays]))
