"""Checkpoint: the fold of a journal up to one message, so that what came before may go into an archive."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import TypeAdapter, ValidationError

from engine.book.fold import apply
from engine.book.state import Book
from engine.errors import StoreError
from engine.messages.base import Message
from engine.messages.facts import Checkpoint, LimitsSet

_BOOK: TypeAdapter[Book] = TypeAdapter(Book)


def after(events: Iterable[tuple[int, Message]]) -> Checkpoint:
    """The checkpoint after these (recorded at, message); they may begin with an earlier one."""
    book, limits = Book(), dict[str, str]()
    for recorded_at_ns, event in events:
        if isinstance(event, Checkpoint):
            book, limits = book_of(event), event.limits
            continue
        book = apply(book, event, recorded_at_ns)
        limits = event.limits if isinstance(event, LimitsSet) else limits
    return Checkpoint(book=_BOOK.dump_json(book).decode(), limits=limits)


def book_of(checkpoint: Checkpoint) -> Book:
    """The book it holds. Raises StoreError for one another program made."""
    try:
        return _BOOK.validate_json(checkpoint.book)
    except ValidationError as error:
        raise StoreError(
            f"the journal's checkpoint cannot be understood: {error.errors(include_url=False)[:2]}"
        ) from error
