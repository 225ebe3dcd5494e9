import pytest

from plays.conditions import Ago, Call, Name, Number, On, Operation, parse
from plays.errors import ConditionError


def test_a_condition_is_read_as_a_trader_reads_it():
    tree = parse("ema(20) crosses above ema(50) and rsi(14) < 30 on 5m")

    assert tree == Operation("and", (
        Operation("crosses above", (Call("ema", (Number(20),), ()), Call("ema", (Number(50),), ()))),
        On(Operation("<", (Call("rsi", (Number(14),), ()), Number(30))), "5m"),
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a > 1 or b > 1 and c > 1", "a > 1 or (b > 1 and c > 1)"),
        ("not a > 1 and b > 1", "(not (a > 1)) and b > 1"),
        ("a + b * c > d", "(a + (b * c)) > d"),
        ("a - b - c > d", "((a - b) - c) > d"),
        ("-a[1] > b", "(-(a[1])) > b"),
        ("a > 2%", "a > 0.02"),
        ("a > b[0]", "a > b"),
        ("A > 1 AND b < 2", "A > 1 and b < 2"),
        ("ema(20) on 5m > close", "(ema(20) on 5m) > close"),
    ],
)
def test_precedence_and_spelling(text, same):
    assert parse(text) == parse(same)


def test_looking_back_and_outputs():
    assert parse("macd(12, 26, signal=9).hist[2] > x") == Operation(">", (
        Ago(Call("macd", (Number(12), Number(26)), (("signal", Number(9)),), "hist"), 2), Name("x"),
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("", 1, "the condition ends"),
        ("ema(20", 7, "expected ',' or ')'"),
        ("close > > 3", 9, "found '>'"),
        ("close = 3", 7, "write '=='"),
        ("close ? 3", 7, "'?' means nothing"),
        ("a croses above b", 3, "did you mean 'crosses'"),
        ("a crosses abov b", 11, "did you mean 'above'"),
        ("close on 7m > 2", 10, "known are 1m, 3m, 5m"),
        ("close[-1] > 2", 7, "expected a number of bars"),
        ("close[99999] > 2", 7, "from 0 to 10000"),
        ("ema(period=20, 3) > 1", 16, "cannot follow"),
        ("close > 1 close", 11, "expected an operator"),
        ("and > 1", 1, "expected a price"),
        ("(" * 200 + "close", 31, "too many levels"),
        ("ema(" * 100 + "close", 121, "too many levels"),
        ("a > 1 and " * 200 + "a > 1", 1, "too long"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_column(text, column, said):
    with pytest.raises(ConditionError) as refusal:
        parse(text)

    assert refusal.value.column == column
    assert said in str(refusal.value)
