"""End-to-end tests borrow the builders of the desk's tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "instance_manager"))
