"""Listen keys: one per account, sixty minutes long unless told otherwise, extended by asking again."""

from dataclasses import dataclass, field
from secrets import token_urlsafe

LIFE_MS = 60 * 60 * 1000


@dataclass(slots=True)
class ListenKey:
    account: str
    key: str
    expires_ms: int


@dataclass(slots=True)
class ListenKeys:
    by_account: dict[str, ListenKey] = field(default_factory=dict)
    life_ms: int = LIFE_MS

    def open(self, account: str, now_ms: int) -> str:
        """The account's active key, extended; a new one when it has none."""
        known = self.by_account.get(account)
        if known is None:
            known = self.by_account[account] = ListenKey(account, token_urlsafe(48), 0)
        known.expires_ms = now_ms + self.life_ms
        return known.key

    def extend(self, account: str, now_ms: int) -> bool:
        known = self.by_account.get(account)
        if known is not None:
            known.expires_ms = now_ms + self.life_ms
        return known is not None

    def close(self, account: str) -> ListenKey | None:
        return self.by_account.pop(account, None)

    def account_of(self, key: str) -> str | None:
        return next((k.account for k in self.by_account.values() if k.key == key), None)

    def expired(self, now_ms: int) -> list[ListenKey]:
        return [k for k in self.by_account.values() if k.expires_ms <= now_ms]
