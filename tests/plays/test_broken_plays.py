"""A corpus of plays that are wrong, each refused at its place. The last line of a file says where and how."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plays.errors import PlayError
from plays.loading import library_plays, load_play, parse_play
from plays.schema import Play

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.yml"))
GOOD = {path.stem: path.read_text(encoding="utf-8") for path in library_plays().values()}
LIST = "entry:\n  long:\n"
SMALL = """\
name: tried
why: It exists to be tested.
symbol: BTC/USDT:USDT
sizing: {notional: 1000}
"""


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_b2_a_broken_play_is_refused_at_its_line_and_column_with_a_reason(file):
    wanted = re.fullmatch(r"# refused at (\d+:\d+): (.+)", file.read_text(encoding="utf-8").splitlines()[-1])
    assert wanted, "the last line of the file must say what is expected"

    with pytest.raises(PlayError) as refusal:
        load_play(file)

    assert str(refusal.value).startswith(f"{file}:{wanted[1]}: {wanted[2]}")


def test_the_corpus_is_there():
    assert len(CORPUS) >= 80


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (f"name: {'[' * 3_000}{']' * 3_000}\n", "1:26", "more than 20 levels"),
        (f"{SMALL}required: {'{a: ' * 1_500}1{'}' * 1_500}\n", "5:84", "more than 20 levels"),
        (f"{SMALL.replace('1000', '9' * 6_000)}{LIST}    - close > 1\n", "4:20", "no value"),
        (SMALL + LIST + "    - close > 1\n" * 2_000, "7:5", "2000 conditions for one rule (at most 50)"),
        (f"{SMALL}leverage: te\x07n\n", "5:13", "the character U+0007 cannot stand in a play"),
        (f"{SMALL}\0", "5:1", "the character U+0000 cannot stand in a play"),
    ],
    ids=["deep list", "deep mapping", "huge number", "many conditions", "control character", "zero byte"],
)
def test_hostile_texts_are_refused_at_their_place(text, place, said):
    with pytest.raises(PlayError) as refusal:
        parse_play(text, "play.yml")

    assert str(refusal.value).startswith(f"play.yml:{place}: ")
    assert said in str(refusal.value)


def test_a_chain_of_names_too_deep_to_compile_is_refused():
    names = "".join(f"  a{number}: a{number - 1} + 1\n" for number in range(1, 400))
    text = f"{SMALL}indicators:\n  a0: close\n{names}entry: {{long: a399 > 1}}\n"

    with pytest.raises(PlayError, match="151 inside each other"):
        parse_play(text)


def test_a_file_too_large_to_be_a_play_is_not_read_to_its_end(tmp_path):
    file = tmp_path / "large.yml"
    with file.open("wb") as opened:
        opened.truncate(10**10)  # sparse: it takes no room on the disk

    with pytest.raises(PlayError, match="is not a play"):
        load_play(file)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(text=st.text(max_size=60) | st.text(alphabet="[]{}&*!|>'\"%@`#-:, \n\tab1.", max_size=60))
def test_any_text_is_a_play_or_a_refusal(text):
    with pytest.raises(PlayError):
        parse_play(text)


SLIPS = st.sampled_from(["-", "1e999", " / 0", "[9]", ".inf", "null", "on 1d", ": [", "&a ", "*a"])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(name=st.sampled_from(sorted(GOOD)), at=st.floats(0, 1), cut=st.integers(0, 12), put=st.text(max_size=6) | SLIPS)
def test_a_play_mistyped_anywhere_is_a_play_or_a_refusal_with_its_place(name, at, cut, put):
    text = GOOD[name]
    place = int(at * len(text))

    outcome = play_or_refusal(text[:place] + put + text[place + cut :])

    assert isinstance(outcome, Play) or re.match(r"play\.yml:\d+:\d+: .", str(outcome))


def play_or_refusal(text):
    try:
        return parse_play(text, "play.yml")
    except PlayError as refusal:
        return refusal
