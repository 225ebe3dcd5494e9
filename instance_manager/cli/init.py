"""`predator init`: make a workspace."""

from __future__ import annotations

import os

import typer

from instance_manager.cli import console
from instance_manager.cli.options import HomeOption, JsonOption


def register(app: typer.Typer) -> None:
    app.command()(init)


def init(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Make a workspace with commented settings; what exists is left as it is.

    Example: predator init --home ~/trading
    """
    from instance_manager.settings_file import load_settings
    from instance_manager.workspace import Workspace, create, find_home, require_writable

    workspace = Workspace(find_home(home, os.environ))
    is_new = create(workspace)
    require_writable(workspace)
    names = sorted(load_settings(workspace.settings_file, os.environ).instances)
    if as_json:
        console.print_json({"home": workspace.home, "created": is_new, "instances": names})
        return
    console.say(f"workspace {workspace.home} {'made' if is_new else 'was there already; nothing changed'}")
    console.say(f"settings  {workspace.settings_file}")
    console.say(f"instances {', '.join(names) or 'none'}")
    console.say("next      predator start --instance live-1")
