"""Checkpoint: the fold of a journal up to one message, so that what came before may go into an archive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter, ValidationError

from engine.book.fold import apply
from engine.book.state import Book
from engine.errors import StoreError
from engine.messages.base import Message
from engine.messages.facts import Checkpoint, LimitsSet

_BOOK: TypeAdapter[Book] = TypeAdapter(Book)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """What a recovery needs of a story, message by message; the story may begin with an earlier checkpoint."""

    book: Book = Book()
    limits: Mapping[str, str] = field(default_factory=dict)

    def after(self, recorded_at_ns: int, event: Message) -> Fold:
        if isinstance(event, Checkpoint):
            return Fold(book=book_of(event), limits=event.limits)
        limits = event.limits if isinstance(event, LimitsSet) else self.limits
        return replace(self, book=apply(self.book, event, recorded_at_ns), limits=limits)

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(book=_BOOK.dump_json(self.book).decode(), limits=dict(self.limits))

    def is_told_by(self, checkpoint: Checkpoint) -> bool:
        """Whether it holds this very state, to the last digit and in this order."""
        held = Fold(book=book_of(checkpoint), limits=checkpoint.limits)
        return held.checkpoint() == self.checkpoint()


def after(events: Iterable[tuple[int, Message]]) -> Checkpoint:
    """The checkpoint after these (recorded at, message); they may begin with an earlier one."""
    fold = Fold()
    for recorded_at_ns, event in events:
        fold = fold.after(recorded_at_ns, event)
    return fold.checkpoint()


def book_of(checkpoint: Checkpoint) -> Book:
    """The book it holds. Raises StoreError for one another program made."""
    try:
        return _BOOK.validate_json(checkpoint.book)
    except ValidationError as error:
        raise StoreError(
            f"the journal's checkpoint cannot be understood: {error.errors(include_url=False)[:2]}"
        ) from error
