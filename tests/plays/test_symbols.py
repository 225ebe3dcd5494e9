"""A play in several instruments: how it is said, and what is refused."""

import pytest
from play_builders import a_play

from plays.errors import PlayError

BOTH = ("BTC/USDT:USDT", "ETH/USDT:USDT")
TEXT = """
name: many
why: It exists to be tested.
{symbols}
entry: {{long: ema(3) crosses above ema(8)}}
sizing: {{notional: 1000}}
"""


def said(symbols):
    from plays.loading import parse_play

    return parse_play(TEXT.format(symbols=symbols))


def test_several_symbols_are_an_account_and_the_first_of_them_is_the_symbol():
    play = said("symbols: [BTC/USDT:USDT, ETH/USDT:USDT]\nmax_open_trades: 1")

    assert (play.symbol, play.symbols, play.max_open_trades) == (BOTH[0], BOTH, 1)
    hashes = {play.hash, said("symbol: BTC/USDT:USDT").hash, said("symbols: [BTC/USDT:USDT, ETH/USDT:USDT]").hash,
              said("symbols: [ETH/USDT:USDT, BTC/USDT:USDT]").hash}  # fmt: skip
    assert len(hashes) == 4


def test_a_play_may_be_put_into_other_instruments():
    play = a_play().with_symbols(BOTH, 1)

    assert (play.symbols, play.max_open_trades) == (BOTH, 1)
    assert play.with_symbols(BOTH[:1], None).hash == a_play().hash
    assert play.with_parameters({}).hash == play.hash


@pytest.mark.parametrize(
    ("symbols", "reason"),
    [
        ("", "symbol is missing"),
        ("symbols: []", "will not do"),
        ("symbols: [BTC/USDT:USDT, BTC/USDT:USDT]", "none of the symbols twice"),
        ("symbols: [BTC]", "write it as ccxt does"),
        ("symbol: ETH/USDT:USDT\nsymbols: [BTC/USDT:USDT, ETH/USDT:USDT]", "say symbol or symbols"),
        ("symbol: BTC/USDT:USDT\nmax_open_trades: 2", "is for a play with several symbols"),
        ("symbols: [BTC/USDT:USDT, ETH/USDT:USDT]\nmax_open_trades: 0", "greater than 0"),
    ],
)
def test_what_is_wrong_with_symbols_is_said(symbols, reason):
    with pytest.raises(PlayError, match=reason):
        said(symbols)
