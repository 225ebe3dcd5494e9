"""Given-builders for tests of the desk: a workspace with settings, and the command line run as people run it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from instance_manager.workspace import Workspace, create, default_settings

REAL = """
exchanges:
  local: {{kind: local, port: {port}}}
  binanceusdm: {{kind: binanceusdm}}
accounts:
  binance: {{exchange: binanceusdm, key_env: TEST_BINANCE_KEY, secret_env: TEST_BINANCE_SECRET}}
instances:
  real-1: {{mode: live, account: binance, play: quickstart}}
  demo-1: {{mode: demo, account: binance, play: quickstart}}
"""
CLEAN = ("PREDATOR_HOME", "PREDATOR_CONFIRM_LIVE_TRADING", "TEST_BINANCE_KEY", "TEST_BINANCE_SECRET")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def workspace_with(home: Path, settings: str | None = None) -> Workspace:
    """A workspace; its default settings use a port of their own."""
    workspace = Workspace(home)
    create(workspace)
    text = default_settings().replace("port: 18080", f"port: {free_port()}") if settings is None else settings
    workspace.settings_file.write_text(text, encoding="utf-8")
    return workspace


def environment(**more: str) -> dict[str, str]:
    """The environment without anything of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if name not in CLEAN and "PREDATOR__" not in name}
    return kept | more


def predator(*words: str, home: Path, timeout: float = 90.0, **more: str) -> subprocess.CompletedProcess[str]:
    """`predator WORDS` as a process of its own, both outputs through pipes as in `predator … | cat`."""
    return subprocess.run(
        [sys.executable, "-c", "from instance_manager.cli.main import main; main()", *words],
        env=environment(PREDATOR_HOME=str(home), **more),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def predator_json(*words: str, home: Path) -> Any:
    """What `predator WORDS --json` prints."""
    done = predator(*words, "--json", home=home)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
