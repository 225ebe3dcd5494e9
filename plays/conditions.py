"""The language of conditions, as a trader reads them, and its parser (text -> tree).

    ema(20) crosses above ema(50) and rsi(14) < 30 on 5m
    close > highest(20)[1] * 1.001 or not (volume < sma(volume, 20) on 1h)

    condition  := all-of ("or" all-of)*                 all-of := negation ("and" negation)*
    negation   := "not" negation | comparison
    comparison := sum ["on" TIMEFRAME] [OPERATOR sum ["on" TIMEFRAME]]
    OPERATOR   := "<" | "<=" | ">" | ">=" | "==" | "!=" | "crosses above" | "crosses below"
    sum        := product (("+" | "-") product)*        product := unary (("*" | "/") unary)*
    unary      := "-" unary | term
    term       := (NUMBER | NAME | call | "(" condition ")") ["[" bars "]"]
    call       := NAME "(" arguments ")" ["." OUTPUT]

`on 5m` belongs to all of the comparison it ends (`(a and b) on 5m`: to the group; `ema(20) on 5m > close`: to that
term) and says: as of the last closed 5-minute bar. `[2]` is the value two bars of its timeframe earlier. `2%` is 0.02.
A cross on a higher timeframe is true only at the base bar that closes the higher one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from engine.market import TIMEFRAME_MINUTES
from plays.errors import ConditionError, did_you_mean
from plays.tokens import MOST_LOOK_BACK, Token, number_of, tokens_of

KEYWORDS = ("and", "or", "not", "crosses", "above", "below", "on")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
DEEPEST = 30


@dataclass(frozen=True, slots=True)
class Number:
    value: float
    column: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    output: str = ""
    column: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Expression, ...]
    options: tuple[tuple[str, Expression], ...]
    output: str = ""
    column: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Ago:
    of: Expression
    bars: int
    column: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Operation:
    """`operator` is arithmetic, a comparison, a cross, `and`, `or`, `not` or `negate`."""

    operator: str
    operands: tuple[Expression, ...]
    column: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class On:
    of: Expression
    timeframe: str
    column: int = field(compare=False, default=0)


Expression = Number | Name | Call | Ago | Operation | On


@lru_cache(maxsize=512)
def parse(text: str) -> Expression:
    """The tree of a condition. Nobody can change it, so the thousands of variants of a play in a search share it.

    Raises ConditionError, with the column, when it is not one.
    """
    parser = _Parser(tokens_of(text))
    tree = parser.condition()
    parser.expect_end()
    return tree


Part = Callable[[], Expression]


class _Parser:
    """Recursive descent over the grammar above: one method per line of it."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0

    # --- reading tokens ---

    @property
    def _next(self) -> Token:
        return self._tokens[self._position]

    def _take(self) -> Token:
        token = self._next
        self._position += token.kind != "end"
        return token

    def _next_is(self, *texts: str) -> bool:
        return self._next.kind in ("word", "sign") and self._next.text.lower() in texts

    def _accept(self, *texts: str) -> Token | None:
        return self._take() if self._next_is(*texts) else None

    def _expect(self, text: str, why: str) -> Token:
        return self._accept(text) or self._fail(f"expected {text!r} {why}")

    def _fail(self, reason: str, hint: str = "") -> Token:
        found = "the condition ends" if self._next.kind == "end" else f"found {self._next.text!r}"
        raise ConditionError(f"{reason}, {found}", self._next.column, hint)

    def expect_end(self) -> None:
        if self._next.kind != "end":
            hint = did_you_mean(self._next.text, KEYWORDS) if self._next.kind == "word" else ""
            self._fail("expected an operator, 'and', 'or' or 'on'", hint)

    # --- the grammar ---

    def condition(self) -> Expression:
        return self._chain(("or",), lambda: self._chain(("and",), self._negation))

    def _chain(self, operators: tuple[str, ...], part: Part) -> Expression:
        left = part()
        while (token := self._accept(*operators)) is not None:
            left = Operation(token.text.lower(), (left, part()), token.column)
        return left

    def _negation(self) -> Expression:
        nots = []
        while (token := self._accept("not")) is not None:
            nots.append(token)
        self._require_shallow(len(nots), "'not'")
        tree = self._comparison()
        for token in reversed(nots):
            tree = Operation("not", (tree,), token.column)
        return tree

    def _comparison(self) -> Expression:
        left = self._maybe_on(self._sum())
        token = self._next
        operator = self._comparison_operator()
        if operator is None:
            return left
        return self._maybe_on(Operation(operator, (left, self._sum()), token.column))

    def _maybe_on(self, tree: Expression) -> Expression:
        on = self._accept("on")
        return tree if on is None else On(tree, self._timeframe(), on.column)

    def _comparison_operator(self) -> str | None:
        if (token := self._accept(*COMPARISONS)) is not None:
            return token.text
        if self._next_is("="):
            self._fail("'=' compares nothing", "write '=='")
        if self._accept("crosses") is None:
            return None
        direction = self._accept("above", "below")
        if direction is None:
            self._fail("expected 'above' or 'below' after 'crosses'", did_you_mean(self._next.text, ("above", "below")))
        return f"crosses {direction.text.lower()}" if direction else None

    def _timeframe(self) -> str:
        token = self._next
        if token.text not in TIMEFRAME_MINUTES:
            self._fail("expected a timeframe after 'on'", f"known are {', '.join(TIMEFRAME_MINUTES)}")
        return self._take().text

    def _sum(self) -> Expression:
        return self._chain(("+", "-"), lambda: self._chain(("*", "/"), self._unary))

    def _unary(self) -> Expression:
        signs = []
        while (token := self._accept("-")) is not None:
            signs.append(token)
        self._require_shallow(len(signs), "'-'")
        tree = self._term()
        for token in reversed(signs):
            tree = Operation("negate", (tree,), token.column)
        return tree

    def _term(self) -> Expression:
        tree = self._bare_term()
        opening = self._accept("[")
        if opening is None:
            return tree
        bars = self._whole_number()
        self._expect("]", "after the number of bars")
        return Ago(tree, bars, opening.column) if bars else tree

    def _whole_number(self) -> int:
        token = self._next
        if not token.text.isdigit() or int(token.text) > MOST_LOOK_BACK:
            hint = "a play cannot see the future" if self._next_is("-") else ""
            self._fail(f"expected a number of bars from 0 to {MOST_LOOK_BACK}", hint)
        return int(self._take().text)

    def _number(self) -> Expression:
        token = self._take()
        return Number(number_of(token), token.column)

    def _require_shallow(self, count: int, what: str) -> None:
        if count > DEEPEST:
            raise ConditionError(f"{count} times {what} in a row", self._next.column)

    def _bare_term(self) -> Expression:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ConditionError("too many levels of parentheses", self._next.column)
        tree = self._one_term()
        self._depth -= 1
        return tree

    def _one_term(self) -> Expression:
        token = self._next
        if self._accept("("):
            tree = self.condition()
            self._expect(")", "to close the parenthesis")
            return tree
        if token.kind == "number":
            return self._number()
        if token.kind != "word" or token.text.lower() in KEYWORDS:
            self._fail("expected a price, an indicator, a number or '('")
        return self._named()

    def _named(self) -> Expression:
        token = self._take()
        if self._accept("("):
            arguments, options = self._arguments()
            return Call(token.text, arguments, options, self._output(), token.column)
        return Name(token.text, self._output(), token.column)

    def _output(self) -> str:
        if self._accept(".") is None:
            return ""
        if self._next.kind != "word":
            self._fail("expected the name of an output after '.'")
        return self._take().text

    def _arguments(self) -> tuple[tuple[Expression, ...], tuple[tuple[str, Expression], ...]]:
        arguments: list[Expression] = []
        options: list[tuple[str, Expression]] = []
        while not self._accept(")"):
            if arguments or options:
                self._expect(",", "or ')' between arguments")
            self._argument(arguments, options)
        return tuple(arguments), tuple(options)

    def _argument(self, arguments: list[Expression], options: list[tuple[str, Expression]]) -> None:
        following = self._tokens[min(self._position + 1, len(self._tokens) - 1)]
        if self._next.kind == "word" and following.text == "=":
            name = self._take().text
            self._take()
            options.append((name, self._sum()))
        elif options:
            self._fail("an argument without a name cannot follow one with a name")
        else:
            arguments.append(self._sum())
