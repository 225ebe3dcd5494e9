"""Workspace: the folder that holds everything of a user: settings, plays, candles, journals, logs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from threading import get_ident

from instance_manager.errors import WorkspaceUnusable

HOME_VARIABLE = "PREDATOR_HOME"
DEFAULT_HOME = Path("~/.predator")
SETTINGS_NAME = "predator.yaml"
FOLDERS = ("plays", "candles", "logs", "instances", "run")


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace at `home`; nothing is read or written by naming it."""

    home: Path

    @property
    def settings_file(self) -> Path:
        return self.home / SETTINGS_NAME

    @property
    def plays(self) -> Path:
        """The user's own plays; they go before the ones that ship with Predator."""
        return self.home / "plays"

    @property
    def candles(self) -> Path:
        return self.home / "candles"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def instances(self) -> Path:
        """Journals and recorded bars: what must survive."""
        return self.home / "instances"

    @property
    def run(self) -> Path:
        """Sockets, locks, pids: what dies with the machine."""
        return self.home / "run"

    def journal_file(self, instance: str) -> Path:
        """As `InstanceSpec.journal_file`, for readers who have no specification at hand."""
        return self.instances / instance / "journal.sqlite"

    def bars_file(self, instance: str) -> Path:
        """As `InstanceSpec.bars_file`."""
        return self.instances / instance / "bars.sqlite"

    @property
    def exists(self) -> bool:
        return self.settings_file.is_file()


def find_home(option: Path | None, environ: Mapping[str, str]) -> Path:
    """`--home`, else PREDATOR_HOME, else ~/.predator."""
    chosen = option or Path(environ.get(HOME_VARIABLE) or DEFAULT_HOME)
    return chosen.expanduser().absolute()


def create(workspace: Workspace) -> bool:
    """Makes what is missing of the workspace and leaves what is there. True when the settings were written now."""
    try:
        for folder in FOLDERS:
            (workspace.home / folder).mkdir(parents=True, exist_ok=True)
        return _write_once(workspace.settings_file, default_settings())
    except OSError as error:
        raise _unusable(workspace, error) from error


def require_writable(workspace: Workspace) -> None:
    """Raises WorkspaceUnusable when nothing can be written there (read-only, full, not a folder)."""
    probe = _own_file(workspace.run)
    try:
        probe.write_bytes(b"\0" * 65536)  # more than one block, so that a full disk shows
    except OSError as error:
        raise _unusable(workspace, error) from error
    finally:
        _remove(probe)


def default_settings() -> str:
    """The settings a new workspace begins with."""
    return files("instance_manager").joinpath("default_settings.yaml").read_text(encoding="utf-8")


def _write_once(file: Path, text: str) -> bool:
    """Whole or not at all, and never over an existing file, though two may try at once."""
    if file.exists():
        return False
    draft = _own_file(file.parent)
    try:
        draft.write_text(text, encoding="utf-8")
        os.link(draft, file)
    except FileExistsError:
        return False
    finally:
        _remove(draft)
    return True


def _own_file(folder: Path) -> Path:
    """A name no other process or thread uses."""
    return folder / f".{os.getpid()}-{get_ident()}.part"


def _remove(file: Path) -> None:
    """A leftover is harmless; failing to remove it must not hide the error that came before."""
    try:
        file.unlink(missing_ok=True)
    except OSError:
        return


def _unusable(workspace: Workspace, error: OSError) -> WorkspaceUnusable:
    place = error.filename or workspace.home
    return WorkspaceUnusable(
        f"the workspace {workspace.home} cannot be used: {place}: {error.strerror or error}; "
        "free space, correct the permissions, or choose another folder with --home or PREDATOR_HOME"
    )
