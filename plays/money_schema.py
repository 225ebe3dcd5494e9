"""The parts of a play that are about money: how much, at what price, how it is protected, what a backtest charges."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from engine.protection import ProtectionRules
from engine.sizing import Sizing, SizingMode

Share = Annotated[Decimal, Field(gt=0, lt=10)]
Profit = Annotated[Decimal, Field(gt=0, lt=10)]
Part = Annotated[Decimal, Field(gt=0, lt=1)]
Fee = Annotated[Decimal, Field(ge=0, le=Decimal("0.1"))]


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Term = Annotated[str, BeforeValidator(_as_text), Field(min_length=1), WithJsonSchema({"type": ["string", "number"]})]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SizingSection(Section):
    """How much to trade: exactly one of money, percent of equity, percent of equity lost when the stop is hit, or
    percent of equity by which the position moves when the price moves by one `volatility` (a term, as `atr(14)`)."""

    notional: Decimal | None = Field(default=None, gt=0, le=1_000_000_000)
    percent_of_equity: Decimal | None = Field(default=None, gt=0, le=10_000)
    risk_percent: Decimal | None = Field(default=None, gt=0, le=100)
    volatility_percent: Decimal | None = Field(default=None, gt=0, le=100)
    volatility: Term | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = self.model_fields_set - {"volatility"}
        if len(given) != 1 or None in (getattr(self, name) for name in given):
            raise ValueError("say exactly one of notional, percent_of_equity, risk_percent, volatility_percent")
        if (self.volatility is None) is not (self.volatility_percent is None):
            raise ValueError(
                "volatility_percent and volatility go together: volatility_percent: 0.5, volatility: atr(14)"
            )
        return self

    def sizing(self) -> Sizing:
        if self.notional is not None:
            return Sizing(mode=SizingMode.FIXED_NOTIONAL, amount=self.notional)
        if self.percent_of_equity is not None:
            return Sizing(mode=SizingMode.PERCENT_OF_EQUITY, amount=self.percent_of_equity / 100)
        if self.risk_percent is not None:
            return Sizing(mode=SizingMode.RISK_PER_TRADE, amount=self.risk_percent / 100)
        assert self.volatility_percent is not None
        return Sizing(mode=SizingMode.VOLATILITY_TARGET, amount=self.volatility_percent / 100)


class Protection(Section):
    """Protective exits. See `engine.protection` for what each does."""

    stoploss: Annotated[Decimal, Field(gt=0, lt=1), BeforeValidator(lambda value: abs(_number(value)))] | None = None
    take_profit: Share | None = None
    minimal_roi: Mapping[int, Annotated[Decimal, Field(gt=-1, lt=10)]] = {}
    trailing_stop: bool = False
    trailing_stop_positive: Annotated[Decimal, Field(gt=0, lt=1)] | None = None
    trailing_stop_positive_offset: Annotated[Decimal, Field(ge=0, lt=10)] = Decimal(0)
    trailing_only_offset_is_reached: bool = False
    break_even: Share | None = None
    time_exit: int | None = Field(default=None, gt=0)
    partial_exits: Mapping[Profit, Part] = {}
    take_profit_order: Literal["market", "limit"] = "market"

    @model_validator(mode="after")
    def _partial_exits_fit(self) -> Self:
        if sum(self.partial_exits.values()) >= 1:
            raise ValueError("the parts of partial_exits must leave something: together less than 1")
        if self.take_profit is not None and any(profit >= self.take_profit for profit in self.partial_exits):
            raise ValueError("partial_exits come before the take_profit: each at less profit than that")
        if self.take_profit_order == "limit" and self.take_profit is None and not self.partial_exits:
            raise ValueError("take_profit_order does nothing without a take_profit or partial_exits")
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.trailing_stop_positive is not None and not self.trailing_stop:
            raise ValueError("trailing_stop_positive does nothing without trailing_stop: true")
        if self.trailing_stop and self.stoploss is None and self.trailing_stop_positive is None:
            raise ValueError("trailing_stop needs a stoploss or trailing_stop_positive to trail by")
        if self.trailing_only_offset_is_reached and not self.trailing_stop_positive_offset:
            raise ValueError("trailing_only_offset_is_reached needs a trailing_stop_positive_offset above 0")
        if any(minutes < 0 for minutes in self.minimal_roi):
            raise ValueError("minimal_roi counts minutes from 0 on")
        return self

    def rules(self, leverage: Decimal, bar_minutes: int) -> ProtectionRules:
        return ProtectionRules(
            stoploss=self.stoploss, take_profit=self.take_profit, minimal_roi=tuple(sorted(self.minimal_roi.items())),
            trailing_stop=self.trailing_stop, trailing_stop_positive=self.trailing_stop_positive,
            trailing_stop_positive_offset=self.trailing_stop_positive_offset,
            trailing_only_offset_is_reached=self.trailing_only_offset_is_reached, break_even=self.break_even,
            time_exit_minutes=self.time_exit, leverage=leverage, bar_minutes=bar_minutes,
        )  # fmt: skip

    @property
    def ladder(self) -> tuple[tuple[Decimal, Decimal], ...]:
        """The partial exits: (profit, part), the nearest first."""
        return tuple(sorted(self.partial_exits.items()))


class EntryPrices(Section):
    """A price for each side: a term, as `close - atr(14)`."""

    long: Term | None = None
    short: Term | None = None


class EntryOrder(Section):
    """Entries that wait in the book instead of going in at the next open. `bars` is how long they wait."""

    limit: EntryPrices | None = None
    stop: EntryPrices | None = None
    bars: int = Field(default=1, gt=0, le=10_000)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.limit is None) is (self.stop is None):
            raise ValueError("say either limit or stop")
        return self

    @property
    def kind(self) -> str:
        return "limit" if self.limit else "stop"

    @property
    def prices(self) -> EntryPrices:
        prices = self.limit or self.stop
        assert prices is not None, self
        return prices


class Costs(Section):
    """What a backtest charges, fractions of notional; what is left out is the instrument's. When trading, the exchange
    decides. `funding_rate` is for each 8 hours: positive, longs pay shorts."""

    maker_fee: Fee | None = None
    taker_fee: Fee | None = None
    slippage_percent: Annotated[Decimal, Field(ge=0, le=10)] = Decimal(0)
    slippage_ticks: Annotated[int, Field(ge=0, le=10_000)] = 0
    funding_rate: Annotated[Decimal, Field(gt=-1, lt=1)] = Decimal(0)


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("expected a number")
    try:
        return Decimal(str(value))
    except ArithmeticError:
        raise ValueError("expected a number") from None
