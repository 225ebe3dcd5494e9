"""The words and signs of a condition: text -> tokens, each with its column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite

from plays.errors import ConditionError, stranger_in

# a tree of so many is walked with room to spare on the stack
MOST_WORDS = 300
# further back is a larger timeframe's business; 10,000 minutes are a week
MOST_LOOK_BACK = 10_000


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # number, timeframe, word, sign, end
    text: str
    column: int


TOKEN = re.compile(
    r"(?P<timeframe>\d+[mhd]\b)|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?%?)|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign><=|>=|==|!=|[<>+\-*/()\[\],.=])|(?P<space>\s+)|(?P<wrong>.)",
    re.DOTALL,
)


def tokens_of(text: str) -> list[Token]:
    """The words and signs of a condition. Raises ConditionError at a character that has no meaning here."""
    tokens = []
    for match in TOKEN.finditer(text):
        kind, column = str(match.lastgroup), match.start() + 1
        if kind == "wrong":
            raise ConditionError(f"{match.group()!r} means nothing in a condition", column, stranger_in(match.group()))
        if kind != "space":
            tokens.append(Token(kind, match.group(), column))
    if len(tokens) > MOST_WORDS:
        raise ConditionError(f"a condition of {len(tokens)} words is too long to be checked", 1, "give parts a name")
    return [*tokens, Token("end", "", len(text) + 1)]


def number_of(token: Token) -> float:
    """The value of a number; `2%` is 0.02. Raises ConditionError for one beyond all bounds."""
    percent = token.text.endswith("%")
    value = float(token.text.rstrip("%"))
    if not isfinite(value):
        raise ConditionError(f"{token.text} is too large a number", token.column)
    return value / 100 if percent else value
