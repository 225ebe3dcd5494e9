"""`predator verify-journal`: is every message of a journal what was written, and in its place?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from engine.errors import StoreError
from instance_manager.cli import console
from instance_manager.cli.desk import open_desk
from instance_manager.cli.exit_codes import ExitCode
from instance_manager.cli.options import AllOption, HomeOption, InstancesOption, JsonOption


def register(app: typer.Typer) -> None:
    app.command("verify-journal")(verify_journal)


def verify_journal(
    instance: InstancesOption = None, every: AllOption = False, as_json: JsonOption = False, home: HomeOption = None
) -> None:
    """Check the hash chain of a journal, archives included, to its newest message. Exit code 1 names the break.

    Example: predator verify-journal --instance live-1
    """
    desk = open_desk(home)
    found = [_verified(name, desk.workspace.journal_file(name)) for name in desk.chosen(instance, is_all=every)]
    if as_json:
        console.print_json(found)
    else:
        for one in found:
            console.say(_told(one))
    if not all(one["is_intact"] for one in found):
        raise typer.Exit(ExitCode.FAILED)


def _verified(name: str, file: Path) -> dict[str, Any]:
    from adapters.journal.archive_check import verify_archives
    from adapters.journal.leftovers import leftovers_of
    from adapters.journal.reader import JournalReader

    found = {"instance": name, "is_intact": True, "messages": 0, "trouble": "", "leftovers": []}
    if not file.exists():
        return found
    try:
        with JournalReader(file) as reader:
            count = verify_archives(file) + reader.verify()
            return found | {"messages": count, "leftovers": [str(one) for one in leftovers_of(file)]}
    except StoreError as error:
        return found | {"is_intact": False, "messages": None, "trouble": str(error)}


def _told(one: dict[str, Any]) -> str:
    if not one["is_intact"]:
        return f"{one['instance']}: NOT INTACT: {one['trouble']}"
    if not one["messages"]:
        return f"{one['instance']}: no journal yet; it never ran"
    left = "".join(f"; {file} is of no archive, the next archive-journal removes it" for file in one["leftovers"])
    return f"{one['instance']}: {one['messages']} messages, each intact and in its place{left}"
