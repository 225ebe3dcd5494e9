"""The desk opened: which workspace, with which settings. Every command begins here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ConfigurationError
from instance_manager.errors import UnknownInstance
from instance_manager.workspace import Workspace, create, find_home, require_writable

if TYPE_CHECKING:
    from instance_manager.settings import Instance, Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """A workspace and its settings."""

    workspace: Workspace
    settings: Settings

    def instance(self, name: str) -> Instance:
        """The settings of an instance. Raises UnknownInstance with the nearest name."""
        try:
            return self.settings.instances[name]
        except KeyError:
            raise UnknownInstance(name, self.settings.instances) from None

    def chosen(self, names: Sequence[str] | None, *, is_all: bool) -> list[str]:
        """The instances of `--instance` and `--all`, each once. Raises when none or unknown ones are meant."""
        if bool(names) == is_all:
            raise ConfigurationError("say which: --instance NAME (may be repeated), or --all")
        wanted = list(dict.fromkeys(names or self.settings.instances))
        for name in wanted:
            self.instance(name)
        return wanted


def open_desk(home: Path | None, *, to_write: bool = False) -> Desk:
    """Opens, and at first use makes, the workspace. With `to_write` an unwritable one is refused at once."""
    from instance_manager.settings_file import load_settings

    workspace = Workspace(find_home(home, os.environ))
    if not workspace.exists:
        create(workspace)
    if to_write:
        create(workspace)
        require_writable(workspace)
    return Desk(workspace, load_settings(workspace.settings_file, os.environ))
