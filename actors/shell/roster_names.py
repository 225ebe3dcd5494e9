"""Names of the roster's classes: Thespian imports actors by name, and the supervisor need not know their code."""

from __future__ import annotations

_NAMED = frozenset(
    {
        "supervisor",
        "executor",
        "reconciler",
        "guard",
        "standby_guard",
        "data",
        "strategy",
        "notifier",
        "limiter",
        "leases",
        "panic",
    }
)


def class_of(role: str) -> str:
    """`standby_guard` is played in `actors.shell.roster.StandbyGuard`."""
    return f"actors.shell.roster.{role.title().replace('_', '') if role in _NAMED else 'Other'}"
