"""`predator archive-journal | migrate-journal`: care for the journal of an instance that does not run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instance_manager.cli import console
from instance_manager.cli.desk import Desk, open_desk
from instance_manager.cli.options import HomeOption, InstanceOption, JsonOption
from instance_manager.errors import AlreadyRunning, RefusedForSafety

if TYPE_CHECKING:
    from adapters.journal.archive import Archived

NS = 1_000_000_000
BeforeOption = Annotated[
    datetime | None,
    typer.Option(
        "--before",
        formats=["%Y-%m-%d", "%Y%m%d"],
        help="UTC day; what was recorded before it goes.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    app.command("archive-journal")(archive_journal)
    app.command("migrate-journal")(migrate_journal)


def archive_journal(
    instance: InstanceOption,
    before: BeforeOption = None,
    restore: Annotated[bool, typer.Option("--restore", help="The other way: put all that was archived back.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Move old messages of a stopped instance's journal into Parquet. What a recovery needs stays, as a checkpoint.

    Example: predator archive-journal --instance live-1 --before 2026-01-01
    Example: predator archive-journal --instance live-1 --restore
    """
    if restore is (before is not None):
        raise typer.BadParameter("say either --before DAY or --restore")
    desk = open_desk(home, to_write=True)
    if before is None:
        _restore(desk, instance, as_json=as_json)
    else:
        _archive(desk, instance, before, as_json=as_json)


def _archive(desk: Desk, instance: str, before: datetime, *, as_json: bool) -> None:
    from adapters.journal.archive import archive
    from instance_manager.modes import sends_orders

    if not sends_orders(desk.instance(instance).mode):
        raise RefusedForSafety(f"{instance}: only journals of instances that send orders are archived")
    file = _stopped(desk, instance)
    done = archive(file, int(before.replace(tzinfo=UTC).timestamp()) * NS) if file.exists() else None
    if as_json:
        where = str(done.file) if done and done.file else None
        console.print_json({"instance": instance, "messages": done.messages if done else 0, "file": where})
    else:
        console.say(f"{instance}: {_told(done)}")


def _restore(desk: Desk, instance: str, *, as_json: bool) -> None:
    from adapters.journal.restore import restore

    desk.instance(instance)
    file = _stopped(desk, instance)
    done = restore(file) if file.exists() else None
    messages, files = (done.messages, done.files) if done else (0, 0)
    if as_json:
        console.print_json({"instance": instance, "messages": messages, "files": files})
    else:
        told = f"{messages} messages of {files} files are in the journal again" if files else "nothing was archived"
        console.say(f"{instance}: {told}")


def migrate_journal(
    instance: InstanceOption,
    to: Annotated[
        int | None, typer.Option("--to", min=1, help="Schema version. Default: the newest.", show_default=False)
    ] = None,
    home: HomeOption = None,
) -> None:
    """Bring the journal of a stopped instance to a schema version, forwards, or backwards for an older Predator.

    Example: predator migrate-journal --instance live-1
    """
    from adapters.journal.migration import migrate_file, newest_version

    desk = open_desk(home, to_write=True)
    desk.instance(instance)
    wanted = newest_version() if to is None else to
    if wanted > newest_version():
        raise typer.BadParameter(f"this program knows versions 1 to {newest_version()}", param_hint="--to")
    file = _stopped(desk, instance)
    if not file.exists():
        console.say(f"{instance}: no journal yet; it never ran")
        return
    before = migrate_file(file, wanted)
    console.say(f"{instance}: schema version {before} -> {wanted}")


def _stopped(desk: Desk, name: str) -> Path:
    """Its journal, which nobody writes now."""
    from instance_manager import lifecycle

    if lifecycle.is_running(desk.workspace.home, name):
        raise AlreadyRunning(f"{name} is running; `predator stop --instance {name}` first (its stops stay)")
    return desk.workspace.journal_file(name)


def _told(done: Archived | None) -> str:
    if done is None or done.file is None:
        return "nothing is that old"
    return f"{done.messages} messages are in {done.file}"
