"""Between whoever asks the exchange and the limiter of the account: the request budget."""

from __future__ import annotations

from dataclasses import dataclass

from engine.messages.base import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetWanted(Message):
    """To `account.limiter`: fill me up to this; the answer replaces what I hold.

    `life` names the asker's process and `number` this asking in it; only the answer to the newest one is taken.
    `spent_…` is all that this life paid out of its leases so far, so a message that gets lost loses nothing.
    `least_weight`: what the request that waits costs; less would be of no use. `is_urgent`: it comes before others'.
    `exchange` is where the account is: all accounts there share what it allows our address; empty: it shares with none.
    """

    instance: str
    account: str
    exchange: str = ""
    role: str
    reply_to: str
    weight: int
    orders: int
    life: int = 0
    number: int = 0
    spent_weight: int = 0
    spent_orders: int = 0
    least_weight: int = 0
    is_urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetGranted(Message):
    """May be spent until `valid_for_ns` after it was asked for; may be less than wanted. `number` is the asking's; 0
    was not asked for, and ends what is held.

    `share`: the weight a minute on which each instance of the account may count for its reconciliation; 0: not known.
    `banned_for_ns`: so long the exchange has shut out our address; nothing may be sent, not even what protects.
    """

    weight: int
    orders: int
    valid_for_ns: int
    number: int = 0
    share: int = 0
    banned_for_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReported(Message):
    """To `account.limiter`: what the exchange's headers said, when (our wall clock), and its wish to be left alone: by
    this account for a while, or as a ban by everybody at this address.
    """

    account: str
    observed_at_ns: int
    used_weight: int
    order_count: int
    retry_after_ms: int
    is_ban: bool = False
    exchange: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveAlone(Message):
    """To the exchange adapter: send nothing for so long, streams and whatever else you do by yourself included. Our
    address is banned, as another process was told. Answer: `LeftAlone`.
    """

    for_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAlone(Message):
    """Answer to `LeaveAlone`: until then every call is answered as banned, without being sent."""
