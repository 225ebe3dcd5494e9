"""How often a reconciler reads the exchange, and how closely, on an account whose request budget many instances share.

While the share is ample every round is full and comes at its usual time. On a crowded account most rounds read position
and open orders only, what may cost money at once; a full one with balances and trades comes every minute. The rounds
come as often as the share allows, and never less than twice a minute.
"""

from __future__ import annotations

from engine.budget import FULL_READING, LIGHT_READING, is_ample

MINUTE_MS = 60_000
FULL_EVERY_MS = 60_000
RAREST_MS = 30_000
HURRY_MS = 2_000


def every_ms(share: int, usual_ms: int) -> int:
    """The time between two rounds, for a share of so much weight a minute (0: not known)."""
    if is_ample(share):
        return usual_ms
    full_ones = MINUTE_MS / FULL_EVERY_MS
    light_ones = max(0.0, (share - full_ones * FULL_READING) / LIGHT_READING)
    return max(usual_ms, min(RAREST_MS, int(MINUTE_MS / (full_ones + light_ones))))


def rest_ms(share: int, since_ms: int) -> int:
    """How long the next round, out of turn, must wait when the last began so long ago (negative: the clock was set
    back). Twenty who trade at the same bar would each want three rounds within a second."""
    return 0 if is_ample(share) or since_ms < 0 else max(0, HURRY_MS - since_ms)


def may_be_light(share: int, since_full_ms: int) -> bool:
    """Whether this round may leave out what is dear."""
    return not is_ample(share) and since_full_ms < FULL_EVERY_MS
