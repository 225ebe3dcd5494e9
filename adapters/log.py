"""The log of one process: two files in the instance's log folder, rotated, without a secret in them.

`ROLE.log` is for people. `ROLE-exchange.log` holds every request, answer and error of the exchange. Nothing goes to the
terminal. A traceback shows no values of variables, and is redacted like any other text.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from adapters.redaction import redact, register_secret

if TYPE_CHECKING:
    from loguru import Record

EXCHANGE = "exchange"
ROTATION = "50 MB"
KEPT = 10


def start_logging(folder: Path, role: str, *, secrets: Iterable[str] = (), level: str = "INFO") -> None:
    """Send this process's log to `folder`. `secrets` never appear in it, whatever is logged."""
    register_secret(*secrets)
    logger.remove()
    _add(folder / f"{role}.log", level, is_exchange=False)
    _add(folder / f"{role}-{EXCHANGE}.log", "DEBUG", is_exchange=True)


def _add(file: Path, level: str, *, is_exchange: bool) -> None:
    logger.add(
        file,
        level=level,
        filter=lambda record: (record["extra"].get("channel") == EXCHANGE) is is_exchange,
        format=_line,
        rotation=ROTATION,
        retention=KEPT,
        backtrace=False,
        diagnose=False,
        delay=True,  # no empty files for those who have nothing to say
        catch=True,  # a full disk must not end trading; the journal's own failure does
    )


def _line(record: Record) -> str:
    """loguru's template for this record; the text itself travels in `extra` so that nothing in it is a template."""
    text = _text(record)
    record["extra"]["line"] = text if record["extra"].get("is_redacted") else redact(text)
    return "{extra[line]}\n"


def _text(record: Record) -> str:
    head = f"{record['time']:YYYY-MM-DD HH:mm:ss.SSS} {record['level'].name:<7} {record['message']}"
    caught = record["exception"]
    if caught is None:
        return head
    shown = traceback.format_exception(caught.type, caught.value, caught.traceback)
    return f"{head}\n{''.join(shown).rstrip()}"
