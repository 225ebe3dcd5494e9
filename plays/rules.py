"""Conditions, compiled: trees of words -> the program of a play. What cannot be compiled is refused with its column."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import isfinite

from engine.market import timeframe_ns
from plays.conditions import Ago, Call, Expression, Name, Number, On, Operation
from plays.errors import ConditionError, did_you_mean, stranger_in
from plays.indicators import CANDLE_FIELDS, Indicator, catalogue, output_index, parameter_named
from plays.operators import CROSSES, ONE_BAR
from plays.program import Node, Program
from plays.tokens import MOST_LOOK_BACK
from plays.wording import call_text, counted, misfit, plain, signature

ARITHMETIC = ("+", "-", "*", "/")
LOGIC = ("and", "or")
# beyond this a whole number of TA-Lib's is none
MOST_TALIB = 1_000_000


class Compiler:
    """Compiles the conditions of one play. `names` are its own words; those in `below` cannot be used yet."""

    def __init__(self, timeframe: str, names: Mapping[str, Expression], below: Collection[str] = ()) -> None:
        self._timeframe = timeframe
        self._names, self._below = names, below
        self._nodes: list[Node] = []
        self._known: dict[Node, int] = {}

    def program(self, conditions: Mapping[str, Expression], numbers: Mapping[str, Expression] | None = None) -> Program:
        """The program of these rules, with every indicator of a higher timeframe carried to the base, to be seen."""
        rules = {name: self.rule(tree) for name, tree in conditions.items()}
        found = {name: self.number(tree) for name, tree in (numbers or {}).items()}
        for position, node in enumerate(tuple(self._nodes)):
            if node.kind == "output":
                self._to_base(position)
        return Program(timeframe=self._timeframe, nodes=tuple(self._nodes), rules=rules, numbers=found)

    def check_definition(self, tree: Expression) -> None:
        """Raises ConditionError, with the column, when an indicator of the play cannot be compiled.

        One of several outputs need not be chosen yet: `bands: bbands(20)` is used as `bands.upper`.
        """
        call = tree.of if isinstance(tree, On) else tree
        if isinstance(call, Call) and not call.output and call.name.lower() in catalogue():
            first = catalogue()[call.name.lower()].outputs[0]
            call = Call(call.name, call.arguments, call.options, first, call.column)
        self._compile(On(call, tree.timeframe, tree.column) if isinstance(tree, On) else call, self._timeframe)

    def rule(self, tree: Expression) -> int:
        """The node that answers a condition at the close of each base bar. Raises ConditionError with the column."""
        position = self._to_base(self._compile(tree, self._timeframe))
        if not self._nodes[position].is_condition:
            raise ConditionError("this is a number, not a condition", 1, "compare it with something: '>'")
        return position

    def number(self, tree: Expression) -> int:
        """The node that gives a number at the close of each base bar. Raises ConditionError with the column."""
        position = self._to_base(self._compile(tree, self._timeframe))
        if self._nodes[position].is_condition:
            raise ConditionError("this is a condition, not a number", 1, "write a term, as 'close - atr(14)'")
        return position

    # --- one method per kind of word ---

    def _compile(self, tree: Expression, timeframe: str) -> int:
        match tree:
            case Number(value=value):
                return self._add(Node(kind="number", timeframe=timeframe, value=value, text=plain(value)))
            case On(of=part, timeframe=other):
                return self._compile(part, self._checked(other, tree.column))
            case Name():
                return self._name(tree, timeframe)
            case Call():
                return self._call(tree, timeframe)
            case Ago(of=part, bars=bars):
                return self._ago(part, bars, timeframe, tree.column)
            case Operation():
                return self._operation(tree, timeframe)

    def _checked(self, timeframe: str, column: int) -> str:
        if timeframe_ns(timeframe) % timeframe_ns(self._timeframe):
            raise ConditionError(
                f"{timeframe} bars cannot be made of {self._timeframe} bars",
                column,
                "use a multiple of the base timeframe",
            )
        return timeframe

    def _name(self, tree: Name, timeframe: str) -> int:
        if tree.name.lower() in CANDLE_FIELDS and not tree.output:
            return self._candle(tree.name.lower(), timeframe)
        if tree.name in self._names:
            return self._own_name(tree, timeframe)
        if tree.name.lower() in catalogue():
            return self._call(Call(tree.name, (), (), tree.output, tree.column), timeframe)
        raise ConditionError(f"unknown name {tree.name!r}", tree.column, self._hint(tree.name))

    def _own_name(self, tree: Name, timeframe: str) -> int:
        meant = self._names[tree.name]
        if not tree.output:
            return self._compile(meant, timeframe)
        inner = meant.of if isinstance(meant, On) else meant
        if not isinstance(inner, Call):
            raise ConditionError(f"{tree.name!r} has no outputs", tree.column)
        call = Call(inner.name, inner.arguments, inner.options, tree.output, tree.column)
        return self._compile(On(call, meant.timeframe, meant.column) if isinstance(meant, On) else call, timeframe)

    def _hint(self, name: str) -> str:
        if name in self._below:
            return "an indicator may use those above it, not itself or one below"
        known = did_you_mean(name, [*CANDLE_FIELDS, *self._names, *catalogue()])
        return stranger_in(name) or known or "predator list-indicators shows what there is"

    def _call(self, tree: Call, timeframe: str) -> int:
        indicator = catalogue().get(tree.name.lower())
        if indicator is None:
            raise ConditionError(f"unknown indicator {tree.name!r}", tree.column, self._hint(tree.name))
        series, values = self._arguments(tree, indicator, timeframe)
        fields = indicator.inputs[len(series) :]
        inputs = (*series, *(self._candle(name, timeframe) for name in fields))
        own = self._own_lookback(indicator, values, tree.column)
        text = call_text(indicator, [self._nodes[position].text for position in series], values)
        node = Node(
            kind="indicator", timeframe=timeframe, indicator=indicator.name, values=tuple(values.items()),
            inputs=inputs,
            lookback=own + max((self._nodes[position].lookback for position in inputs), default=0), text=text,
        )  # fmt: skip
        return self._output(tree, indicator, self._add(node))

    def _output(self, tree: Call, indicator: Indicator, position: int) -> int:
        index = output_index(indicator, tree.output)
        outputs = ", ".join(indicator.outputs)
        if index is None and not tree.output:
            raise ConditionError(
                f"{indicator.name} has several outputs: {outputs}",
                tree.column,
                f"write {tree.name}(...).{indicator.outputs[0]}",
            )
        if index is None:
            raise ConditionError(
                f"{indicator.name} has no output {tree.output!r}", tree.column,
                did_you_mean(tree.output, indicator.outputs) or f"it has {outputs}",
            )  # fmt: skip
        node = self._nodes[position]
        suffix = f".{indicator.outputs[index]}" if len(indicator.outputs) > 1 else ""
        return self._add(
            Node(kind="output", timeframe=node.timeframe, inputs=(position,), position=index, lookback=node.lookback,
                 text=node.text + suffix)
        )  # fmt: skip

    def _arguments(self, tree: Call, indicator: Indicator, timeframe: str) -> tuple[list[int], dict[str, float]]:
        values = {parameter.name: parameter.default for parameter in indicator.parameters}
        series: list[int] = []
        given = 0
        for argument in tree.arguments:
            number = self._constant(argument)
            if number is None:
                series.append(self._series(argument, indicator, len(series), timeframe))
                continue
            if given == len(indicator.parameters):
                raise ConditionError(
                    f"{indicator.name} takes {counted(given, 'number')}", argument.column, signature(indicator)
                )
            values[indicator.parameters[given].name] = self._fitting(indicator, given, number, argument)
            given += 1
        return series, values | dict(self._option(indicator, name, value, tree) for name, value in tree.options)

    def _option(self, indicator: Indicator, name: str, value: Expression, tree: Call) -> tuple[str, float]:
        parameter = parameter_named(indicator, name)
        if parameter is None:
            hint = did_you_mean(name, [each.name for each in indicator.parameters]) or signature(indicator)
            raise ConditionError(f"{indicator.name} has no parameter {name!r}", tree.column, hint)
        number = self._constant(value)
        if number is None:
            raise ConditionError(f"{name} must be a number", value.column)
        return parameter.name, self._fitting(indicator, indicator.parameters.index(parameter), number, value)

    def _fitting(self, indicator: Indicator, position: int, number: float, tree: Expression) -> float:
        parameter = indicator.parameters[position]
        if parameter.is_integer and number != int(number):
            raise ConditionError(
                f"{parameter.name} of {indicator.name} must be a whole number, not {number:g}", tree.column
            )
        if parameter.is_integer and abs(number) > MOST_TALIB:
            raise ConditionError(f"{parameter.name} of {indicator.name} cannot be {number:g}", tree.column)
        return number

    def _series(self, tree: Expression, indicator: Indicator, already: int, timeframe: str) -> int:
        if already == indicator.free_inputs:
            raise ConditionError(
                f"{indicator.name} takes {counted(indicator.free_inputs, 'series')}",
                tree.column,
                signature(indicator),
            )
        position = self._compile(tree, timeframe)
        node = self._nodes[position]
        if node.is_condition:
            raise ConditionError(f"{indicator.name} needs numbers, this is a condition", tree.column)
        if node.timeframe != timeframe:
            raise ConditionError("an indicator's input must be of its own timeframe", tree.column, "put 'on' outside")
        return position

    def _own_lookback(self, indicator: Indicator, values: Mapping[str, float], column: int) -> int:
        lookback = indicator.lookback(values)
        if lookback < 0:
            given = ", ".join(f"{name}={value:g}" for name, value in values.items())
            raise ConditionError(f"{indicator.name} cannot work with {given}", column, signature(indicator))
        if lookback > MOST_LOOK_BACK:
            hint = f"at most {MOST_LOOK_BACK}: use a higher timeframe, as in 'on 1h'"
            raise ConditionError(f"{indicator.name} looks back {lookback} bars", column, hint)
        return lookback

    def _constant(self, tree: Expression) -> float | None:
        """The number an argument is, when it is one: written out, or a parameter of the play."""
        match tree:
            case Number(value=value):
                return value
            case Name(name=name) if name in self._names:
                return self._constant(self._names[name])
            case Operation(operator="negate", operands=(part,)):
                number = self._constant(part)
                return None if number is None else -number
            case Operation(operator=operator, operands=(first, second)) if operator in ARITHMETIC:
                left, right = self._constant(first), self._constant(second)
                return None if left is None or right is None else _folded(operator, left, right, tree.column)
            case _:
                return None

    def _ago(self, part: Expression, bars: int, timeframe: str, column: int) -> int:
        position = self._compile(part, timeframe)
        node = self._nodes[position]
        if node.kind == "number":
            return position
        if node.is_condition:
            raise ConditionError("'[...]' looks back at a price or an indicator, not at a condition", column)
        return self._add(
            Node(kind="ago", timeframe=node.timeframe, inputs=(position,), bars=bars, lookback=node.lookback + bars,
                 text=f"{node.text}[{bars}]")
        )  # fmt: skip

    def _operation(self, tree: Operation, timeframe: str) -> int:
        number = self._constant(tree)
        if number is not None:
            return self._compile(Number(number, tree.column), timeframe)
        positions = [self._compile(operand, timeframe) for operand in tree.operands]
        logic = tree.operator in (*LOGIC, "not")
        for position, operand in zip(positions, tree.operands, strict=True):
            if self._nodes[position].is_condition != logic:
                raise ConditionError(misfit(tree.operator, logic), operand.column)
        frames = {self._nodes[position].timeframe for position in positions if self._nodes[position].kind != "number"}
        if not frames and not logic:
            raise ConditionError("both sides are fixed numbers: this never changes", tree.column)
        frame = self._timeframe if logic or len(frames) != 1 else frames.pop()
        return self._operation_node(tree.operator, [self._in(frame, position) for position in positions], frame)

    def _operation_node(self, operator: str, inputs: Sequence[int], frame: str) -> int:
        texts = [self._nodes[position].text for position in inputs]
        text = f"{operator} {texts[0]}" if len(texts) == 1 else f"{texts[0]} {operator} {texts[1]}"
        deepest = max(self._nodes[position].lookback for position in inputs)
        return self._add(
            Node(kind="operation", timeframe=frame, operator=operator, inputs=tuple(inputs),
                 lookback=deepest + (operator in CROSSES), is_event=operator in CROSSES,
                 is_condition=operator not in (*ARITHMETIC, "negate"), text=f"({text})")
        )  # fmt: skip

    def _in(self, frame: str, position: int) -> int:
        node = self._nodes[position]
        if node.kind == "number" and node.timeframe != frame:
            return self._add(Node(kind="number", timeframe=frame, value=node.value, text=node.text))
        return position if node.timeframe == frame else self._to_base(position)

    def _to_base(self, position: int) -> int:
        node = self._nodes[position]
        if node.timeframe == self._timeframe:
            return position
        return self._add(
            Node(kind="carry", timeframe=self._timeframe, inputs=(position,), source=node.timeframe,
                 is_condition=node.is_condition, is_event=node.is_event, text=f"{node.text} on {node.timeframe}")
        )  # fmt: skip

    def _candle(self, name: str, timeframe: str) -> int:
        return self._add(Node(kind="candle", timeframe=timeframe, field=name, text=name))

    def _add(self, node: Node) -> int:
        if node not in self._known:
            self._known[node] = len(self._nodes)
            self._nodes.append(node)
        return self._known[node]


def _folded(operator: str, left: float, right: float, column: int) -> float:
    """The value of fixed numbers, which must be one."""
    number = float(ONE_BAR[operator](left, right))
    if not isfinite(number):
        raise ConditionError("this divides by zero" if not right else "this is too large a number", column)
    return number
