"""A play: a strategy as data. Read by `loading.load_play`, which adds file and line to every error.

Ratios in `protection` keep freqtrade's names and meaning: shares of the stake (leverage counts), `stoploss` may be
written negative as freqtrade does. Percentages in `sizing` are percent. The unit of `time_exit` and of the keys of
`minimal_roi` is minutes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from engine.errors import ConfigurationError
from engine.market import TIMEFRAME_MINUTES
from engine.protection import ProtectionRules
from engine.signal import Intent
from plays.conditions import Expression, Number, Operation, parse
from plays.errors import did_you_mean
from plays.money_schema import Costs, EntryOrder, Protection, Section, SizingSection
from plays.program import Program
from plays.rules import Compiler
from plays.score import Required
from plays.sections import FOR_EVER, NAMES

RULES: Mapping[str, int] = {
    "entry.long": Intent.ENTER_LONG, "exit.long": Intent.EXIT_LONG,
    "entry.short": Intent.ENTER_SHORT, "exit.short": Intent.EXIT_SHORT,
}  # fmt: skip
NAME = r"^[a-z][a-z0-9_]*$"
MOST_SYMBOLS = 500
ONE_ACCOUNT = ("symbol", "symbols", "max_open_trades")
SYMBOL = r"^[A-Z0-9]+/[A-Z0-9]+:[A-Z0-9]+$"


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _timeframe(value: Any) -> Any:
    if not isinstance(value, str) or value not in TIMEFRAME_MINUTES:
        raise ValueError(f"unknown timeframe {value!r}; known are {', '.join(TIMEFRAME_MINUTES)}")
    return value


_CONDITIONS_SCHEMA = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    "description": "One condition, or several that must all hold.",
}
Conditions = Annotated[tuple[str, ...], BeforeValidator(_listed), WithJsonSchema(_CONDITIONS_SCHEMA)]
Timeframe = Annotated[
    str, BeforeValidator(_timeframe), WithJsonSchema({"type": "string", "enum": list(TIMEFRAME_MINUTES)})
]
Symbol = Annotated[str, Field(pattern=SYMBOL)]
OwnName = Annotated[str, Field(pattern=NAME, max_length=60)]


class Sides(Section):
    """Conditions for each side. Several conditions for one side must all hold."""

    long: Conditions = ()
    short: Conditions = ()


class Sections(Section):
    """A play in five sections, for one side. `signal_minutes` is how long a signal stands; for ever when left out."""

    side: Literal["long", "short"]
    S1: Conditions
    Z1: Conditions
    O1: Conditions = ()
    ZE1: Conditions = ()
    E1: Conditions = ()
    signal_minutes: int | None = Field(default=None, gt=0)

    def bits(self) -> tuple[int, int]:
        """The intents of an entry and of an exit."""
        long = self.side == "long"
        return (Intent.ENTER_LONG, Intent.EXIT_LONG) if long else (Intent.ENTER_SHORT, Intent.EXIT_SHORT)

    def lapse_bars(self, bar_minutes: int) -> int:
        """How many bars a signal stands, its own included."""
        return FOR_EVER if self.signal_minutes is None else -(-self.signal_minutes // bar_minutes)


class Parameter(Section):
    """A number of the play, with the range a search may try."""

    value: float
    low: float | None = None
    high: float | None = None
    step: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}")
        if self.low is not None and self.high is not None and not self.low <= self.value <= self.high:
            raise ValueError(f"value {self.value:g} is outside its range of {self.low:g} to {self.high:g}")
        return self


def _symbol_or_symbols(schema: dict[str, Any]) -> None:
    """In the JSON Schema `symbol` may be left out where `symbols` are said."""
    schema["required"].remove("symbol")
    schema["anyOf"] = [{"required": ["symbol"]}, {"required": ["symbols"]}]


class Play(Section):
    """What to want: when to be long or short, how much, and how it is protected; in one instrument, or in several on
    one account (`symbols`, which then say `symbol`, the first of them, too; `max_open_trades` positions at once)."""

    model_config = ConfigDict(json_schema_extra=_symbol_or_symbols)

    name: OwnName
    why: Annotated[str, Field(min_length=10)]
    symbol: Symbol
    symbols: Annotated[tuple[Symbol, ...], Field(max_length=MOST_SYMBOLS)] = ()
    max_open_trades: int | None = Field(default=None, gt=0)
    timeframe: Timeframe = "1m"
    parameters: Mapping[OwnName, float | Parameter] = {}
    indicators: Mapping[OwnName, str] = {}
    entry: Sides = Sides()
    exit: Sides = Sides()
    sections: Sections | None = None
    sizing: SizingSection
    entry_order: EntryOrder | None = None
    leverage: Annotated[Decimal, Field(ge=1, le=125)] = Decimal(1)
    protection: Protection = Protection()
    costs: Costs = Costs()
    required: Required = Required()

    @model_validator(mode="before")
    @classmethod
    def _first_symbol(cls, given: Any) -> Any:
        if isinstance(given, dict) and "symbol" not in given and isinstance(given.get("symbols"), list | tuple):
            return {**given, "symbol": next(iter(given["symbols"]), "")}
        return given

    @model_validator(mode="after")
    def _symbols_fit(self) -> Self:
        if self.symbols and (self.symbol != self.symbols[0] or len(set(self.symbols)) < len(self.symbols)):
            raise ValueError("say symbol or symbols, and none of the symbols twice")
        if self.max_open_trades is not None and not self.symbols:
            raise ValueError("max_open_trades is for a play with several symbols")
        return self

    @model_validator(mode="after")
    def _can_trade(self) -> Self:
        has_short_form = any((self.entry.long, self.entry.short, self.exit.long, self.exit.short))
        if self.sections and has_short_form:
            raise ValueError("say either entry and exit, or sections")
        if self.sections and not (self.sections.S1 and self.sections.Z1):
            raise ValueError("sections need conditions for S1 and Z1")
        if not self.sections and not self.entry.long and not self.entry.short:
            raise ValueError("a play needs an entry for long, short or both")
        if self.sizing.risk_percent is not None and self.protection.stoploss is None:
            raise ValueError("sizing by risk_percent needs a stoploss to measure the risk by")
        return self

    @model_validator(mode="after")
    def _entry_order_fits(self) -> Self:
        if self.entry_order is None:
            return self
        for side in ("long", "short"):
            is_entered = self.sections.side == side if self.sections else bool(getattr(self.entry, side))
            if is_entered is not bool(getattr(self.entry_order.prices, side)):
                raise ValueError(f"entry_order needs a price for {side}" if is_entered else
                                 f"entry_order has a price for {side}, which is never entered")  # fmt: skip
        return self

    @cached_property
    def program(self) -> Program:
        """The rules, compiled. Raises ConditionError when one cannot be; a loaded play has been through this."""
        return Compiler(self.timeframe, self.names).program(
            {name: all_of([parse(text) for text in texts]) for name, texts in self.conditions.items()},
            {name: parse(text) for name, text in self.numbers.items()},
        )

    @property
    def names(self) -> Mapping[str, Expression]:
        """The play's own words: its parameters and indicators."""
        numbers = {name: Number(value.value if isinstance(value, Parameter) else value) for name, value in
                   self.parameters.items()}  # fmt: skip
        return {**numbers, **{name: parse(text) for name, text in self.indicators.items()}}

    @property
    def conditions(self) -> Mapping[str, tuple[str, ...]]:
        """The rules that are given, by name (`entry.long`, `sections.S1`)."""
        if self.sections:
            texts_of = {name: getattr(self.sections, name) for name in NAMES}
            return {f"sections.{name}": texts for name, texts in texts_of.items() if texts}
        rules = {
            "entry.long": self.entry.long, "exit.long": self.exit.long,
            "entry.short": self.entry.short, "exit.short": self.exit.short,
        }  # fmt: skip
        return {name: texts for name, texts in rules.items() if texts}

    @property
    def numbers(self) -> Mapping[str, str]:
        """The terms that an entry is made with, by name (`sizing.volatility`, `entry_order.limit.long`)."""
        terms = {} if self.sizing.volatility is None else {"sizing.volatility": self.sizing.volatility}
        if self.entry_order is not None:
            prices, kind = self.entry_order.prices, self.entry_order.kind
            both = {f"entry_order.{kind}.long": prices.long, f"entry_order.{kind}.short": prices.short}
            terms |= {name: text for name, text in both.items() if text}
        return terms

    @property
    def only_in_backtests(self) -> tuple[str, ...]:
        """The words of this play that only a backtest knows how to do."""
        words = {
            "entry_order": self.entry_order is not None, "partial_exits": bool(self.protection.partial_exits),
            "take_profit_order": self.protection.take_profit_order != "market",
        }  # fmt: skip
        return tuple(word for word, is_said in words.items() if is_said)

    def with_parameters(self, values: Mapping[str, float]) -> Play:
        """The same play with other values for these parameters. Raises ConfigurationError for one it does not have."""
        for name in values:
            if name not in self.parameters:
                hint = did_you_mean(name, self.parameters) or f"it has {', '.join(self.parameters) or 'none'}"
                raise ConfigurationError(f"{self.name} has no parameter {name!r} ({hint})")
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return Play(**given | {"parameters": {**self.parameters, **values}})

    def with_symbols(self, symbols: Sequence[str], max_open_trades: int | None) -> Play:
        """The same play in these instruments; with several, at most so many positions at once."""
        several = {"symbols": tuple(symbols), "max_open_trades": max_open_trades} if len(symbols) > 1 else {}
        given = {name: getattr(self, name) for name in type(self).model_fields if name not in ONE_ACCOUNT}
        return Play(**given | {"symbol": symbols[0]} | several)

    @property
    def warmup_bars(self) -> int:
        """Base bars before the first signal."""
        return self.program.warmup_bars

    def protection_rules(self) -> ProtectionRules:
        """The protective exits as the engine reads them."""
        return self.protection.rules(self.leverage, TIMEFRAME_MINUTES[self.timeframe])

    @cached_property
    def hash(self) -> str:
        """12 hex digits that are equal for plays that decide the same: name, reason and spelling do not count."""
        rules = {name: self.program.nodes[position].text for name, position in self.program.rules.items()}
        protection = [str(number) for number in self.protection_rules().row()]
        sizing = self.sizing.sizing()
        content: list[object] = [
            self.symbol, self.timeframe, rules, protection, sizing.mode.name, _plain(sizing.amount),
            _plain(self.leverage),
        ]  # fmt: skip
        if self.sections:
            content += [self.sections.side, self.sections.signal_minutes]
        content += self._more_that_decides()
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]

    def _more_that_decides(self) -> list[object]:
        """Of what most plays do not say, what is said: so that a new word changes no old play's hash."""
        shared: list[object] = [["symbols", self.symbols, self.max_open_trades]] if self.symbols else []
        more: list[object] = shared + [
            [name, self.program.nodes[position].text] for name, position in self.program.numbers.items()
        ]
        if self.entry_order is not None:
            more.append(["bars", self.entry_order.bars])
        if self.protection.partial_exits:
            more.append(["partial_exits", [[_plain(one) for one in pair] for pair in self.protection.ladder]])
        if self.protection.take_profit_order != "market":
            more.append(["take_profit_order", self.protection.take_profit_order])
        return more


def all_of(trees: list[Expression]) -> Expression:
    """The condition that holds when all of these do."""
    whole = trees[0]
    for tree in trees[1:]:
        whole = Operation("and", (whole, tree), tree.column)
    return whole


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")
