"""A scenario: what happens to whom at which market time, read from a YAML timeline.

    - {at: 5, fault: {kind: lose_response, method: POST, endpoint: /fapi/v1/order$}}
    - {at: 12.5, account: account-1, action: close, with: {symbol: BTCUSDT}}
    - {at: 20, market: BTCUSDT, with: {status: HALT}}

`at` counts market minutes from where live replay began. Everything else is what the control API takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from venue.faults import Fault, FaultError, read_fault


class ScenarioError(Exception):
    """A timeline that can't be played: which entry, and what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Exactly one of a fault, an action on an account, a change of a market."""

    at_ms: int
    fault: Fault | None = None
    account: str = ""
    action: str = ""
    market: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


def read_scenario(path: Path) -> list[Happening]:
    """In the order of time."""
    import yaml  # only scenarios need it: a venue runs with aiohttp and pyarrow alone

    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path}: not YAML: {error}") from error
    if not isinstance(entries, list):
        raise ScenarioError(f"{path}: a scenario is a list of entries with `at`")
    found = [read_entry(path, number, entry) for number, entry in enumerate(entries, start=1)]
    return sorted(found, key=lambda happening: happening.at_ms)


def read_entry(path: Path, number: int, entry: object) -> Happening:
    where = f"{path}: entry {number}"
    if not isinstance(entry, dict):
        raise ScenarioError(f"{where}: must be a mapping with `at`")
    at, values = entry.get("at"), entry.get("with", {})
    if not isinstance(at, (int, float)) or isinstance(at, bool) or at < 0:
        raise ScenarioError(f"{where}: `at` must be a number of market minutes, not {at!r}")
    if not isinstance(values, dict):
        raise ScenarioError(f"{where}: `with` must be a mapping")
    at_ms, kinds = int(at * 60_000), set(entry) - {"at", "with"}
    if kinds == {"fault"}:
        return Happening(at_ms=at_ms, fault=fault_of(where, entry["fault"]))
    if kinds == {"account", "action"}:
        return Happening(at_ms=at_ms, account=str(entry["account"]), action=str(entry["action"]), values=values)
    if kinds == {"market"}:
        return Happening(at_ms=at_ms, market=str(entry["market"]), values=values)
    raise ScenarioError(f"{where}: must have `fault`, or `account` and `action`, or `market`; it has {sorted(kinds)}")


def fault_of(where: str, body: object) -> Fault:
    if not isinstance(body, dict):
        raise ScenarioError(f"{where}: `fault` must be a mapping")
    try:
        return read_fault(body)
    except FaultError as error:
        raise ScenarioError(f"{where}: {error}") from error
