"""Our subclass of a ccxt exchange: it tells us of every answer and writes code and status onto every error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.ccxt.access import Access
from adapters.ccxt.load import load_exchange
from adapters.ccxt.session import Session
from engine.errors import OutcomeUnknown
from engine.safety.limits import RECEIVE_WINDOW_MS

CODE_AND_TEXT = (("code", "msg"), ("retCode", "retMsg"), ("code", "message"))
LONGEST_TIMEOUT_MS = 30_000  # ccxt's own; ours are set per call and are shorter


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer as it came, for the exchange log and the usage headers."""

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    request: str
    body: str


Observer = Callable[[Answer], None]


def build_client(access: Access, session: Session, observe: Observer, families: tuple[str, ...]) -> Any:
    """A ccxt exchange that uses our session, our error table and our budget (its own limiter is off)."""
    kind = _observed(load_exchange(access.exchange), observe, families)
    config = {
        "apiKey": access.key,
        "secret": access.secret,
        "session": session,
        "enableRateLimit": False,
        "timeout": LONGEST_TIMEOUT_MS,
        "number": Decimal,
        "options": {"recvWindow": RECEIVE_WINDOW_MS, "fetchCurrencies": False, "fetchMargins": False},
    }
    client = kind(config)
    client.timeout_on_exit = 0  # the session is ours to close
    client.logger.disabled = True  # it writes whole requests, key and signature included
    if access.environment == "demo":
        client.enable_demo_trading(True)
    return client


def _observed(base: type[Any], observe: Observer, families: tuple[str, ...]) -> type[Any]:
    class Observed(base):  # type: ignore[misc]
        def on_rest_response(
            self, code: int, reason: str, url: str, method: str, headers: Any, body: str, asked: Any, sent: Any
        ) -> str:
            observe(
                Answer(method=method, url=url, status=code, headers=headers, request=str(sent or ""), body=str(body))
            )
            return str(super().on_rest_response(code, reason, url, method, headers, body, asked, sent))

        def handle_errors(
            self, code: int, reason: str, url: str, method: str, headers: Any, body: Any, *rest: Any
        ) -> Any:
            try:
                super().handle_errors(code, reason, url, method, headers, body, *rest)
                super().handle_http_status_code(code, reason, url, method, body)
            except Exception as error:  # every error of ccxt passes here once and goes on
                _annotate(error, self.id, code, headers, str(body), rest[0] if rest else None)
                raise
            if not 200 <= code < 300:  # ccxt lets a status it has no class for pass as an answer
                raise OutcomeUnknown(f"HTTP {code} {_shown(str(body))}")

        def get_exceptions_by_url(self, url: Any, kind: str) -> Any:
            """Binance: the same table whatever the address (ccxt's own choice depends on the host name)."""
            return {name: value for family in families for name, value in self.exceptions[family].get(kind, {}).items()}

    Observed.__name__ = base.__name__
    return Observed


def _annotate(error: Any, exchange: str, status: int, headers: Mapping[str, str], body: str, answer: Any) -> None:
    error.venue_exchange, error.venue_status = exchange, status
    said = _said(answer)
    if said is not None:
        error.venue_code, error.venue_text = said[0], f"{said[0]} {said[1]}"
    else:
        error.venue_text = f"HTTP {status} {_shown(body)}"
    error.retry_after_ms = _wait_ms(headers)


def _said(answer: Any) -> tuple[str, str] | None:
    """(code, text) of an error as one exchange or the other writes it."""
    if not isinstance(answer, dict):
        return None
    names = next((pair for pair in CODE_AND_TEXT if pair[0] in answer), None)
    return None if names is None else (str(answer[names[0]]), str(answer.get(names[1], "")))


def _shown(body: str) -> str:
    return re.sub(r"<[^>]*>", " ", body[:200]).strip()


def _wait_ms(headers: Mapping[str, str]) -> int | None:
    seconds = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return int(float(seconds) * 1_000) if re.fullmatch(r"\d+(\.\d+)?", seconds) else None
