"""The console script: nothing but `main`, and before its imports what cannot wait for them."""

from __future__ import annotations

import os

from instance_manager.early_end import end_on_sigterm


def main() -> None:
    """A container may be stopped before its pid 1 has imported anything."""
    if os.getpid() == 1:
        end_on_sigterm()
    from instance_manager.cli import main as command_line

    command_line.main()
