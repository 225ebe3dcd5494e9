"""A scenario: what happens to whom at which market time, read from a YAML timeline.

    - {at: 5, fault: {kind: lose_response, method: POST, endpoint: /fapi/v1/order$}}
    - {at: 12.5, account: account-1, action: close, with: {symbol: BTCUSDT}}
    - {at: 20, market: BTCUSDT, with: {status: HALT}}

`at` counts market minutes from where live replay began. Everything else is what the control API takes.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from venue.faults import Fault, FaultError, read_fault
from venue.hands import ControlError, check_action, check_market

if TYPE_CHECKING:
    from yaml import Node

MOST_MINUTES = 10_000_000


class ScenarioError(Exception):
    """A timeline that can't be played: file, line, entry, field, and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Exactly one of a fault, an action on an account, a change of a market."""

    at_ms: int
    fault: Fault | None = None
    account: str = ""
    action: str = ""
    market: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands, so that a complaint can point at the line of the field."""

    path: Path
    number: int
    node: "Node"

    def error(self, text: str, *fields: str) -> ScenarioError:
        line = line_of(self.node, fields)
        named = f"{'.'.join(fields)}: " if fields else ""
        return ScenarioError(f"{self.path}: line {line}: entry {self.number}: {named}{text}")


def line_of(node: "Node", fields: tuple[str, ...]) -> int:
    """The line of the innermost of these fields that is there, counted from one."""
    line: int = node.start_mark.line + 1
    for name in fields:
        pairs = node.value if isinstance(node.value, list) else []
        found = next((p for p in pairs if isinstance(p, tuple) and p[0].value == name), None)
        if found is None:
            return line
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def read_scenario(path: Path, symbols: Collection[str] = ()) -> list[Happening]:
    """In the order of time. `symbols`: the markets there will be; without them any name is taken."""
    import yaml  # only scenarios need it: a venue runs with aiohttp and pyarrow alone

    try:
        text = path.read_text(encoding="utf-8")
        entries, root = yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: can't be read: {error}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ScenarioError(f"{path}: not YAML: {error}") from error
    if not isinstance(entries, list) or root is None:
        raise ScenarioError(f"{path}: line 1: a scenario is a list of entries with `at`")
    places = [Place(path, number, node) for number, node in enumerate(root.value, start=1)]
    found = [read_entry(place, entry, symbols) for place, entry in zip(places, entries, strict=True)]
    return sorted(found, key=lambda happening: happening.at_ms)


def read_entry(place: Place, entry: object, symbols: Collection[str]) -> Happening:
    if not isinstance(entry, dict):
        raise place.error("must be a mapping with `at`")
    values = entry.get("with", {})
    if not isinstance(values, dict):
        raise place.error("must be a mapping", "with")
    at_ms, kinds = read_at(place, entry.get("at")), {str(name) for name in entry} - {"at", "with"}
    if kinds == {"fault"}:
        return Happening(at_ms=at_ms, fault=fault_of(place, entry["fault"]))
    if kinds == {"account", "action"}:
        account, action = str(entry["account"]), str(entry["action"])
        checked(place, lambda: check_action(action, values, symbols))
        return Happening(at_ms=at_ms, account=account, action=action, values=values)
    if kinds == {"market"}:
        market = str(entry["market"])
        checked(place, lambda: check_market(market, values, symbols))
        return Happening(at_ms=at_ms, market=market, values=values)
    raise place.error(f"must have `fault`, or `account` and `action`, or `market`; it has {sorted(kinds)}")


def read_at(place: Place, at: object) -> int:
    if not isinstance(at, (int, float)) or isinstance(at, bool) or not 0 <= at <= MOST_MINUTES:
        raise place.error(f"`at` must be a number of market minutes, not {at!r}", "at")
    return int(at * 60_000)


def checked(place: Place, check: Callable[[], None]) -> None:
    try:
        check()
    except ControlError as error:
        at_top = error.field in ("action", "market")
        raise place.error(str(error), *((error.field,) if at_top else ("with", error.field))) from error


def fault_of(place: Place, body: object) -> Fault:
    if not isinstance(body, dict):
        raise place.error("must be a mapping", "fault")
    try:
        return read_fault(body)
    except FaultError as error:
        raise place.error(str(error), "fault", error.field) from error
