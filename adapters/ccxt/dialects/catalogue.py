"""The exchanges we speak, by ccxt's id."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.ccxt.dialects import binance, bybit
from adapters.ccxt.dialects.dialect import Profile
from engine.errors import ConfigurationError

PROFILES: Mapping[str, Profile] = {"binanceusdm": binance.PROFILE, "bybit": bybit.PROFILE}


def profile_of(exchange: str) -> Profile:
    """Raises ConfigurationError for an exchange we have no dialect for."""
    if exchange not in PROFILES:
        raise ConfigurationError(f"exchange {exchange!r} is not known; known: {', '.join(sorted(PROFILES))}")
    return PROFILES[exchange]
