from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import pytest

from engine.book.state import Book
from engine.frozen import replace
from engine.order import Order, OrderStatus
from tests.builders import an_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"{self.low} is above {self.high}")


@dataclass(frozen=True)
class WithoutSlots:
    one: int = 1
    two: int = 2


@dataclass(frozen=True, slots=True)
class Derived:
    one: int
    twice: int = field(init=False, default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    one: int
    two: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Child(Parent):
    three: int


def test_the_result_is_that_of_the_standard_library():
    book = Book(sequence=7, day="2026-01-01")

    changed = replace(book, sequence=8, is_panicked=True)

    assert changed == dataclasses.replace(book, sequence=8, is_panicked=True)
    assert type(changed) is Book
    assert book.sequence == 7


def test_what_is_not_replaced_is_the_same_object():
    order = an_order()

    changed = replace(order, status=OrderStatus.ACCEPTED)

    kept = [one.name for one in dataclasses.fields(Order) if one.name != "status"]
    assert all(getattr(changed, name) is getattr(order, name) for name in kept)


def test_inherited_fields_are_kept():
    assert replace(Child(one=1, two=2, three=3), two=5) == Child(one=1, two=5, three=3)


def test_a_name_that_is_no_field_is_refused():
    with pytest.raises(TypeError, match="colour"):
        replace(Book(), colour="red")


def test_a_class_that_checks_its_values_checks_them_again():
    assert replace(Checked(low=1, high=2), high=3) == Checked(low=1, high=3)
    with pytest.raises(ValueError, match="9 is above 2"):
        replace(Checked(low=1, high=2), low=9)


def test_what_is_more_than_plain_and_slotted_goes_the_standard_way():
    assert replace(WithoutSlots(), two=3) == WithoutSlots(two=3)
    with pytest.raises(ValueError, match="twice"):
        replace(Derived(1), twice=4)
