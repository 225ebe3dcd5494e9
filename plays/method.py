"""The ways to search parameters, by name. A file of its own, so that the command line can name them at no cost."""

from __future__ import annotations

from enum import StrEnum


class Method(StrEnum):
    """Everything, by chance, or learning from scores."""

    GRID = "grid"
    RANDOM = "random"
    OPTUNA = "optuna"
