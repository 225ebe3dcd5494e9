"""Rows of the error table: what is known of a failed call, and what a row must find in it to decide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.errors import VenueError


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What is known of one failed call: exchange and its code, HTTP status (0: no answer), class names, text."""

    exchange: str
    code: str
    status: int
    classes: tuple[str, ...]
    text: str
    retry_after_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Fits a failure whose code, status or one of whose classes is listed.

    A row of an `exchange` fits that exchange's failures only (codes are numbers of its own). A row with `texts` (in
    small letters) fits only where one of them is said: some exchanges have one code for many things.
    """

    means: type[VenueError]
    reason: str
    exchange: str = ""
    codes: frozenset[str] = frozenset()
    statuses: frozenset[int] = frozenset()
    classes: frozenset[str] = frozenset()
    texts: tuple[str, ...] = ()

    def fits(self, failure: Failure) -> bool:
        if self.exchange not in ("", failure.exchange):
            return False
        listed = (
            failure.code in self.codes
            or failure.status in self.statuses
            or not self.classes.isdisjoint(failure.classes)
        )
        return listed and (not self.texts or any(text in failure.text.lower() for text in self.texts))


@dataclass(frozen=True, slots=True)
class CodesOf:
    """Makes rows of one exchange's codes, which are numbers behind `sign`."""

    exchange: str
    sign: str = ""

    def __call__(self, means: type[VenueError], reason: str, numbers: str, *texts: str) -> Row:
        """`numbers`: "1000 1001 1100..1106"."""
        codes = frozenset(f"{self.sign}{number}" for number in _numbers(numbers))
        return Row(means=means, reason=reason, exchange=self.exchange, codes=codes, texts=texts)


def by_status(means: type[VenueError], reason: str, *statuses: int) -> Row:
    return Row(means=means, reason=reason, statuses=frozenset(statuses))


def by_class(means: type[VenueError], reason: str, *names: str) -> Row:
    return Row(means=means, reason=reason, classes=frozenset(names))


def _numbers(text: str) -> Iterable[int]:
    for part in text.split():
        first, _, last = part.partition("..")
        yield from range(int(first), int(last or first) + 1)
