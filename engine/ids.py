"""Client order ids: made before sending, the same decision made twice gives the same id.

`p` instance(4) `-` epoch(base 36) `-` play(4) `-` minute of the bar(base 36) `-` purpose letter, intent number.
At most 36 characters of `A-Za-z0-9_-`, as the strictest exchange wants; the instance's four letters attribute an order
on a shared account.
"""

from __future__ import annotations

from hashlib import blake2b

from engine.market import MINUTE_NS
from engine.order import OrderPurpose

LETTER = {
    OrderPurpose.ENTRY: "E",
    OrderPurpose.EXIT: "X",
    OrderPurpose.STOP: "S",
    OrderPurpose.TAKE_PROFIT: "T",
    OrderPurpose.EMERGENCY_EXIT: "Z",
}
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
LONGEST = 36


def client_order_id(
    *, instance: str, epoch: int, play_hash: str, bar_open_time_ns: int, purpose: OrderPurpose, number: int
) -> str:
    """The id of intent `number` of this purpose in the trade or bar that `bar_open_time_ns` names."""
    minute = bar_open_time_ns // MINUTE_NS
    made = f"{owner_prefix(instance)}{base36(epoch)}-{play_hash[:4]}-{base36(minute)}-{LETTER[purpose]}{base36(number)}"
    assert len(made) <= LONGEST, f"client order id too long: {made}"
    return made


def owner_prefix(instance: str) -> str:
    """How every id of `instance` begins."""
    return f"p{blake2b(instance.encode(), digest_size=2).hexdigest()}-"


def is_ours(client_id: str) -> bool:
    """Whether any Predator instance made this id."""
    head, dash, rest = client_id.partition("-")
    return len(head) == 5 and head[0] == "p" and bool(dash) and rest.count("-") == 3


def base36(number: int) -> str:
    """A non-negative integer in as few characters as a file name allows."""
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"
