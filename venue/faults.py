"""Faults on command: what goes wrong, for whom, how often. Who meets one asks here and then misbehaves accordingly."""

import random
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

from venue.nonsense import WAYS
from venue.truth import Truth

NOT_EXECUTED = (
    "timeout_before", "rate_limit", "ban", "server_error", "bad_gateway", "forbidden", "unknown_503", "throttled_503",
    "status_unknown", "clock_skew", "error", "late_accept", "maintenance",
)  # fmt: skip
EXECUTED = (
    "lose_response", "timeout_after", "answer_twice", "execute_twice", "delay", "slow_drip", "stale_read", "nonsense",
)  # fmt: skip
REQUEST_KINDS = NOT_EXECUTED + EXECUTED
STREAM_KINDS = (
    "stream_drop", "stream_abort", "stream_silence", "stream_half_open", "stream_gap", "stream_duplicate",
    "stream_reorder", "stream_delay",
)  # fmt: skip
CORE_KINDS = ("partial_fill", "no_fill", "slippage", "trigger_stuck", "trigger_unfilled")
KINDS = REQUEST_KINDS + STREAM_KINDS + CORE_KINDS
MAY_EXECUTE = ("server_error", "bad_gateway", "unknown_503", "throttled_503", "status_unknown", "error", "forbidden")


class FaultError(ValueError):
    """A fault that can't be understood: which field, and what it may be."""

    def __init__(self, field_name: str, text: str) -> None:
        super().__init__(text)
        self.field = field_name


@dataclass(slots=True, kw_only=True)
class Fault:
    """`count` None = always. An empty aim matches everything."""

    kind: str
    endpoint: str = ""
    method: str = ""
    symbol: str = ""
    client_id: str = ""
    account: str = ""
    stream: str = ""
    count: int | None = 1
    skip: int = 0
    probability: float = 1.0
    delay_ms: int | None = None
    executes: bool = False
    status: int = 400
    code: int = -1000
    msg: str = "An unknown error occurred while processing the request."
    fraction: str = "0.5"
    ticks: int = 10
    way: str = ""
    id: int = 0
    hits: int = 0

    def as_json(self) -> dict[str, object]:
        return asdict(self)

    def delay_s(self, default_ms: int) -> float:
        return (default_ms if self.delay_ms is None else self.delay_ms) / 1000

    def way_now(self) -> str:
        """The way of this hit: the one that was asked for, or each in turn."""
        return self.way or WAYS[(self.hits - 1) % len(WAYS)]


READ_ONLY = ("id", "hits")
TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(
        ("kind", "endpoint", "method", "symbol", "client_id", "account", "stream", "msg", "fraction", "way"), (str,)
    ),
    **dict.fromkeys(("count", "delay_ms"), (int, type(None))),
    **dict.fromkeys(("skip", "status", "code", "ticks"), (int,)),
    "probability": (int, float),
    "executes": (bool,),
}


def read_fault(body: Mapping[str, object]) -> Fault:
    """Raises FaultError naming the field."""
    names = [f.name for f in fields(Fault) if f.name not in READ_ONLY]
    for name, value in body.items():
        if name not in names:
            raise FaultError(name, f"unknown field {name!r}; known: {', '.join(names)}")
        if not isinstance(value, TYPES[name]) or (isinstance(value, bool) and bool not in TYPES[name]):
            raise FaultError(name, f"{name} must be {' or '.join(t.__name__ for t in TYPES[name])}, not {value!r}")
    if body.get("kind") not in KINDS:
        raise FaultError("kind", f"unknown kind {body.get('kind')!r}; known: {', '.join(KINDS)}")
    fault = Fault(**body)  # type: ignore[arg-type]  # each value was looked at above
    check_values(fault)
    return fault


def check_values(fault: Fault) -> None:
    for name in ("endpoint", "client_id", "stream"):
        try:
            re.compile(str(getattr(fault, name)))
        except re.error as error:
            raise FaultError(name, f"{name} is not a regular expression: {error}") from None
    if not 0 <= fault.probability <= 1:
        raise FaultError("probability", f"probability must lie between 0 and 1, not {fault.probability}")
    if not 200 <= fault.status <= 599:
        raise FaultError("status", f"status must lie between 200 and 599, not {fault.status}")
    if not re.fullmatch(r"0(\.\d+)?|1", fault.fraction):
        raise FaultError("fraction", f"fraction must be a decimal between 0 and 1, not {fault.fraction!r}")
    if fault.way not in ("", *WAYS):
        raise FaultError("way", f"way must be one of {', '.join(WAYS)}, not {fault.way!r}")
    for name in ("count", "skip", "delay_ms", "ticks"):
        if (getattr(fault, name) or 0) < 0:
            raise FaultError(name, f"{name} must not be negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom a fault could hit now."""

    endpoint: str = ""
    method: str = ""
    symbol: str = ""
    client_id: str = ""
    account: str = ""
    stream: str = ""


@dataclass(slots=True, kw_only=True)
class Faults:
    """The faults in force. Drawing is seeded, so the same run meets the same faults."""

    truth: Truth
    seed: int
    active: dict[int, Fault] = field(default_factory=dict)
    _next_id: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(f"faults:{self.seed}")

    def add(self, fault: Fault) -> Fault:
        self._next_id += 1
        fault.id = self._next_id
        self.active[fault.id] = fault
        return fault

    def meet(self, kinds: tuple[str, ...], target: Target) -> Fault | None:
        """The first fault of these kinds that hits this target now; it is counted and written down."""
        for fault in list(self.active.values()):
            if fault.kind in kinds and aims_at(fault, target) and self._draws(fault):
                self.truth.tell("fault", fault_id=fault.id, fault=fault.kind, **facts_of(target))
                return fault
        return None

    def _draws(self, fault: Fault) -> bool:
        if fault.skip > 0:
            fault.skip -= 1
            return False
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        fault.hits += 1
        if fault.count is not None:
            fault.count -= 1
            if fault.count <= 0:
                self.active.pop(fault.id, None)
        return True

    def strike(self, kind: str, symbol: str, account: str, client_id: str) -> Mapping[str, object] | None:
        """For the core: is this order hit by `kind`, and with which figures?"""
        if not self.active:
            return None
        fault = self.meet((kind,), Target(symbol=symbol, account=account, client_id=client_id))
        return fault.as_json() if fault else None


def aims_at(fault: Fault, target: Target) -> bool:
    return (
        fault.method in ("", target.method)
        and fault.symbol in ("", target.symbol)
        and fault.account in ("", target.account)
        and bool(re.search(fault.endpoint, target.endpoint))
        and bool(re.search(fault.client_id, target.client_id))
        and bool(re.search(fault.stream, target.stream))
    )


def facts_of(target: Target) -> dict[str, object]:
    return {f.name: getattr(target, f.name) for f in fields(Target) if getattr(target, f.name)}
