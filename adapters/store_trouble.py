"""What went wrong with a store, in our words, with what to do about it."""

from __future__ import annotations

from pathlib import Path

from engine.errors import StoreError


def store_error(path: Path, error: Exception) -> StoreError:
    """`error` as ours, with what to do about it."""
    if isinstance(error, StoreError):
        return error
    return StoreError(f"{path}: {error}; {_remedy(str(error))}")


def make_folder(folder: Path) -> None:
    """The folder of a store. Raises StoreError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} can't be made: {error.strerror}; check its owner and free space") from error


def _remedy(text: str) -> str:
    if "full" in text:
        return "free space on this disk: nothing recorded was lost, and what still runs goes on by itself"
    if "readonly" in text or "unable to open" in text:
        return "give this user write access to the folder and the file"
    if "malformed" in text or "not a database" in text or "decode" in text:
        return "keep the file for inspection and restore a backup"
    if "locked" in text:
        return "another program holds it; end that one"
    return "check the disk; nothing recorded was lost"
