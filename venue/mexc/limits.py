"""How often somebody may call an endpoint: 20 times in two seconds, a few less often."""

from dataclasses import dataclass, field

from venue.mexc.errors import MexcError
from venue.windows import Window

TOO_OFTEN = "Requests are too frequent, please try again later"


@dataclass(frozen=True, slots=True)
class Rate:
    most: int = 20
    period_ms: int = 2000


@dataclass(slots=True, kw_only=True)
class Limits:
    """Counted by address for public calls, by account for signed ones; not when the venue was told to have none."""

    per_account: bool
    per_address: bool
    windows: dict[tuple[str, str], Window] = field(default_factory=dict)

    def count_address(self, address: str, route: str, rate: Rate, now_ms: int) -> None:
        self._count(f"address {address}", route, rate, now_ms, self.per_address)

    def count_account(self, account: str, route: str, rate: Rate, now_ms: int) -> None:
        self._count(f"account {account}", route, rate, now_ms, self.per_account)

    def _count(self, who: str, route: str, rate: Rate, now_ms: int, is_enforced: bool) -> None:
        """Raises 510 when there were too many."""
        window = self.windows.setdefault((who, route), Window(rate.period_ms))
        if window.add(now_ms, 1) > rate.most and is_enforced:
            raise MexcError(510, TOO_OFTEN)
