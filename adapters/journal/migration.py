"""Numbered changes of a store's schema, up and down, in one transaction with the version number."""

from __future__ import annotations

import re
import sqlite3
from importlib.resources import files
from pathlib import Path

from adapters.store_trouble import store_error
from adapters.writer_lock import WriterLock
from engine.errors import StoreError

FOLDER = "adapters.journal.schema"
_NAME = re.compile(r"(\d{4})_\w+\.(up|down)\.sql")


def newest_version() -> int:
    """The version this program knows."""
    return max(_steps("up"))


def version_of(connection: sqlite3.Connection) -> int:
    """The version of an open store; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_version(connection: sqlite3.Connection) -> None:
    """Raises StoreError for a store of a newer program, or an older one that was not migrated."""
    found, known = version_of(connection), newest_version()
    if found > known:
        raise StoreError(
            f"the journal has schema version {found}, this program knows {known}: it was written by a newer one; "
            "run that one, or migrate the journal down with it"
        )
    if found < known:
        raise StoreError(
            f"the journal has schema version {found}, {known} is needed: `predator migrate-journal` or the next start "
            "brings it there"
        )


def migrate(connection: sqlite3.Connection, target: int | None = None) -> None:
    """Bring the store to `target` (the newest when None), wholly or not at all. Raises StoreError for a newer store."""
    wanted = newest_version() if target is None else target
    found = version_of(connection)
    if found > newest_version():
        check_version(connection)
    if found != wanted:
        _run(connection, _way(found, wanted), wanted)


def bring_forward(store: Path) -> None:
    """An older store to the newest version, before it is read; a newest one is not touched. Raises StoreError."""
    try:
        connection = sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True)
        try:
            found = version_of(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise store_error(store, error) from error
    if found < newest_version():
        migrate_file(store, newest_version())


def migrate_file(store: Path, target: int) -> int:
    """Bring a store that nobody writes to `target`; the version it had. Raises StoreError."""
    lock = WriterLock(store)
    try:
        connection = sqlite3.connect(store, isolation_level=None)
        try:
            before = version_of(connection)
            migrate(connection, target)
            return before
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise store_error(store, error) from error
    finally:
        lock.release()


def _steps(direction: str) -> dict[int, str]:
    """Version -> script; an up script leads to its number, a down script away from it."""
    found = {}
    for file in files(FOLDER).iterdir():
        matched = _NAME.fullmatch(file.name)
        if matched and matched[2] == direction:
            found[int(matched[1])] = file.read_text(encoding="utf-8")
    return found


def _way(found: int, wanted: int) -> str:
    """The scripts from one version to another, in order."""
    if found < wanted:
        return "\n".join(_steps("up")[version] for version in range(found + 1, wanted + 1))
    return "\n".join(_steps("down")[version] for version in range(found, wanted, -1))


def _run(connection: sqlite3.Connection, script: str, version: int) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {version};\nCOMMIT;")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.rollback()
        raise StoreError(f"the journal could not be migrated to version {version}: {error}; it is unchanged") from error
