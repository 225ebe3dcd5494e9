"""When the breaker trips: the sections `breaker` and `breaker.host` of the settings, made from the limits they set.

Names, types and defaults are those of `Limits` and `HostLimits` in `engine.safety`, so there is one place where a
threshold is explained and none where it could be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Annotated, Any, Self, get_type_hints

from pydantic import Field, create_model, model_validator

from engine.safety.host import HostLimits
from engine.safety.limits import Limits
from instance_manager.section import Section

PAIR = ("_yellow", "_red")
FALLING = ("disk_free_mb",)  # less is worse
NAMES = (
    *("alarm_window_ms", "quiet_ms", "silence_ms", "slow_window_ms", "restarts_window_ms", "slow_answers_ms"),
    *("rush_factor", "rush_orders", "huge_slippage", "slippage_pause_ms", "most_entry_failures", "stale_data_ms"),
    *("volatility_bars", "max_volatility", "position_excess_yellow", "position_excess_red"),
    *("sharpe_trades", "naked_limit_ms"),
    *(field.name for field in fields(Limits) if field.name.endswith(PAIR) and field.type == "int"),
)
SIGNED = ("least_sharpe",)


class Thresholds(Section):
    """What YELLOW means must be reached before what RED means."""

    @model_validator(mode="after")
    def _yellow_comes_before_red(self) -> Self:
        for name in (one for one in type(self).model_fields if one.endswith("_red")):
            yellow = name.replace("_red", "_yellow")
            if not _is_in_order(name, getattr(self, yellow), getattr(self, name)):
                raise ValueError(f"{yellow} must be reached before {name}")
        return self


def _is_in_order(name: str, yellow: Any, red: Any) -> bool:
    return bool(yellow >= red if name.startswith(FALLING) else yellow <= red)


def _section(title: str, source: type, names: Iterable[str], more: dict[str, Any]) -> type[Thresholds]:
    """A section with these fields of a dataclass of limits: positive, with its defaults."""
    hints, defaults = get_type_hints(source), source()
    declared: dict[str, Any] = {name: (Annotated[hints[name], Field(gt=0)], getattr(defaults, name)) for name in names}
    return create_model(title, __base__=Thresholds, **declared, **more)


def _breaker() -> type[Thresholds]:
    host = _section("HostThresholds", HostLimits, (field.name for field in fields(HostLimits)), {})
    hints, defaults = get_type_hints(Limits), Limits()
    signed = {name: (hints[name], getattr(defaults, name)) for name in SIGNED}
    return _section("BreakerThresholds", Limits, NAMES, {"host": (host, host()), **signed})


if TYPE_CHECKING:
    BreakerThresholds = Thresholds
else:
    BreakerThresholds = _breaker()


def with_thresholds(limits: Limits, chosen: Thresholds) -> Limits:
    """`limits` with what the settings say of the breaker."""
    values = chosen.model_dump()
    return replace(limits, host=HostLimits(**values.pop("host")), **values)
