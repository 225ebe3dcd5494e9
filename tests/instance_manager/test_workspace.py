"""The workspace: made at first use, never overwritten, and unusable ones are named."""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from instance_manager import workspace as module
from instance_manager.errors import WorkspaceUnusable
from instance_manager.workspace import FOLDERS, Workspace, create, find_home, require_writable


def test_first_use_makes_the_folders_and_the_settings(tmp_path):
    workspace = Workspace(tmp_path / "new" / "home")

    assert create(workspace) is True

    assert all((workspace.home / folder).is_dir() for folder in FOLDERS)
    assert "live-1" in workspace.settings_file.read_text()


def test_settings_that_exist_are_never_overwritten(tmp_path):
    workspace = Workspace(tmp_path)
    workspace.settings_file.write_text("notify: []\n")

    assert create(workspace) is False

    assert workspace.settings_file.read_text() == "notify: []\n"


def test_two_first_uses_at_once_write_the_settings_once(tmp_path):
    workspace = Workspace(tmp_path / "home")

    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(lambda _: create(workspace), range(8)))

    assert written.count(True) == 1
    assert [path.name for path in workspace.home.iterdir() if path.is_file()] == ["predator.yaml"]


def test_home_is_the_option_then_the_variable_then_the_home_folder(tmp_path):
    assert find_home(tmp_path / "a", {"PREDATOR_HOME": str(tmp_path / "b")}) == tmp_path / "a"
    assert find_home(None, {"PREDATOR_HOME": str(tmp_path / "b")}) == tmp_path / "b"
    assert find_home(None, {}) == Path("~/.predator").expanduser()


def test_a_workspace_inside_a_file_is_unusable_and_says_so(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(WorkspaceUnusable, match=r"cannot be used.*--home"):
        create(Workspace(tmp_path / "file" / "home"))


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_or_read_only_workspace_is_unusable_and_says_why(tmp_path, monkeypatch, reason):
    workspace = Workspace(tmp_path)
    create(workspace)

    def refuse(self: Path, data: bytes) -> int:
        raise OSError(reason, "the disk says no", str(self))

    monkeypatch.setattr(module.Path, "write_bytes", refuse)

    with pytest.raises(WorkspaceUnusable, match="the disk says no"):
        require_writable(workspace)


def test_probing_leaves_nothing_behind(tmp_path):
    workspace = Workspace(tmp_path)
    create(workspace)

    require_writable(workspace)

    assert list(workspace.run.iterdir()) == []
