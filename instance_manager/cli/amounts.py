"""Amounts on the command line: exact decimals, never floats."""

from __future__ import annotations

from decimal import Decimal

from engine.errors import ConfigurationError


def amount_of(option: str, text: str, *, least: Decimal = Decimal(0), most: Decimal = Decimal(10**9)) -> Decimal:
    """The number given for an option. Raises ConfigurationError when it is none or out of range."""
    try:
        amount = Decimal(text)
    except ArithmeticError:
        raise ConfigurationError(f"{option} {text!r} is not a number") from None
    if not (amount.is_finite() and least <= amount <= most):
        raise ConfigurationError(f"{option} {text} must be from {least} to {most}")
    return amount
