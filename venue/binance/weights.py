"""Request weights and order counts: what is left, and what happens to those who take more."""

from dataclasses import dataclass, field

from venue.binance.errors import WireError
from venue.windows import Window

MINUTE_MS, TEN_SECONDS_MS = 60_000, 10_000
PATIENCE = 20  # requests after a 429 within the same minute before the address is banned
BAN_MS = 120_000


@dataclass(slots=True)
class Address:
    """One client address: its weight this minute, and whether it is banned."""

    weight: Window = field(default_factory=lambda: Window(MINUTE_MS))
    ignored: Window = field(default_factory=lambda: Window(MINUTE_MS))
    banned_until_ms: int = 0


@dataclass(slots=True)
class OrderCount:
    ten_seconds: Window = field(default_factory=lambda: Window(TEN_SECONDS_MS))
    minute: Window = field(default_factory=lambda: Window(MINUTE_MS))


@dataclass(slots=True, kw_only=True)
class Limits:
    """0 as a limit means none."""

    weight_limit: int
    order_limit: int
    addresses: dict[str, Address] = field(default_factory=dict)
    orders: dict[str, OrderCount] = field(default_factory=dict)

    def spend(self, address: str, weight: int, now_ms: int) -> int:
        """Counts a request; the weight used this minute. Raises 418 and 429."""
        who = self.addresses.setdefault(address, Address())
        if who.banned_until_ms > now_ms:
            raise banned(who.banned_until_ms, now_ms)
        used = who.weight.add(now_ms, weight)
        if self.weight_limit and used > self.weight_limit:
            raise self._too_much(who, now_ms)
        return used

    def _too_much(self, who: Address, now_ms: int) -> WireError:
        if who.ignored.add(now_ms, 1) > PATIENCE:
            who.banned_until_ms = now_ms + BAN_MS
            return banned(who.banned_until_ms, now_ms)
        return too_many_requests(self.weight_limit, who.weight.seconds_left(now_ms))

    def used(self, address: str, now_ms: int) -> int:
        return self.addresses.setdefault(address, Address()).weight.count(now_ms)

    def count_order(self, account: str, now_ms: int, amount: int = 1) -> None:
        """Raises -1015 when this account sent too many orders."""
        counts = self.orders.setdefault(account, OrderCount())
        ten, minute = counts.ten_seconds.add(now_ms, amount), counts.minute.add(now_ms, amount)
        if self.order_limit and (minute > self.order_limit or ten > max(1, self.order_limit // 4)):
            limit, period, window = (
                (self.order_limit, "1 MINUTE", counts.minute)
                if minute > self.order_limit
                else (self.order_limit // 4, "10 SECONDS", counts.ten_seconds)
            )
            text = f"Too many new orders; current limit is {limit} orders per {period}."
            raise WireError(-1015, text, status=429, retry_after_s=window.seconds_left(now_ms))

    def order_counts(self, account: str, now_ms: int) -> tuple[int, int]:
        counts = self.orders.setdefault(account, OrderCount())
        return counts.ten_seconds.count(now_ms), counts.minute.count(now_ms)


def too_many_requests(limit: int, retry_after_s: int) -> WireError:
    text = f"Too many requests; current limit of IP is {limit} requests per minute. "
    return WireError(-1003, text + "Please use the websocket for live updates.", 429, retry_after_s)


def banned(until_ms: int, now_ms: int) -> WireError:
    text = (
        f"Way too many requests; IP banned until {until_ms}. Please use the websocket for live updates to avoid bans."
    )
    return WireError(-1003, text, 418, max(1, (until_ms - now_ms) // 1000))
