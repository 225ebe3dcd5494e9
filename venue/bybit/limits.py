"""How often an account may call an endpoint within a second, and an address anything within five."""

from dataclasses import dataclass, field

from venue.bybit.errors import BybitError
from venue.windows import Window

SECOND_MS, FIVE_SECONDS_MS = 1000, 5000
PER_ADDRESS = 600
TOO_MANY = "Too many visits. Exceeded the API Rate Limit."
TOO_OFTEN = "access too frequent"


@dataclass(slots=True, kw_only=True)
class Limits:
    """Not counted when the venue was told to have no limits."""

    per_account: bool
    per_address: bool
    accounts: dict[tuple[str, str], Window] = field(default_factory=dict)
    addresses: dict[str, Window] = field(default_factory=dict)

    def count_address(self, address: str, now_ms: int) -> None:
        """Raises the HTTP 403 of an address that asks too often."""
        used = self.addresses.setdefault(address, Window(FIVE_SECONDS_MS)).add(now_ms, 1)
        if self.per_address and used > PER_ADDRESS:
            raise BybitError(10018, TOO_OFTEN, status=403)

    def count(self, account: str, path: str, per_second: int, now_ms: int) -> None:
        """Raises 10006 when there were too many."""
        window = self.accounts.setdefault((account, path), Window(SECOND_MS))
        used = window.add(now_ms, 1)
        if self.per_account and used > per_second:
            raise BybitError(10006, TOO_MANY)

    def headers(self, account: str, path: str, per_second: int, now_ms: int) -> dict[str, str]:
        """What tells a client how much is left."""
        used = self.accounts.setdefault((account, path), Window(SECOND_MS)).count(now_ms)
        return {
            "X-Bapi-Limit": str(per_second),
            "X-Bapi-Limit-Status": str(max(0, per_second - used)),
            "X-Bapi-Limit-Reset-Timestamp": str((now_ms // SECOND_MS + 1) * SECOND_MS),
        }
