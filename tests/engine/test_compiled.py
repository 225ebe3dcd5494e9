import numba
import pytest

from engine import compiled, sizing


def test_what_is_compiled_gives_what_the_source_gives():
    double = compiled.compile_with(sizing.fee_units, ())

    assert [double(number, 550_000) for number in (0, 1, 10**15)] == [
        sizing.fee_units(number, 550_000) for number in (0, 1, 10**15)
    ]


def test_the_name_follows_from_all_the_sources_so_that_no_stale_code_is_run():
    one = compiled.compile_with(sizing.lots_for, (sizing.share_of,))

    assert one.py_func.__name__.startswith("lots_for_")
    assert one.py_func.__name__ == f"lots_for_{compiled._fingerprint((sizing.share_of, sizing.lots_for))}"


def test_without_a_folder_for_the_cache_it_compiles_all_the_same(monkeypatch):
    njit = numba.njit

    def refusing(*given, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(*given, **options)

    monkeypatch.setattr(numba, "njit", refusing)

    assert compiled.compile_with(sizing.share_of, ())(100, 10**9) == 100


def test_an_edit_of_a_part_is_another_name(monkeypatch):
    before = compiled._fingerprint((sizing.share_of,))
    monkeypatch.setattr(compiled.inspect, "getsource", lambda module: "edited")

    assert compiled._fingerprint((sizing.share_of,)) != before


def test_all_is_compiled_ahead():
    from plays.compiling import compile_ahead

    compile_ahead()


@pytest.mark.parametrize("amount", [0, 1, 999_999_999, 10**18])
def test_shares_never_leave_64_bits_in_compiled_code(amount):
    assert compiled.compile_with(sizing.share_of, ())(amount, 10**9) == amount


def test_what_counts_no_references_is_another_entry_of_the_cache():
    one, other = (compiled.compile_with(sizing.share_of, (), allocates=flag) for flag in (True, False))

    assert one.py_func.__name__ != other.py_func.__name__
    assert one(100, 10**9) == other(100, 10**9)
