"""The roster: one Thespian class per role, so that each process has its role's name."""

from __future__ import annotations

from actors.shell.actor import Shell


class Supervisor(Shell):
    role = "supervisor"


class Executor(Shell):
    role = "executor"


class Reconciler(Shell):
    role = "reconciler"


class Guard(Shell):
    role = "guard"


class StandbyGuard(Shell):
    role = "standby_guard"


class Data(Shell):
    role = "data"


class Strategy(Shell):
    role = "strategy"


class Notifier(Shell):
    role = "notifier"


class Limiter(Shell):
    role = "limiter"


class Leases(Shell):
    role = "leases"


class Panic(Shell):
    role = "panic"


class Other(Shell):
    """A role this roster has no name for."""
