"""Keepers of request budget, as they are a moment after their process began."""

from __future__ import annotations

from actors.shell.budget_keeper import LISTENS_NS, BudgetKeeper


def keeper_without_a_limiter(role: str) -> BudgetKeeper:
    """It listened for a ban, and nobody spoke: it lives on its reserve."""
    now = [0]
    keeper = BudgetKeeper(instance="live-1", account="main", role=role, now_ns=lambda: now[0])
    now[0] = LISTENS_NS
    return keeper
