"""The account system's supervisor: the same machine as an instance's, over limiter, leases and panic.

It survives every instance. When one of its actors cannot be kept alive it ends, without panic: instances then live on
their protective reserve, their leases run out, and nobody opens a position.
"""

from __future__ import annotations

from actors.shell.tree import ACCOUNT, ACCOUNT_ROLES
from actors.supervision import Supervision
from actors.supervisor import Supervisor


def account_supervisor() -> Supervisor:
    return Supervisor(Supervision(roles=ACCOUNT_ROLES, instance=ACCOUNT, escalates_to_panic=False))
