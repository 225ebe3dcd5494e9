"""A law is demanded by name; broken, it ends the story."""

from __future__ import annotations


class Broken(AssertionError):
    """An invariant does not hold; `law` is its name."""

    def __init__(self, law: str, text: str) -> None:
        super().__init__(f"{law}: {text}")
        self.law = law


def demand(holds: bool, law: str, text: str) -> None:
    if not holds:
        raise Broken(law, text)
